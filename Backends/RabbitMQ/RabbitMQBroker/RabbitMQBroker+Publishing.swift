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
            var room = plan.isBounded ? try await room(for: call.messages.count, at: destination) : .max
            var refusedKeys: Set<String?> = []
            var first = 0
            while first < call.messages.count {
                var writer = publisher.writer()
                writer.reserve(call.messages[first].body.count + 512)
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
                let chunk = PublishChunk(call, piece.start..<index, over: piece.route, &writer)
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
            guard let frame = route.frame else {
                return BrokerError(
                    .invalidArgument, "\(route.label) has a name that is too long for AMQP; at most 255 bytes",
                    during: .publish)
            }
            writer.append(frame)
            writer.arena.reset()
            let properties = writer.arena.properties(of: message, posting, at: now)
            if writer.content(properties, message.body, on: Publisher.channel) { return nil }
            writer.removeLast(frame.count)
            return .headersTooLarge(for: writer.frameSize, of: message.id)
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
