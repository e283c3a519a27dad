#if RabbitMQ
    import Messaging

    /// What a consumer shares between those who call it and the loop of its channel.
    final class ConsumerCore: Sendable {
        struct State: Sendable {
            var window = DeliveryWindow()
            var waiter: Waiter<Void>?
            /// Why nothing is received any more.
            var end: BrokerError?
            /// Why nothing can be settled any more, either.
            var isGone = false
            var accepted: [UInt64] = []
            var others: [AckWindow.Frame] = []
            var isScheduled = false
            var holdAlarm: Alarm?
            var gaps = 0
            var filtered = 0
            /// How many deliveries went back.
            var returns = 0
            /// When the last retry is due.
            var due: Timestamp?
            /// Settlements that publish copies, by number.
            var copying: [Int: Task<[BrokerError?], Never>] = [:]
            var lastCopying = 0

            /// What is not handed out goes back, and is returned.
            mutating func giveBack() -> [DeliveryWindow.Pending] {
                let returned = window.giveBack()
                others += returned.map { .giveBack($0.tag) }
                return returned
            }
        }

        let subscription: Subscription
        let isAcknowledged: Bool
        let time: any TimeSource
        let channel: ConsumerChannel
        /// Publishes copies for retries and forwards, confirmed.
        let copier: any Copier
        let state = Lock(State())
        /// What went back unseen, and the queue that it went to.
        let unseen: UnseenReturns
        let queue: String

        init(
            _ subscription: Subscription, _ channel: ConsumerChannel, of queue: String, _ copier: any Copier,
            _ unseen: UnseenReturns, on time: any TimeSource
        ) {
            self.subscription = subscription
            self.channel = channel
            self.queue = queue
            self.copier = copier
            self.unseen = unseen
            self.time = time
            isAcknowledged = subscription.kind != .pubSub
        }

        // MARK: receiving

        func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
            if Task.isCancelled { throw Self.cancelled }
            let end = time.deadline(after: wait)
            while true {
                let waiter = Waiter<Void>()
                let (deliveries, due) = try look(upTo: max(1, limit), waiter)
                if !deliveries.isEmpty { return deliveries }
                if time.uptime >= end { return [] }
                let wakes = due.map { min(end, time.uptime + max(.zero, $0 - time.now)) } ?? end
                let outcome = await waiter.wait(until: wakes, on: time)
                state.withLock { if $0.waiter === waiter { $0.waiter = nil } }
                if case .cancelled = outcome { throw Self.cancelled }
            }
        }

        private static let cancelled = BrokerError(.cancelled, "the task that received was cancelled", during: .receive)

        private func look(
            upTo limit: Int, _ waiter: Waiter<Void>
        ) throws(BrokerError) -> ([Delivery], due: Timestamp?) {
            let (now, uptime) = (time.now, time.uptime)
            var stale: [DeliveryWindow.Pending] = []
            let result: Result<([Delivery], due: Timestamp?), BrokerError> = state.withLock { state in
                if let end = state.end { return .failure(end.during(.receive)) }
                let room = isAcknowledged ? max(0, subscription.window - state.window.heldCount) : limit
                let found = state.window.take(
                    upTo: min(limit, room), ofAtMost: subscription.windowBytes, at: now, uptime: uptime,
                    holdingUntil: uptime + subscription.maxHold,
                    lease: isAcknowledged ? channel.lease : .seconds(1 << 40))
                // The server dead-letters what is rejected, where it is to, and drops it where it is not.
                state.others += found.expired.map { .reject($0) } + found.stale.map { .giveBack($0.tag) }
                stale = found.stale
                if !isAcknowledged {
                    for delivery in found.deliveries {
                        if let tag = state.window.settle(delivery.receipt) { state.accepted.append(tag) }
                    }
                }
                if found.deliveries.isEmpty { state.waiter = waiter }
                return .success((found.deliveries, found.due))
            }
            let found = try result.get()
            unseen.note(stale, to: queue)
            flushSoon()
            if !found.0.isEmpty, isAcknowledged { watchHolds() }
            return found
        }

        /// One alarm, for the hold that ends first.
        private func watchHolds() {
            state.withLock { state in
                guard state.holdAlarm == nil, let end = state.window.nextEnd() else { return }
                state.holdAlarm = time.alarm(at: end) { [weak self] in self?.endHolds() }
            }
        }

        private func endHolds() {
            let uptime = time.uptime
            state.withLock { state in
                state.holdAlarm = nil
                state.others += state.window.expire(at: uptime).map { .giveBack($0) }
            }
            flushSoon()
            watchHolds()
        }

        // MARK: settling

        func holds(_ receipt: Receipt) -> Bool {
            state.withLock { isAcknowledged ? $0.window.holds(receipt) : $0.end == nil }
        }

        func accept(_ receipt: Receipt) -> SettlementOutcome {
            if !isAcknowledged { return state.withLock { $0.isGone ? .stale : .settled } }
            let isHeld = state.withLock { state in
                guard let tag = state.window.settle(receipt) else { return false }
                state.accepted.append(tag)
                return true
            }
            if isHeld { flushSoon() }
            return isHeld ? .settled : .stale
        }

        /// Accepts up to the first that is settled otherwise; most calls are that alone.
        private func acceptFirst(of settlements: [ReceiptSettlement]) -> [SettlementOutcome] {
            let outcomes = state.withLock { state in
                var outcomes: [SettlementOutcome] = []
                outcomes.reserveCapacity(settlements.count)
                for settlement in settlements {
                    guard case .accept = settlement.settlement else { break }
                    if let tag = state.window.settle(settlement.receipt) {
                        state.accepted.append(tag)
                        outcomes.append(.settled)
                    } else {
                        outcomes.append(.stale)
                    }
                }
                return outcomes
            }
            flushSoon()
            return outcomes
        }

        func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
            var outcomes = isAcknowledged ? acceptFirst(of: settlements) : []
            if outcomes.count == settlements.count { return outcomes }
            var copies: [(place: Int, held: DeliveryWindow.Held, outgoing: [CopyOrder])] = []
            for (place, settlement) in settlements.enumerated().dropFirst(outcomes.count) {
                let receipt = settlement.receipt
                switch settlement.settlement {
                case .accept: outcomes.append(accept(receipt))
                case .release: outcomes.append(finish(receipt) { .giveBack($0) })
                case .discard: outcomes.append(finish(receipt) { .reject($0) })
                case .retry(let delay, _):
                    outcomes.append(.stale)
                    guard let held = claim(receipt) else { break }
                    switch copier.retry(held, after: delay, subscription) {
                    case .success(let order):
                        state.withLock { $0.due = [$0.due, order.posting.due].compactMap(\.self).max() }
                        copies.append((place, held, [order]))
                    case .failure(let error):
                        state.withLock { $0.window.release(receipt) }
                        outcomes[place] = .failed(error.during(.settle))
                    }
                case .forward(let outgoing):
                    outcomes.append(.stale)
                    guard let held = claim(receipt) else { break }
                    copies.append(
                        (place, held, outgoing.map { CopyOrder($0.message, to: .destination($0.destination)) }))
                }
            }
            if copies.isEmpty { return outcomes }
            let results = await publish(copies.map(\.outgoing))
            for (copy, failure) in zip(copies, results) {
                let receipt = settlements[copy.place].receipt
                guard let failure else {
                    outcomes[copy.place] = finishClaimed(receipt)
                    continue
                }
                state.withLock { $0.window.release(receipt) }
                outcomes[copy.place] = .failed(failure.during(.settle))
            }
            return outcomes
        }

        /// In a task of its own, which ends early where the originals are lost, and with nobody else: a settlement is done to its
        /// end, but what comes again needs no copy.
        private func publish(_ groups: [[CopyOrder]]) async -> [BrokerError?] {
            let work = Task { await copier.publish(groups) }
            let number = state.withLock { state in
                state.lastCopying += 1
                state.copying[state.lastCopying] = work
                return state.lastCopying
            }
            let results = await work.value
            state.withLock { $0.copying[number] = nil }
            return results.map { $0?.code == .cancelled ? Self.lost : $0 }
        }

        private static let lost = BrokerError(
            .notConnected, "the connection went before the copies were confirmed; the original comes again",
            during: .settle)

        private func claim(_ receipt: Receipt) -> DeliveryWindow.Held? {
            isAcknowledged ? state.withLock { $0.window.claim(receipt) } : nil
        }

        private func finish(_ receipt: Receipt, _ frame: (UInt64) -> AckWindow.Frame) -> SettlementOutcome {
            if !isAcknowledged { return accept(receipt) }
            let isHeld = state.withLock { state in
                guard let tag = state.window.settle(receipt) else { return false }
                state.others.append(frame(tag))
                return true
            }
            if isHeld { flushSoon() }
            return isHeld ? .settled : .stale
        }

        /// The copies are confirmed: now it is accepted. Where its channel went meanwhile it comes again, and says so.
        private func finishClaimed(_ receipt: Receipt) -> SettlementOutcome {
            let isHeld = state.withLock { state in
                guard let tag = state.window.finish(receipt) else { return false }
                state.accepted.append(tag)
                return true
            }
            if isHeld { flushSoon() }
            return isHeld ? .settled : .failed(Self.lost)
        }

        func flushSoon() {
            let isFirst = state.withLock { state in
                if state.isScheduled || state.accepted.isEmpty && state.others.isEmpty { return false }
                state.isScheduled = true
                return true
            }
            if isFirst { channel.flushSoon() }
        }
    }
#endif
