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
                return RabbitMQReplayReader(reader, destination, of: broker, notBefore: floor, to: end)
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
        /// Where the next one is expected, and how often the log had been opened when that was found.
        private var next: UInt64?
        private var openings = 1

        init(
            _ reader: QueueReader, _ destination: Destination, of broker: RabbitMQBroker, notBefore floor: Timestamp?,
            to end: UInt64?
        ) {
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

        /// Where in the log a start is, and before which moment what comes is passed over. Throws `.positionGone`.
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
                try await requireKept(position.major, of: destination)
                return (.offset(position.major), nil)
            }
        }

        /// Throws `.positionGone`, with what is the first, where the log has let go of an offset: the server would go on with
        /// the first that it has, and say nothing.
        func requireKept(_ offset: UInt64, of destination: Destination) async throws(BrokerError) {
            let log = StreamNames(destination.topic).log
            let end = try await mark(log)
            let reader = QueueReader(log, from: .first, of: self)
            try await reader.open()
            let deadline = time.deadline(after: .seconds(10))
            var first: UInt64?
            var beginning: UInt64?
            do {
                while first == nil, time.uptime < deadline {
                    for entry in try await reader.read(upTo: 64, until: deadline) {
                        if beginning == nil { beginning = entry.offset }
                        if entry.marker == nil || entry.offset >= end { first = first ?? entry.offset }
                    }
                    if let beginning, beginning <= offset { break }
                }
            } catch {
                await reader.close()
                throw error
            }
            await reader.close()
            guard let beginning, beginning > offset else { return }
            let text = "\(first ?? end)"
            throw BrokerError(
                .positionGone, "position \(offset) of \(destination) is gone; the first there is is \(text)",
                details: ["first": text])
        }
    }
#endif
