#if RabbitMQ
    import EventLoop
    import Messaging

    /// What a member of a group says when it is asked: that it has nothing any more of what it had when the question came.
    struct MemberAnswer: Sendable, Hashable {
        let member: String
        /// How many deliveries it has given back so far: they come again, to whomever.
        let returns: Int
        /// When the last retry that it has made is due.
        let due: Timestamp?
    }

    /// Finds the end of a subscription until the end: when its group has settled everything that was there when it began.
    ///
    /// The server says how many messages wait in a queue and not how many are held, nor by whom. So a marker is published to
    /// the group's queue, behind everything; once it has come out, all before it was handed to somebody. Then each member is
    /// asked, by as many questions as there are consumers of the group's queue of members, each of which takes one, and answers
    /// when nothing is left of what it had. Members that die, deliveries that are given back and retries that are due later
    /// change the answers, so it is asked again until two rounds say the same.
    ///
    /// A value: which rounds are enough is decided here.
    struct EndSearch: Sendable {
        /// One round: when its marker was published, and what the members answered.
        struct Round: Sendable {
            let marked: Timestamp
            let answers: Set<MemberAnswer>
        }

        /// How long the delay ladder may be late.
        static let slack = Duration.seconds(2)
        private var last: Round?

        /// Whether the end is reached, after one more round.
        mutating func isOver(after round: Round) -> Bool {
            defer { last = round }
            guard let last, last.answers == round.answers else { return false }
            return round.answers.allSatisfy { answer in answer.due.map { $0 + Self.slack < last.marked } ?? true }
        }

        /// Before this moment another round finds nothing else.
        func notBefore(_ round: Round) -> Timestamp? {
            round.answers.compactMap(\.due).max().map { $0 + Self.slack }.flatMap { $0 < round.marked ? nil : $0 }
        }
    }

    /// The words of questions and answers, which are markers.
    enum EndMarker {
        static let (question, answer, seen) = ("end.question", "end.answer", "end.seen")
        /// Begins the marker in the group's queue, of this member.
        static func end(of member: String) -> String { "end.of.\(member)" }
        static let prefix = "end.of."
        static let replyTo: HeaderName = "reply-to"
        static let round: HeaderName = "round"
        static let member: HeaderName = "member"
        static let returns: HeaderName = "returns"
        static let due: HeaderName = "due"
    }

    extension MemberAnswer {
        var fields: [(HeaderName, String)] {
            [(EndMarker.member, member), (EndMarker.returns, String(returns))]
                + (due.map { [(EndMarker.due, String($0.milliseconds))] } ?? [])
        }

        init?(_ headers: Headers) {
            guard let member = headers[EndMarker.member], let returns = headers[EndMarker.returns].flatMap({ Int($0) })
            else { return nil }
            self.member = member
            self.returns = returns
            due = headers[EndMarker.due].flatMap { Int64($0) }.map(Timestamp.init(milliseconds:))
        }
    }

    extension ConsumerChannel {
        // MARK: as one who is asked

        /// Takes a question, and answers when nothing is left of what came before it.
        func meetQuestion(_ deliver: ServerMethod.Deliver, _ head: ContentHead) {
            guard let core, let broker, let address = head.message.headers[EndMarker.replyTo],
                let round = head.message.headers[EndMarker.round]
            else { core?.passOver(deliver.tag); return }
            answering?.cancel()
            // Who asks has waited for its own, and may hold what came behind the end.
            let (isOwn, epoch) = (round == asking.round, core.epoch)
            answering = Task { [weak self, member] in
                while !isOwn, core.hasOpen(before: deliver.tag, orReturned: false) {
                    do { try await broker.time.sleep(for: .milliseconds(5)) } catch { return }
                }
                let answer = core.answer(of: member)
                let fields = answer.fields + [(EndMarker.round, round)]
                try? await broker.publishMarker(EndMarker.answer, to: address, saying: fields)
                core.passOver(deliver.tag, of: epoch)
                withExtendedLifetime(self) {}
            }
        }

        /// The marker of another member: an ordered group has one who receives, so it tells the other; else the other gets it.
        func meetEnd(of other: String, _ deliver: ServerMethod.Deliver, _ head: ContentHead, isOrdered: Bool) {
            guard let core, let broker else { return }
            let epoch = core.epoch
            handing = Task {
                if isOrdered, let address = head.message.headers[EndMarker.replyTo],
                    let round = head.message.headers[EndMarker.round]
                {
                    while core.hasOpen(before: deliver.tag, orReturned: false) {
                        do { try await broker.time.sleep(for: .milliseconds(5)) } catch { return }
                    }
                    try? await broker.publishMarker(EndMarker.seen, to: address, saying: [(EndMarker.round, round)])
                    core.passOver(deliver.tag, of: epoch)
                } else {
                    do { try await broker.time.sleep(for: .milliseconds(20)) } catch { return }
                    core.giveBack(deliver.tag, of: epoch)
                }
            }
        }

        // MARK: as one who asks

        /// Marks the end as it is, and asks round after round until it is reached; then the consumer ends.
        func searchEnd(of feed: Feed, replies address: String) async throws(BrokerError) {
            searching?.cancel()
            guard let broker, let connection else { return }
            endTag = nil
            let first = try await beginRound(feed, address, broker, over: connection)
            searching = Task { [weak self] in
                var search = EndSearch()
                var begun: (marked: Timestamp, count: Int)? = first
                while !Task.isCancelled {
                    guard let self, let broker = await self.broker else { return }
                    guard let round = await self.round(begun, feed, address, broker) else {
                        (search, begun) = (EndSearch(), nil)
                        do { try await broker.time.sleep(for: .milliseconds(100)) } catch { return }
                        continue
                    }
                    begun = nil
                    if search.isOver(after: round) { return await self.reachEnd() }
                    if let moment = search.notBefore(round) {
                        do { try await broker.time.sleep(for: max(.zero, moment - broker.time.now)) } catch { return }
                    }
                }
            }
        }

        /// Counts the members and publishes a marker behind what is there.
        private func beginRound(
            _ feed: Feed, _ address: String, _ broker: RabbitMQBroker, over connection: AMQPConnection
        ) async throws(BrokerError) -> (marked: Timestamp, count: Int) {
            guard let destination = feed.destination, let group = feed.group else { return (broker.time.now, 0) }
            let members = StreamNames(destination.topic).members(group)
            let count = try await broker.perform([.findQueue(members)], over: connection)?.consumers ?? 0
            asking = Asking(round: MessageID().description)
            let marked = broker.time.now
            try await broker.publishMarker(
                EndMarker.end(of: member), to: feed.queue,
                saying: [(EndMarker.replyTo, address), (EndMarker.round, asking.round)])
            return (marked, count)
        }

        /// One round, which may have begun; nil where it came to nothing.
        private func round(
            _ begun: (marked: Timestamp, count: Int)?, _ feed: Feed, _ address: String, _ broker: RabbitMQBroker
        ) async -> EndSearch.Round? {
            guard let destination = feed.destination, let group = feed.group, let connection, let core else {
                return nil
            }
            let members = StreamNames(destination.topic).members(group)
            do {
                var begun = begun
                if begun == nil { begun = try await beginRound(feed, address, broker, over: connection) }
                guard let (marked, count) = begun, try await isTrue({ $0.isMarked }) else { return nil }
                let tag = endTag ?? .max
                guard try await isTrue({ _ in !core.hasOpen(before: tag, orReturned: true) }) else { return nil }
                for _ in 0..<count {
                    try await broker.publishMarker(
                        EndMarker.question, to: members,
                        saying: [(EndMarker.replyTo, address), (EndMarker.round, asking.round)])
                }
                // A member that answers twice has taken the question of one that has died.
                guard try await isTrue({ $0.answerCount >= count }), asking.answers.count == count else { return nil }
                let after = try await broker.perform([.findQueue(members)], over: connection)?.consumers
                return after == count ? EndSearch.Round(marked: marked, answers: asking.answers) : nil
            } catch {
                return nil
            }
        }

        /// Waits until something is so; false when the connection went, or it was cancelled. Every ten seconds, so that a
        /// question that died with a member is asked again.
        private func isTrue(_ condition: (Asking) -> Bool) async throws(BrokerError) -> Bool {
            guard let broker else { return false }
            let (round, end) = (asking.round, broker.time.deadline(after: .seconds(10)))
            while !condition(asking) {
                if Task.isCancelled || asking.round != round || broker.time.uptime >= end { return false }
                do { try await broker.time.sleep(for: .milliseconds(3)) } catch { return false }
            }
            return true
        }

        /// What comes by the queue of answers.
        func meetAnswer(_ head: ContentHead) {
            guard head.message.headers[EndMarker.round] == asking.round else { return }
            if head.marker == EndMarker.seen {
                asking.isMarked = true
                endTag = endTag ?? lastTag + 1
            }
            if head.marker == EndMarker.answer, let answer = MemberAnswer(head.message.headers) {
                asking.answers.insert(answer)
                asking.answerCount += 1
            }
        }

        /// Its own marker has come: what came before it came before it.
        func meetOwnEnd(_ deliver: ServerMethod.Deliver, _ head: ContentHead) {
            core?.passOver(deliver.tag)
            guard head.message.headers[EndMarker.round] == asking.round else { return }
            asking.isMarked = true
            endTag = endTag ?? deliver.tag
        }

        private func reachEnd() async {
            await stop()
            core?.end(because: .ended(.reachedEnd, "\(label) is settled up to its end"), isGone: false)
            flush()
        }
    }

    /// What a consumer has been told in the round that it asks.
    struct Asking: Sendable {
        var round = ""
        /// Whether its marker has come out of the group's queue.
        var isMarked = false
        var answers: Set<MemberAnswer> = []
        var answerCount = 0
    }
#endif
