#if RabbitMQ
    public import Messaging

    extension RabbitMQBroker {
        /// Returns when the server has confirmed every message: a quorum queue has it on the disks of most of its nodes.
        @discardableResult public func publish(
            _ messages: [Message], to destination: Destination, options: PublishOptions
        ) async throws(PublishFailure) -> PublishReceipt {
            if messages.isEmpty { return PublishReceipt() }
            if options.positions, destination.kind == .stream {
                return try await publishWithPositions(messages, to: destination, options: options)
            }
            let end = time.deadline(after: options.deadline)
            var outcomes = await outcomes(of: messages, to: destination, until: end, options.deadline)
            if !outcomes.isEmpty, waits(destination) {
                await publishWhatWasFull(messages, to: destination, until: end, options.deadline, &outcomes)
            }
            if !outcomes.isEmpty { throw PublishFailure(outcomes, of: messages.count) }
            return PublishReceipt()
        }

        /// The server does not say where a message stands: the log is read meanwhile.
        private func publishWithPositions(
            _ messages: [Message], to destination: Destination, options: PublishOptions
        ) async throws(PublishFailure) -> PublishReceipt {
            let end = time.deadline(after: options.deadline)
            let log = QueueReader(StreamNames(destination.topic).log, from: .next, of: self)
            do {
                try requireConnected(during: .publish)
                try await log.open(within: options.deadline)
            } catch {
                throw .refused(error, count: messages.count)
            }
            do throws(PublishFailure) {
                _ = try await publish(
                    messages, to: destination, options: PublishOptions(deadline: max(.zero, end - time.uptime)))
            } catch {
                await log.close()
                throw error
            }
            var offsets: [MessageID: UInt64] = [:]
            let ids = Set(messages.map(\.id))
            while offsets.count < ids.count, time.uptime < end {
                guard let entries = try? await log.read(upTo: 256, until: end) else { break }
                for entry in entries where ids.contains(entry.message.id) { offsets[entry.message.id] = entry.offset }
            }
            await log.close()
            return PublishReceipt(
                positions: messages.map { offsets[$0.id].map { Position(major: $0) } ?? .none })
        }

        /// Publishes once; what became of those that were not confirmed.
        private func outcomes(
            of messages: [Message], to destination: Destination, until end: Duration, _ deadline: Duration
        ) async -> [Int: PublishFailure.Outcome] {
            let call = PublishCall(messages)
            do throws(BrokerError) {
                try requireConnected(during: .publish)
                try await send(call, to: destination, until: end)
            } catch {
                call.giveUp(because: error.during(.publish))
            }
            switch await call.done.wait(until: end, on: time) {
            case .value: break
            case .timedOut: call.giveUp(because: timedOut(deadline))
            case .cancelled:
                call.giveUp(because: BrokerError(.cancelled, "the task that published was cancelled", during: .publish))
            }
            let outcomes = call.outcomes
            if outcomes.values.contains(where: { $0.error.code == .noSuchDestination }) {
                state.withLock { $0.known = [] }
            }
            return outcomes
        }

        /// Whether a full destination lets publish wait: the server only refuses, so what was refused is published again.
        private func waits(_ destination: Destination) -> Bool {
            state.withLock { state in
                state.declared[destination].map { $0.isBounded && $0.whenFull == .wait } ?? false
            }
        }

        private func publishWhatWasFull(
            _ messages: [Message], to destination: Destination, until end: Duration, _ deadline: Duration,
            _ outcomes: inout [Int: PublishFailure.Outcome]
        ) async {
            var pause = Duration.milliseconds(5)
            while true {
                let full = outcomes.filter { $0.value.isFull }.keys.sorted()
                if full.isEmpty { return }
                do { try await time.sleep(for: min(pause, max(.zero, end - time.uptime))) } catch {
                    let error = BrokerError(.cancelled, "the task that published was cancelled", during: .publish)
                    for index in full { outcomes[index] = .refused(error) }
                    return
                }
                if time.uptime >= end { return }
                pause = min(pause * 2, .milliseconds(200))
                let again = await self.outcomes(of: full.map { messages[$0] }, to: destination, until: end, deadline)
                for (place, index) in full.enumerated() { outcomes[index] = again[place] }
            }
        }

        /// The same for one message.
        @discardableResult public func publish(
            _ message: Message, to destination: Destination, options: PublishOptions
        ) async throws(PublishFailure) -> PublishReceipt {
            try await publish([message], to: destination, options: options)
        }

        private func timedOut(_ deadline: Duration) -> BrokerError {
            let (phase, reason) = state.withLock { ($0.phase, $0.reason) }
            if phase == .down {
                return BrokerError(
                    .notConnected, "there was no connection within \(deadline): \(reason ?? "it is being made")",
                    during: .publish)
            }
            return BrokerError(.timeout, "the server did not confirm within \(deadline)", during: .publish)
        }

        /// Encodes what can go out and puts it in line, piece by piece.
        private func send(
            _ call: PublishCall, to destination: Destination, until end: Duration
        ) async throws(BrokerError) {
            let plan = try await plan(for: destination, until: end)
            var room = try await room(for: call.messages.count, at: destination)
            var refusedKeys: Set<String?> = []
            var first = 0
            while first < call.messages.count {
                var writer = FrameWriter()
                var piece: (start: Int, route: PublishRoute)?
                var index = first
                while index < call.messages.count, writer.bytes.count < 262_144 {
                    let message = call.messages[index]
                    let now = time.now
                    if let refusal = refusal(of: message, plan, refusedKeys, at: now) {
                        if plan.isOrdered { refusedKeys.insert(message.key) }
                        call.answer(index, .refused(refusal))
                        if piece != nil { break }
                        index += 1
                        first = index
                        continue
                    }
                    if room <= 0 {
                        call.answer(index, .refused(.isFull(destination)))
                        if plan.isOrdered { refusedKeys.insert(message.key) }
                        if piece != nil { break }
                        index += 1
                        first = index
                        continue
                    }
                    let (route, posting) = try await route(of: message, plan, at: now)
                    if let piece, piece.route != route { break }
                    if let problem = encode(message, posting, route, at: now, &writer) {
                        call.answer(index, .refused(problem))
                        if plan.isOrdered { refusedKeys.insert(message.key) }
                        if piece != nil { break }
                        index += 1
                        first = index
                        continue
                    }
                    if piece == nil { piece = (index, route) }
                    room -= 1
                    index += 1
                }
                guard let piece else { continue }
                let chunk = PublishChunk(
                    call: call, indices: piece.start..<index, route: piece.route, bytes: writer.take())
                try await publisher.add(chunk, until: end, on: time)
                first = index
            }
        }

        private func refusal(
            of message: Message, _ plan: PublishPlan, _ refusedKeys: Set<String?>, at now: Timestamp
        ) -> BrokerError? {
            if plan.isOrdered, refusedKeys.contains(message.key) {
                return BrokerError(
                    .orderKept, "message \(message.id): an earlier message of its key was refused", during: .publish)
            }
            return limits.refusal(of: message, at: now)
                ?? capabilities.refusal(of: message, to: plan.destination, at: now) ?? WireHeader.refusal(of: message)
        }

        /// The frames of one message; why there are none where it cannot be written.
        func encode(
            _ message: Message, _ posting: Posting, _ route: PublishRoute, at now: Timestamp,
            _ writer: inout FrameWriter
        ) -> BrokerError? {
            guard let frame = frame(for: route) else {
                return BrokerError(
                    .invalidArgument, "\(route.label) has a name that is too long for AMQP; at most 255 bytes",
                    during: .publish)
            }
            writer.append(frame)
            writer.arena.reset()
            let properties = writer.arena.properties(of: message, posting, at: now)
            if writer.content(properties, message.body, on: Publisher.channel, frameSize: 131_072) { return nil }
            writer.removeLast(frame.count)
            return BrokerError(
                .tooLarge, "message \(message.id): its headers take more than the 128 KiB of a frame; shorten them",
                during: .publish)
        }

        private func frame(for route: PublishRoute) -> [UInt8]? {
            if let frame = state.withLock({ $0.frames[route] }) { return frame }
            guard let frame = route.frame() else { return nil }
            state.withLock { state in
                if state.frames.count >= 4_096 { state.frames = [:] }
                state.frames[route] = frame
            }
            return frame
        }

        /// How many messages a destination has room for, as far as it is bounded: a quorum queue notices that it is full only
        /// when it has one more, so it is asked first. Publishers that ask at once may exceed the bound by what each sends.
        private func room(for count: Int, at destination: Destination) async throws(BrokerError) -> Int {
            let most = state.withLock { $0.declared[destination]?.maximumMessages }
            guard let most, destination.kind != .pubSub else { return .max }
            let groups = state.withLock { $0.declared[destination]?.groups.keys.map { $0 as GroupName? } } ?? []
            var room = most
            for group in destination.kind == .queue ? [nil] : groups {
                let name = queueName(of: destination, group: group)
                let answer = try await perform([.findQueue(name)], over: try await admin())
                room = min(room, most - (answer?.messages ?? 0))
            }
            return room
        }

        // MARK: where it goes

        /// What is known of a destination that is published to.
        struct PublishPlan: Sendable {
            let direct: PublishRoute
            let destination: Destination
            let isOrdered: Bool
            /// How long a message waits in it, where it is a queue.
            let retention: Duration?
        }

        private func plan(
            for destination: Destination, until end: Duration
        ) async throws(BrokerError) -> PublishPlan {
            if let refusal = limits.refusal(of: destination.topic) { throw refusal }
            let declared = state.withLock { $0.declared[destination] }
            let name = destination.topic.name
            let direct =
                switch destination.kind {
                case .queue: PublishRoute(exchange: configuration.exchange, key: name)
                case .stream: PublishRoute(exchange: StreamNames(destination.topic).entry, key: name)
                case .pubSub: PublishRoute(exchange: pubSubExchange, key: name, isMandatory: false)
                }
            if !direct.exchange.isEmpty { try await requireExchange(direct.exchange, until: end) }
            return PublishPlan(
                direct: direct, destination: destination, isOrdered: declared.map { $0.order != .none } ?? false,
                retention: destination.kind == .queue ? declared?.retention : nil)
        }

        /// The exchange that pubSub goes through.
        var pubSubExchange: String { configuration.exchange.isEmpty ? "amq.topic" : configuration.exchange }

        /// Straight to its destination, or into the ladder first.
        private func route(
            of message: Message, _ plan: PublishPlan, at now: Timestamp
        ) async throws(BrokerError) -> (PublishRoute, Posting) {
            if plan.destination.kind == .stream { return (plan.direct, Posting(appended: now)) }
            guard message.hasExtras, let moment = message.notBefore else {
                return (plan.direct, Posting(keptUntil: plan.retention.map { now + $0 }))
            }
            var way = try await delayed(until: moment, to: plan.direct.key, at: now, copies: 0)
            way.1.keptUntil = plan.retention.map { max(now, moment) + $0 }
            return way
        }

        /// Into the ladder, for a queue of this name, which must be there: the ladder takes everything.
        func delayed(
            until moment: Timestamp, to queue: String, at now: Timestamp, copies: Int32
        ) async throws(BrokerError) -> (PublishRoute, Posting) {
            let steps = DelayLadder.steps(for: moment - now)
            guard let top = steps.first else { return (PublishRoute(key: queue), Posting(copies: copies)) }
            try await requireLadder(top + 1)
            try await requireQueue(queue)
            return (
                PublishRoute(exchange: DelayLadder.exchange(top), key: queue), Posting(copies: copies, steps: steps)
            )
        }
    }

    extension PublishFailure.Outcome {
        /// Whether the destination had no room.
        fileprivate var isFull: Bool {
            if case .refused(let error) = self { error.code == .resourceExhausted } else { false }
        }
    }

    extension BrokerError {
        fileprivate static func isFull(_ destination: Destination) -> BrokerError {
            BrokerError(
                .resourceExhausted, "\(destination) is full; consume from it, or raise its limit", during: .publish)
        }
    }

    extension DestinationDeclaration {
        /// Whether there is an end to what it holds.
        var isBounded: Bool { maximumMessages != nil || maximumBytes != nil }
    }

    extension WireHeader {
        /// Why a message cannot go out under these names; nil where it can.
        static func refusal(of message: Message) -> BrokerError? {
            if message.headers.isEmpty { return nil }
            for field in message.headers.fields {
                switch field.name.text {
                case key, notBefore, due, expiration, timestamp, appended, marker, nullBody:
                    return BrokerError(
                        .invalidArgument,
                        "message \(message.id): header \(field.name.text.quoted) is one that the backend for RabbitMQ "
                            + "writes itself; rename it", during: .publish)
                default: continue
                }
            }
            return nil
        }
    }
#endif
