#if RabbitMQ
    public import Messaging

    /// Reading the log of a stream, as no member of any group.
    struct RabbitMQReplay: Replaying {
        let broker: RabbitMQBroker

        func reader(
            of destination: Destination, from start: StartPosition, until: Subscription.Until?
        ) async throws(BrokerError) -> any ReplayReader {
            do {
                let log = try log(of: destination)
                let end = until == .end ? try await broker.mark(log) : nil
                let (begin, floor) = try await broker.begin(start, of: destination)
                let reader = QueueReader(log, from: begin, of: broker)
                try await reader.open()
                return RabbitMQReplayReader(
                    reader, destination, of: broker, notBefore: floor, from: begin.offset, to: end)
            } catch {
                throw missing(error, destination).during(.subscribe)
            }
        }

        func end(of destination: Destination) async throws(BrokerError) -> Position {
            do {
                return Position(major: try await broker.mark(try log(of: destination)) + 1)
            } catch {
                throw missing(error, destination)
            }
        }

        private func log(of destination: Destination) throws(BrokerError) -> String {
            try broker.requireConnected(during: .subscribe)
            guard destination.kind == .stream else {
                throw BrokerError(.unsupported, "\(destination) cannot be replayed; declare it as a stream")
            }
            return StreamNames(destination.topic).log
        }

        private func missing(_ error: BrokerError, _ destination: Destination) -> BrokerError {
            guard error.code == .noSuchDestination else { return error }
            return BrokerError(
                .noSuchDestination, "\(destination) is not a stream that exists; declare it first",
                nativeCode: error.nativeCode)
        }
    }

    /// Reads a log and says what is gone of it.
    actor RabbitMQReplayReader: ReplayReader {
        private let reader: QueueReader
        private let destination: Destination
        private let broker: RabbitMQBroker
        private let floor: Timestamp?
        private let end: UInt64?
        /// Where the next one is expected, and how often the log had been opened when it was seen to be there.
        private var next: UInt64?
        private var openings = 0

        init(
            _ reader: QueueReader, _ destination: Destination, of broker: RabbitMQBroker, notBefore floor: Timestamp?,
            from next: UInt64?, to end: UInt64?
        ) {
            self.next = next
            self.reader = reader
            self.destination = destination
            self.broker = broker
            self.floor = floor
            self.end = end
        }

        func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
            let deadline = broker.time.deadline(after: wait)
            do throws(BrokerError) {
                while true {
                    try await requireNext(until: deadline)
                    let entries = try await reader.read(upTo: max(1, limit), until: deadline)
                    if entries.isEmpty { return [] }
                    let deliveries = deliveries(of: entries)
                    if !deliveries.isEmpty { return deliveries }
                    if let end, let next, next > end {
                        await reader.close()
                        throw BrokerError.ended(
                            .reachedEnd, "\(destination) is read up to the end that was asked for")
                    }
                }
            } catch {
                throw error.during(.receive)
            }
        }

        /// A log that was opened again must still have what comes next.
        private func requireNext(until deadline: Duration) async throws(BrokerError) {
            if let end, let next, next > end {
                throw BrokerError.ended(.reachedEnd, "\(destination) is read up to the end that was asked for")
            }
            guard let next, await reader.openings != openings else { return }
            guard let entry = try await reader.peek(until: deadline) else { return }
            if entry.offset > next { try await broker.requireKept(next, of: destination) }
            openings = await reader.openings
        }

        private func deliveries(of entries: [QueueReader.Entry]) -> [Delivery] {
            let now = broker.time.now
            var deliveries: [Delivery] = []
            for entry in entries where end.map({ entry.offset <= $0 }) ?? true {
                next = entry.offset + 1
                if entry.marker != nil || entry.message.expiration.map({ $0 <= now }) == true { continue }
                if let floor, let appended = entry.appended, appended < floor { continue }
                deliveries.append(
                    Delivery(
                        message: entry.message, receipt: Receipt(sequence: 0), position: Position(major: entry.offset)))
            }
            return deliveries
        }

        func cancel() async { await reader.close() }
    }

    extension RabbitMQBroker {
        /// Reading a log from a position.
        public var replay: (any Replaying)? { RabbitMQReplay(broker: self) }

        /// Appends a marker to a log; its offset. Who reads the log passes it over.
        func mark(_ log: String, as name: String = MessageID().description) async throws(BrokerError) -> UInt64 {
            let reader = QueueReader(log, from: .next, of: self)
            try await reader.open()
            do throws(BrokerError) {
                try await publishMarker(name, to: log)
                let end = time.deadline(after: .seconds(10))
                while time.uptime < end {
                    for entry in try await reader.read(upTo: 256, until: end) where entry.marker == name {
                        await reader.close()
                        return entry.offset
                    }
                }
                throw BrokerError(.timeout, "the end of the log \(log) was not found within 10 s")
            } catch {
                await reader.close()
                throw error
            }
        }

        /// Publishes what is no message to a queue, with what it says.
        func publishMarker(
            _ name: String, to queue: String, saying fields: [(HeaderName, String)] = []
        ) async throws(BrokerError) {
            var message = Message(Body(), type: "")
            for (name, value) in fields { message.headers[name] = value }
            do throws(PublishFailure) {
                try await publish(
                    message, over: PublishRoute(key: queue), Posting(marker: name), within: .seconds(10))
            } catch {
                throw error.first
            }
        }

        /// Where in the log a start is, and before which moment what comes is passed over.
        func begin(
            _ start: StartPosition, of destination: Destination
        ) async throws(BrokerError) -> (QueueReader.Start, Timestamp?) {
            switch start {
            case .earliest: return (.first, nil)
            case .latest: return (.offset(try await mark(StreamNames(destination.topic).log) + 1), nil)
            case .time(let time):
                return (.second(UInt64(max(0, time.milliseconds / 1_000))), time)
            case .position(let position):
                guard position == Position(major: position.major), position != .none else {
                    throw BrokerError(
                        .invalidArgument,
                        "position \(position.description.quoted) is none of \(destination); it has numbers alone")
                }
                return (.offset(position.major), nil)
            }
        }

        /// Throws `.positionGone`, with what is the first, where the log has let go of an offset: the server would go on with
        /// the first that it has, and say nothing.
        func requireKept(_ offset: UInt64, of destination: Destination) async throws(BrokerError) {
            let log = StreamNames(destination.topic).log
            // Nothing there, or this very one: nothing of it is gone.
            guard let found = try await first(in: log, from: .offset(offset)), found.offset > offset else { return }
            guard let beginning = try await first(in: log, from: .first), beginning.offset > offset else { return }
            let message = try await first(in: log, from: .offset(beginning.offset)) { $0.marker == nil }
            let text = "\(message?.offset ?? beginning.offset)"
            throw BrokerError(
                .positionGone, "position \(offset) of \(destination) is gone; the first there is is \(text)",
                details: ["first": text])
        }

        /// The first entry from a start on that is one of these; nil where none comes within a second.
        private func first(
            in log: String, from start: QueueReader.Start, where isMeant: (QueueReader.Entry) -> Bool = { _ in true }
        ) async throws(BrokerError) -> QueueReader.Entry? {
            let reader = QueueReader(log, from: start, of: self)
            try await reader.open()
            var found: QueueReader.Entry?
            let end = time.deadline(after: .seconds(1))
            do throws(BrokerError) {
                while found == nil, time.uptime < end {
                    found = try await reader.read(upTo: 64, until: end).first(where: isMeant)
                }
            } catch {
                await reader.close()
                throw error
            }
            await reader.close()
            return found
        }
    }
#endif
