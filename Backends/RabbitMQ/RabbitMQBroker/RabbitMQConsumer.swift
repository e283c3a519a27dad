#if RabbitMQ
    import EventLoop
    import Messaging

    /// A consumer of RabbitMQ: receives from its window, settles through its channel. Letting go of it cancels it.
    final class RabbitMQConsumer: MessageConsumer {
        private let core: ConsumerCore

        init(_ core: ConsumerCore) { self.core = core }

        deinit { core.abandon() }

        func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
            try await core.receive(upTo: limit, within: wait)
        }

        func holds(_ receipt: Receipt) -> Bool { core.holds(receipt) }

        func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] { await core.settle(settlements) }

        func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
            if case .accept = settlement { return core.accept(receipt) }
            return await core.settle([ReceiptSettlement(receipt, settlement)])[0]
        }

        func stop() async { await core.stop() }

        func cancel() async { await core.cancel(because: .ended(.cancelled, "this consumer was cancelled")) }
    }

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
        private let time: any TimeSource
        private let channel: ConsumerChannel
        /// Publishes copies for retries and forwards, confirmed.
        private let copier: any Copier
        let state = Lock(State())
        /// What went back unseen, and the queue that it went to.
        private let unseen: UnseenReturns
        private let queue: String

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
                        _ = state.window.claim(delivery.receipt)
                        if let tag = state.window.finish(delivery.receipt) { state.accepted.append(tag) }
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
                guard state.window.claim(receipt) != nil, let tag = state.window.finish(receipt) else { return false }
                state.accepted.append(tag)
                return true
            }
            if isHeld { flushSoon() }
            return isHeld ? .settled : .stale
        }

        func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
            var outcomes: [SettlementOutcome] = []
            var copies: [(place: Int, held: DeliveryWindow.Held, outgoing: [CopyOrder])] = []
            for (place, settlement) in settlements.enumerated() {
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
                guard state.window.claim(receipt) != nil, let tag = state.window.finish(receipt) else { return false }
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

        private func flushSoon() {
            let isFirst = state.withLock { state in
                if state.isScheduled || state.accepted.isEmpty && state.others.isEmpty { return false }
                state.isScheduled = true
                return true
            }
            if isFirst { channel.flushSoon() }
        }

        // MARK: the channel's side

        /// What is to be written, which then is not here any more.
        func takeSettled() -> (accepted: [UInt64], others: [AckWindow.Frame]) {
            state.withLock { state in
                state.isScheduled = false
                state.returns += state.others.count
                defer { (state.accepted, state.others) = ([], []) }
                return (state.accepted, state.others)
            }
        }

        /// Takes a delivery in. One that is over what may wait here goes back; false then.
        func arrive(_ arrived: DeliveryWindow.Pending) -> Bool {
            let now = time.now
            var pending = arrived
            pending.arrived = time.coarseUptime
            if isAcknowledged { pending.tries = unseen.known(arrived.tries, of: arrived.message.id, in: queue) }
            let most = subscription.windowBytes + Self.slack
            var (isTaken, isReturned) = (true, false)
            let waiter: Waiter<Void>? = state.withLock { state in
                let isFull =
                    state.window.waitingBytes > 0 && pending.message.byteCount > most - state.window.waitingBytes
                if state.isGone || state.end != nil && !channel.keepsOrder || isFull {
                    // It stopped while this was on its way, or the messages are larger than they were.
                    if !state.isGone { state.others.append(.giveBack(pending.tag)) }
                    (isTaken, isReturned) = (!isFull, true)
                    return nil
                }
                state.window.arrive(pending, at: now)
                defer { state.waiter = nil }
                return state.waiter
            }
            if isReturned { unseen.note([pending], to: queue) }
            if let waiter { waiter.resolve(()) } else { flushSoon() }
            return isTaken
        }

        /// How many bytes may wait to be handed out beyond those that may be held.
        private static let slack = 4 << 20

        /// What is not handed out goes back.
        func giveBack() {
            let returned = state.withLock { $0.giveBack() }
            unseen.note(returned, to: queue)
            flushSoon()
        }

        /// The channel is gone, and with it what came by it.
        func lose() {
            let returned = state.withLock { state in
                let returned = state.giveBack()
                state.window.lose()
                (state.accepted, state.others) = ([], [])
                for work in state.copying.values { work.cancel() }
                return returned
            }
            unseen.note(returned, to: queue)
        }

        /// Which channel it is by now: tags of others mean nothing.
        var epoch: UInt32 { state.withLock { $0.window.epoch } }

        /// Accepts what nobody is to see: a marker, or what the group's filter does not let through.
        func passOver(_ tag: UInt64, of epoch: UInt32? = nil, isFiltered: Bool = false) {
            state.withLock { state in
                guard epoch == nil || epoch == state.window.epoch else { return }
                state.accepted.append(tag)
                if isFiltered { state.filtered += 1 }
            }
            flushSoon()
        }

        /// Gives back a marker that is not for this consumer.
        func giveBack(_ tag: UInt64, of epoch: UInt32) {
            state.withLock { state in
                guard epoch == state.window.epoch else { return }
                state.others.append(.giveBack(tag))
                state.returns -= 1
            }
            flushSoon()
        }

        /// Whether something is not settled that came before this tag, or, where that is asked, that was handed out before.
        func hasOpen(before tag: UInt64, orReturned: Bool) -> Bool {
            state.withLock { state in
                state.window.hasOpen(before: tag, orReturned: orReturned) || state.accepted.contains { $0 < tag }
            }
        }

        func answer(of member: String) -> MemberAnswer {
            state.withLock { MemberAnswer(member: member, returns: $0.returns, due: $0.due) }
        }

        func countGap() { state.withLock { $0.gaps += 1 } }

        /// Nothing is received any more; where `isGone`, nothing is settled either.
        func end(because error: BrokerError, isGone: Bool) {
            let (waiter, alarm, returned): (Waiter<Void>?, Alarm?, _) = state.withLock { state in
                if state.end == nil || isGone && !state.isGone { state.end = error }
                // The end of the channel gives back by itself. Said before, it would bring them once more, unseen.
                // Where order is kept, what is behind the held ones goes back with them.
                let returned = isGone ? state.window.giveBack() : channel.keepsOrder ? [] : state.giveBack()
                if isGone {
                    state.isGone = true
                    state.window.lose()
                }
                defer { (state.waiter, state.holdAlarm) = (nil, isGone ? nil : state.holdAlarm) }
                return (state.waiter, isGone ? state.holdAlarm : nil, returned)
            }
            unseen.note(returned, to: queue)
            if let alarm { time.silence(alarm) }
            waiter?.resolve(())
            flushSoon()
        }

        // MARK: the end

        func stop() async {
            await channel.stop()
            end(because: .ended(.stopped, "this consumer was stopped"), isGone: false)
            await channel.flush()
        }

        func cancel(because error: BrokerError) async {
            await channel.flush()
            end(because: error, isGone: true)
            await channel.leave()
        }

        /// Nobody refers to the consumer any more.
        func abandon() { channel.abandon(self) }
    }

    /// A copy that is to be published: for a retry, or because a settlement forwards it.
    struct CopyOrder: Sendable {
        enum Target: Sendable {
            case destination(Destination)
            /// A queue by its name on the server.
            case queue(String)
        }

        let message: Message
        let target: Target
        var posting = Posting()

        init(_ message: Message, to target: Target, _ posting: Posting = Posting()) {
            self.message = message
            self.target = target
            self.posting = posting
        }
    }

    /// Publishes copies for settlements: the broker.
    protocol Copier: Sendable {
        /// The copy for a retry, or why there is none.
        func retry(
            _ held: DeliveryWindow.Held, after delay: Duration, _ subscription: Subscription
        ) -> Result<CopyOrder, BrokerError>
        /// Publishes each group of copies; for each nil once all of it is confirmed, else why not.
        func publish(_ groups: [[CopyOrder]]) async -> [BrokerError?]
    }
#endif
