#if RabbitMQ
    import Messaging

    /// Groups that came when their stream had messages are read from their past on.
    extension ConsumerChannel {
        var pasts: [Feed] {
            taps.filter { tap in
                tap.role == .messages && tap.queue != tap.feed.queue && !taps.contains { $0.queue == tap.feed.queue }
            }.map(\.feed)
        }

        /// Goes on to a group's own queue once its past is read.
        func followPasts() {
            let isNeeded = pasts.contains { !$0.isOrdered }
            guard isNeeded, following == nil, !isOver else { return }
            following = Task { [weak self] in
                while !Task.isCancelled {
                    do { try await SystemTime.shared.sleep(for: .milliseconds(50)) } catch { return }
                    guard let self, await self.goOnFromPasts() else { return }
                }
            }
        }

        /// Whether there is a past that is not read.
        private func goOnFromPasts() async -> Bool {
            for feed in pasts where !feed.isOrdered {
                guard let broker, let connection, isLive, !isOver else { return false }
                guard let past = feed.past, let group = feed.group, let destination = feed.destination else { continue }
                let ticket = StreamNames(destination.topic).ticket(group)
                do {
                    if try await broker.exists(.findQueue(ticket), over: connection) { continue }
                    if try await broker.perform([.findQueue(past)], over: connection)?.messages != 0 { continue }
                    if isLive, !isOver { try await consume(feed.queue, of: feed, share, over: connection) }
                } catch {
                    return false
                }
            }
            if pasts.contains(where: { !$0.isOrdered }) { return true }
            following = nil
            return false
        }

        /// The end of a past has come: of an ordered group, who has it, and nobody else, receives by its own queue.
        func meetMarker(_ marker: String, _ deliver: ServerMethod.Deliver, _ head: ContentHead, _ tap: Tap?) {
            guard let core, let tap else { return }
            if marker.hasPrefix(EndMarker.prefix) {
                let other = String(marker.dropFirst(EndMarker.prefix.count))
                if other == member { return meetOwnEnd(deliver, head) }
                return meetEnd(of: other, deliver, head, isOrdered: tap.feed.isOrdered)
            }
            guard marker == PastTicket.end, tap.feed.isOrdered, tap.queue != tap.feed.queue, let connection else {
                return core.passOver(deliver.tag)
            }
            let isFirst = !taps.contains { $0.queue == tap.feed.queue }
            let epoch = core.epoch
            holding = Task { [weak self] in
                if isFirst { await self?.consumeOwn(of: tap.feed, over: connection) }
                // Held for too long it would end the channel.
                guard let broker = await self?.broker else { return }
                do {
                    try await broker.time.sleep(for: broker.configuration.consumerTimeout / 4)
                    try await broker.publishMarker(PastTicket.end, to: tap.queue)
                } catch { return }
                core.passOver(deliver.tag, of: epoch)
            }
        }

        private func consumeOwn(of feed: Feed, over connection: AMQPConnection) async {
            try? await consume(feed.queue, of: feed, share, over: connection)
        }
    }
#endif
