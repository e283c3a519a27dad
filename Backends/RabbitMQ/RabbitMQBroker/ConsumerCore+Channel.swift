#if RabbitMQ
    import Messaging

    /// The channel's side.
    extension ConsumerCore {
        /// What is to be written, which then is not here any more.
        func takeSettled() -> (accepted: [UInt64], others: [AckWindow.Frame]) {
            state.withLock { state in
                state.isScheduled = false
                state.returns += state.others.count
                defer { (state.accepted, state.others) = ([], []) }
                return (state.accepted, state.others)
            }
        }

        /// Takes deliveries in. Those that are over what may wait here go back; their places.
        func arrive(_ arrived: inout [DeliveryWindow.Pending]) -> [Int] {
            let (now, uptime) = (time.now, time.coarseUptime)
            for place in arrived.indices {
                arrived[place].arrived = uptime
                guard isAcknowledged, arrived[place].tries.returns > 0 else { continue }
                let id = arrived[place].incoming.head.message.id
                arrived[place].tries = unseen.known(arrived[place].tries, of: id, in: queue)
            }
            let most = subscription.windowBytes + Self.slack
            var refused: [Int] = []
            var returned: [DeliveryWindow.Pending] = []
            let waiter: Waiter<Void>? = state.withLock { state in
                let isOver = state.isGone || state.end != nil && !channel.keepsOrder
                for place in arrived.indices {
                    let waiting = state.window.waitingBytes
                    let isFull = waiting > 0 && arrived[place].size > most - waiting
                    if !isOver, !isFull {
                        state.window.arrive(arrived[place], at: now)
                        continue
                    }
                    // It stopped while this was on its way, or the messages are larger than they were.
                    if !state.isGone { state.others.append(.giveBack(arrived[place].tag)) }
                    if isFull { refused.append(place) }
                    returned.append(arrived[place])
                }
                if returned.count == arrived.count { return nil }
                defer { state.waiter = nil }
                return state.waiter
            }
            unseen.note(returned, to: queue)
            if let waiter { waiter.resolve(()) }
            if waiter == nil || !returned.isEmpty { flushSoon() }
            return refused
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
#endif
