#if RabbitMQ
    import Messaging

    /// How far the past of a group is: the one message in its ticket queue, which whoever completes it holds.
    struct PastTicket: Sendable {
        private static let startName: HeaderName = "start"
        private static let floorName: HeaderName = "floor"

        /// For the names of its markers.
        let id: String
        var start: QueueReader.Start
        /// What was appended before is passed over; nil: nothing is.
        let floor: Timestamp?

        init(id: String, start: QueueReader.Start, floor: Timestamp?) {
            self.id = id
            self.start = start
            self.floor = floor
        }

        /// Nil where it says nothing that could be understood.
        init?(_ entry: QueueReader.Entry) {
            guard let id = entry.marker, let text = entry.message.headers[Self.startName],
                let start = QueueReader.Start(text)
            else { return nil }
            self.id = id
            self.start = start
            floor = entry.message.headers[Self.floorName].flatMap { Int64($0) }.map(Timestamp.init(milliseconds:))
        }

        func publish(to queue: String, by broker: RabbitMQBroker) async throws(BrokerError) {
            let floor = floor.map { [(Self.floorName, String($0.milliseconds))] } ?? []
            try await broker.publishMarker(id, to: queue, saying: [(Self.startName, start.text)] + floor)
        }

        /// The marker in the log before the group's queue was bound, the one behind that, and the one in the group's queue.
        static func before(_ id: String) -> String { id + ".before" }
        var behind: String { id + ".behind" }
        var own: String { id + ".own" }
        /// The marker at the end of the past.
        static let end = "past.end"
    }

    /// Completes the past of a group that was declared when its stream had messages: copies what the log has, from the group's
    /// start on, into a queue that its members read first.
    ///
    /// What was published while the group's queue was bound may be in both. So what came in the log between the markers
    /// around that moment is remembered, and what stands in the group's queue up to a third marker is moved behind the past,
    /// without what is remembered. One process does this at a time: the ticket has a single active consumer. Killed at any
    /// point, the next one goes on from the ticket: messages may come twice, and none is lost.
    struct GroupPast: Sendable {
        private let destination: Destination
        private let names: StreamNames
        private let group: GroupName
        private let broker: RabbitMQBroker

        init(_ destination: Destination, _ group: GroupName, of broker: RabbitMQBroker) {
            self.destination = destination
            self.group = group
            self.broker = broker
            names = StreamNames(destination.topic)
        }

        /// Returns when the past is complete, by whomever, or the task is cancelled.
        func complete() async {
            while !Task.isCancelled {
                do {
                    try await attempt()
                    return
                } catch {
                    if error.code == .noSuchDestination || error.code == .ended || error.code == .cancelled { return }
                    do { try await broker.time.sleep(for: .milliseconds(250)) } catch { return }
                }
            }
        }

        private func attempt() async throws(BrokerError) {
            let tickets = QueueReader(names.ticket(group), from: nil, of: broker)
            try await tickets.open()
            do {
                while true {
                    let end = broker.time.deadline(after: .seconds(60))
                    guard let entry = try await tickets.read(upTo: 1, until: end).first else { continue }
                    guard let ticket = PastTicket(entry) else {
                        await tickets.accept(entry)
                        continue
                    }
                    if try await copy(ticket, holding: entry, of: tickets) { break }
                }
            } catch {
                await tickets.close()
                throw error
            }
            await tickets.close()
        }

        /// Whether it is complete; else it goes on with another ticket.
        private func copy(
            _ ticket: PastTicket, holding entry: QueueReader.Entry, of tickets: QueueReader
        ) async throws(BrokerError) -> Bool {
            try await broker.publishMarker(ticket.behind, to: names.log)
            let log = QueueReader(names.log, from: ticket.start, of: broker)
            try await log.open()
            do {
                var remembered: Set<MessageID>?
                var count = 0
                while true {
                    let end = broker.time.deadline(after: .seconds(60))
                    let entries = try await log.read(upTo: 256, until: end)
                    var messages: [(Message, Posting)] = []
                    var isOver = false
                    for entry in entries where !isOver {
                        if entry.marker == PastTicket.before(ticket.id) { remembered = remembered ?? [] }
                        isOver = entry.marker == ticket.behind
                        if entry.marker != nil || ticket.passesOver(entry) { continue }
                        remembered?.insert(entry.message.id)
                        messages.append((entry.message, Posting()))
                    }
                    try await add(messages)
                    count += messages.count
                    if isOver { break }
                    if count >= 1_000, remembered == nil, let last = entries.last {
                        await log.close()
                        var next = ticket
                        next.start = .offset(last.offset + 1)
                        try await next.publish(to: names.ticket(group), by: broker)
                        await tickets.accept(entry)
                        return false
                    }
                }
                await log.close()
                try await moveWhatCame(ticket, without: remembered ?? [])
            } catch {
                await log.close()
                throw error
            }
            return true
        }

        /// Moves what stands in the group's own queue up to a marker, and completes the past.
        private func moveWhatCame(_ ticket: PastTicket, without remembered: Set<MessageID>) async throws(BrokerError) {
            var remembered = remembered
            try await broker.publishMarker(ticket.own, to: names.queue(group))
            let own = QueueReader(names.queue(group), from: nil, of: broker)
            try await own.open()
            do {
                var isOver = false
                while !isOver {
                    let end = broker.time.deadline(after: .seconds(60))
                    for entry in try await own.read(upTo: 1, until: end) where !isOver {
                        isOver = entry.marker == ticket.own
                        let isCopied = entry.copies == 0 && remembered.remove(entry.message.id) != nil
                        if entry.marker == nil, !isCopied {
                            try await add([(entry.message, Posting(copies: entry.copies, due: entry.due))])
                        }
                        await own.accept(entry)
                    }
                }
                try await broker.publishMarker(PastTicket.end, to: names.past(group))
            } catch {
                await own.close()
                throw error
            }
            await own.close()
            try await broker.perform([.deleteQueue(names.ticket(group))], over: try await broker.admin())
        }

        private func add(_ messages: [(Message, Posting)]) async throws(BrokerError) {
            if messages.isEmpty { return }
            do throws(PublishFailure) {
                let route = PublishRoute(key: names.past(group))
                try await broker.publish(messages, over: route, within: .seconds(30))
            } catch {
                throw error.first
            }
        }
    }

    extension PastTicket {
        fileprivate func passesOver(_ entry: QueueReader.Entry) -> Bool {
            guard let floor, let appended = entry.appended else { return false }
            return appended < floor
        }
    }

    extension QueueReader.Start {
        /// As a ticket says it.
        fileprivate var text: String {
            switch self {
            case .first: "first"
            case .next: "next"
            case .offset(let offset): "\(offset)"
            case .second(let second): "@\(second)"
            }
        }

        fileprivate init?(_ text: String) {
            if text == "first" {
                self = .first
            } else if text.hasPrefix("@"), let second = UInt64(text.dropFirst()) {
                self = .second(second)
            } else if let offset = UInt64(text) {
                self = .offset(offset)
            } else {
                return nil
            }
        }
    }

    /// Tasks that complete the pasts of groups, one for each in a process. Ended with the broker.
    final class PastTasks: Sendable {
        private let running = Lock<[String: Task<Void, Never>]>([:])

        /// Does this once at a time for each name.
        func begin(_ name: String, _ work: @escaping @Sendable () async -> Void) {
            running.withLock { running in
                guard running[name] == nil else { return }
                running[name] = Task { [weak self] in
                    await work()
                    self?.running.withLock { $0[name] = nil }
                }
            }
        }

        /// Ends all of them, and waits until they have.
        func end() async {
            let tasks = running.withLock { Array($0.values) }
            for task in tasks { task.cancel() }
            for task in tasks { await task.value }
        }

        deinit { for task in running.withLock({ Array($0.values) }) { task.cancel() } }
    }
#endif
