#if RabbitMQ
    import Messaging

    /// What a stream is made of on the server.
    ///
    /// Everybody publishes to `entry`, which passes on to `inner`, to which the queue of each group and the log are bound. The
    /// binding between the two is made last: before it nothing can be published, so whatever is bound by then misses nothing.
    struct StreamNames: Sendable {
        /// The exchange that is published to, of the topic's name.
        let entry: String
        /// The exchange behind it.
        var inner: String { entry + "@" }
        /// The queue of type `stream` that keeps everything.
        var log: String { entry + "@" }
        /// One message for each group, with its filter: whoever has the lock may look.
        var groups: String { entry + "@@groups" }
        /// Whoever makes something of the stream has this queue meanwhile, exclusively.
        var lock: String { entry + "@@lock" }

        init(_ topic: Topic) { entry = topic.name }

        /// The queue of a group.
        func queue(_ group: GroupName) -> String { "\(entry)@\(group.name)" }
        /// Every consumer of a group consumes from this, too: to be counted, and asked.
        func members(_ group: GroupName) -> String { "\(entry)@\(group.name)@members" }
        /// What a group that came later is to read first.
        func past(_ group: GroupName) -> String { "\(entry)@\(group.name)@past" }
        /// The one message in it says that the past is not complete, and how far it is.
        func ticket(_ group: GroupName) -> String { "\(entry)@\(group.name)@ticket" }
    }

    extension RabbitMQBroker {
        /// Makes what is missing of a stream; whether there was anything new.
        func makeStream(
            _ declaration: DestinationDeclaration, over connection: AMQPConnection
        ) async throws(BrokerError) -> Bool {
            let names = StreamNames(declaration.destination.topic)
            return try await locked(names, over: connection) { () async throws(BrokerError) -> Bool in
                do throws(BrokerError) {
                    return try await makeStream(declaration, names, over: connection)
                } catch {
                    throw try await namingFilters(error, declaration, names)
                }
            }
        }

        private func makeStream(
            _ declaration: DestinationDeclaration, _ names: StreamNames, over connection: AMQPConnection
        ) async throws(BrokerError) -> Bool {
            let hasExisted = try await exists(.findExchange(names.entry), over: connection)
            try await perform(
                [
                    .declareQueue(names.log, logArguments(for: declaration)),
                    .declareExchange(names.inner, type: "fanout"), .bindQueue(names.log, to: names.inner, key: ""),
                    .declareQueue(names.groups, [("x-queue-type", .text("classic"))]),
                ], over: connection)
            var isNew = !hasExisted
            for (name, group) in declaration.groups.sorted(by: { $0.key.name < $1.key.name }) {
                let queue = names.queue(name)
                let requests = [
                    Request.declareQueue(queue, groupArguments(for: declaration, group)),
                    .bindQueue(queue, to: names.inner, key: ""), DelayLadder.binding(of: queue),
                    .declareQueue(names.members(name), [("x-queue-type", .text("classic"))]),
                ]
                let isThere = try await exists(.findQueue(queue), over: connection)
                if !isThere {
                    isNew = true
                    try await publishCard(of: name, group.filter, to: names)
                }
                if isThere || !hasExisted || group.start == .latest {
                    try await perform(requests, over: connection)
                } else {
                    try await makePast(of: name, group, declaration, over: connection)
                    try await perform(requests, over: connection)
                }
                if isThere || hasExisted { try await completePast(of: name, declaration.destination, over: connection) }
            }
            try await perform(
                [.declareExchange(names.entry, type: "fanout"), .bindExchange(names.inner, to: names.entry)]
                    + declaration.bindings.map {
                        .bindExchange(names.entry, to: pubSubExchange, key: $0.bindingKey)
                    }, over: connection)
            return isNew
        }

        /// Before the queue of a group that comes later is bound: a queue for what the log has of its past, and a ticket that
        /// says from where.
        private func makePast(
            of name: GroupName, _ group: DestinationDeclaration.Group, _ declaration: DestinationDeclaration,
            over connection: AMQPConnection
        ) async throws(BrokerError) {
            let names = StreamNames(declaration.destination.topic)
            let (past, ticket) = (names.past(name), names.ticket(name))
            let (start, floor) = try await begin(group.start, of: declaration.destination)
            if let offset = start.offset { try await requireKept(offset, of: declaration.destination) }
            let single: [(String, WireValue)] = [
                ("x-queue-type", .text("quorum")), ("x-delivery-limit", .integer(1_000_000)),
                ("x-single-active-consumer", .flag(true)),
            ]
            var arguments = groupArguments(for: declaration, group)
            arguments.removeAll { $0.0 == "x-delivery-limit" }
            arguments.append(("x-delivery-limit", .integer(1_000_000)))
            // Whoever began this before and died has left the group without a queue: it begins anew.
            try await perform(
                [
                    .declareQueue(past, arguments), DelayLadder.binding(of: past), .declareQueue(ticket, single),
                    .purgeQueue(past), .purgeQueue(ticket),
                ], over: connection)
            let id = MessageID().description
            try await PastTicket(id: id, start: start, floor: floor).publish(to: ticket, by: self)
            try await publishMarker(PastTicket.before(id), to: names.log)
        }

        /// Goes on with a past that is not complete, where nobody of this process does.
        func completePast(
            of group: GroupName, _ destination: Destination, over connection: AMQPConnection
        ) async throws(BrokerError) {
            let ticket = StreamNames(destination.topic).ticket(group)
            guard try await exists(.findQueue(ticket), over: connection) else { return }
            fills.begin(ticket) { [weak self] in
                guard let self else { return }
                await GroupPast(destination, group, of: self).complete()
            }
        }

        // MARK: arguments

        private func logArguments(for declaration: DestinationDeclaration) -> [(String, WireValue)] {
            var arguments: [(String, WireValue)] = [("x-queue-type", .text("stream"))]
            if let age = declaration.retention {
                arguments.append(("x-max-age", .text("\(max(1, Int64(age.inMilliseconds / 1_000)))s")))
            }
            let count = declaration.maximumMessages.map { $0.multiplied(by: Self.entryBytes) }
            let bytes = declaration.maximumBytes ?? count
            if let bytes {
                arguments.append(("x-max-length-bytes", .integer(Int64(bytes))))
                // A log lets go of whole segments, so they are small where it is.
                let segment = min(500_000_000, max(512, bytes / 8))
                arguments.append(("x-stream-max-segment-size-bytes", .integer(Int64(segment))))
            }
            return arguments
        }

        /// What a message is taken to need in a log that is bounded by a number of them.
        static let entryBytes = 1_024

        private func groupArguments(
            for declaration: DestinationDeclaration, _ group: DestinationDeclaration.Group
        ) -> [(String, WireValue)] {
            var plain = declaration
            (plain.maximumMessages, plain.maximumBytes, plain.maximumPriority) = (nil, nil, 0)
            var arguments = arguments(for: plain)
            guard let filter = group.filter else { return arguments }
            arguments.removeAll { $0.0 == "x-delivery-limit" }
            arguments.append(("x-delivery-limit", .integer(filter.mark)))
            return arguments
        }

        // MARK: the lock

        /// Does something while nobody else makes something of the stream, in this process or another.
        func locked<Value>(
            _ names: StreamNames, over connection: AMQPConnection,
            _ work: () async throws(BrokerError) -> Value
        ) async throws(BrokerError) -> Value {
            let channel = try await lock(names.lock, over: connection)
            do throws(BrokerError) {
                let value = try await work()
                await unlock(names.lock, channel, over: connection)
                return value
            } catch {
                await unlock(names.lock, channel, over: connection)
                throw error
            }
        }

        private func lock(_ name: String, over connection: AMQPConnection) async throws(BrokerError) -> Int {
            let end = time.deadline(after: .seconds(30))
            while true {
                if state.withLock({ $0.locks.insert(name).inserted }) {
                    do throws(BrokerError) { return try await lockOnServer(name, over: connection) } catch {
                        _ = state.withLock { $0.locks.remove(name) }
                        if error.nativeCode != 405 { throw error }
                    }
                }
                if time.uptime >= end {
                    throw BrokerError(
                        .timeout, "another process has been making the stream for 30 s; see who has the queue \(name)")
                }
                do { try await time.sleep(for: .milliseconds(20)) } catch {
                    throw BrokerError(.cancelled, "the task was cancelled")
                }
            }
        }

        private func lockOnServer(_ name: String, over connection: AMQPConnection) async throws(BrokerError) -> Int {
            let channel = try await connection.openChannel()
            do {
                try await connection.call(.declareQueue(name, isExclusive: true, []), on: channel)
                return channel
            } catch {
                await connection.closeChannel(channel)
                throw error
            }
        }

        private func unlock(_ name: String, _ channel: Int, over connection: AMQPConnection) async {
            _ = try? await connection.call(.deleteQueue(name), on: channel)
            await connection.closeChannel(channel)
            _ = state.withLock { $0.locks.remove(name) }
        }

        // MARK: the groups there are

        private static let matchName: HeaderName = "hub-match"

        /// Writes down a group, before it is made.
        private func publishCard(
            of group: GroupName, _ filter: HeaderFilter?, to names: StreamNames
        ) async throws(BrokerError) {
            var fields = filter?.values.sorted { $0.key.text < $1.key.text }.map { ($0.key, $0.value) } ?? []
            if let filter { fields.append((Self.matchName, filter.match.rawValue)) }
            try await publishMarker(group.name, to: names.groups, saying: fields)
        }

        /// The groups of a stream, and their filters. For who has the lock: nobody else may look meanwhile.
        func groups(
            of names: StreamNames, over connection: AMQPConnection? = nil
        ) async throws(BrokerError) -> [GroupName: HeaderFilter?] {
            let reader = QueueReader(names.groups, from: nil, of: self, window: 10_000)
            do throws(BrokerError) { try await reader.open(over: connection) } catch {
                if error.code == .noSuchDestination { return [:] }
                throw error
            }
            var groups: [GroupName: HeaderFilter?] = [:]
            do throws(BrokerError) {
                for _ in 0..<(await reader.waiting) {
                    let end = time.deadline(after: .seconds(10))
                    guard let entry = try await reader.read(upTo: 1, until: end).first else { break }
                    guard let group = entry.marker.map({ GroupName($0) }) else { continue }
                    var values: [HeaderName: String] = [:]
                    for field in entry.message.headers.fields { values[field.name] = field.value.text }
                    let match = values.removeValue(forKey: Self.matchName).flatMap(HeaderFilter.Match.init(rawValue:))
                    groups[group] = .some(match.map { HeaderFilter($0, values) })
                }
            } catch {
                await reader.close()
                throw error
            }
            await reader.close()
            return groups
        }

        /// The filter of a group that this process has not declared.
        func filter(
            of group: GroupName, _ destination: Destination, over connection: AMQPConnection
        ) async throws(BrokerError) -> HeaderFilter? {
            let names = StreamNames(destination.topic)
            return try await locked(names, over: connection) { () async throws(BrokerError) -> HeaderFilter? in
                try await groups(of: names, over: connection)[group] ?? nil
            }
        }

        /// A conflict of filters in words: the server has numbers alone.
        private func namingFilters(
            _ error: BrokerError, _ declaration: DestinationDeclaration, _ names: StreamNames
        ) async throws(BrokerError) -> BrokerError {
            guard error.code == .conflict, let difference = Inequivalence(error.sentence),
                difference.argument == "x-delivery-limit"
            else { return error }
            for (name, group) in declaration.groups where names.queue(name) == difference.queue {
                let existing = try await groups(of: names)[name] ?? nil
                return BrokerError(
                    .conflict,
                    "group \(name) of \(declaration.destination) exists with \(HeaderFilter.words(existing)), and "
                        + "\(HeaderFilter.words(group.filter)) is asked for; delete it, or declare it as it is",
                    nativeCode: error.nativeCode)
            }
            return error
        }
    }

    extension HeaderFilter {
        /// A number that stands for it on the server, which keeps no filters: the delivery limit of its group's queue, beyond
        /// that of a group without. FNV-1a of its text, so the same in every process.
        var mark: Int64 {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            func add(_ text: String) {
                for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
                hash = (hash ^ 0xFF) &* 0x100_0000_01B3
            }
            add(match.rawValue)
            let parts = values.map { ($0.key.text.lowercased(), $0.value) }
            for (name, value) in parts.sorted(by: { $0 < $1 }) {
                add(name)
                add(value)
            }
            return 1_000_001 + Int64(hash % 1_000_000_000)
        }
    }

    extension Int {
        /// The product, or the most there is.
        fileprivate func multiplied(by factor: Int) -> Int {
            let (product, overflow) = multipliedReportingOverflow(by: factor)
            return overflow ? .max : product
        }
    }
#endif
