#if RabbitMQ
    import EventLoop
    public import Messaging

    extension RabbitMQBroker {
        /// Makes queues, exchanges, bindings and the delay ladder. Throws `.conflict` with what is otherwise, `.unsupported`,
        /// `.unauthorized`.
        public func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
            try requireConnected(during: .declare)
            for declaration in declarations {
                let refusal = limits.refusal(of: declaration) ?? capabilities.refusal(of: declaration)
                if let refusal = refusal ?? declaration.problem { throw refusal.during(.declare) }
            }
            do {
                try await turns.take(declarations) { () async throws(BrokerError) in
                    let connection = try await admin()
                    for declaration in declarations { try await requireSame(declaration, over: connection) }
                    if try await make(declarations, over: connection) { await queuesAreKept() }
                }
            } catch {
                throw error.during(.declare)
            }
            state.withLock { state in
                for declaration in declarations { state.declared[declaration.destination] = declaration }
            }
            for consumer in consumers.all { await consumer.widen() }
        }

        /// What the server does not know of a destination, this process does: who declares it otherwise is told so, unless it has
        /// been deleted meanwhile.
        private func requireSame(
            _ declaration: DestinationDeclaration, over connection: AMQPConnection
        ) async throws(BrokerError) {
            let destination = declaration.destination
            guard destination.kind != .pubSub, var known = state.withLock({ $0.declared[destination] }) else { return }
            if known.whenFull == declaration.whenFull, known.durable == declaration.durable { return }
            let (whenFull, durable) = (known.whenFull, known.durable)
            known = declaration
            (known.whenFull, known.durable) = (whenFull, durable)
            let log = destination.kind == .stream ? StreamNames(destination.topic).log : destination.topic.name
            if let conflict = known.conflict(with: declaration), try await exists(.findQueue(log), over: connection) {
                throw conflict
            }
        }

        /// The connection that topology is made over, once there is one: not the one that the server does not read because it
        /// accepts nothing for now.
        func admin(within limit: Duration = .seconds(10)) async throws(BrokerError) -> AMQPConnection {
            try await connection(of: state.withLock { $0.isBlocked } ? receiving : publishing, within: limit)
        }

        /// The connection of a link, once there is one.
        func connection(of link: Link, within limit: Duration) async throws(BrokerError) -> AMQPConnection {
            let end = time.deadline(after: limit)
            while true {
                if let connection = await link.connection { return connection }
                if state.withLock({ $0.phase }) == .closed { throw Self.closed }
                if time.uptime >= end {
                    throw BrokerError(.notConnected, "there is no connection: \(state.withLock { $0.reason } ?? "")")
                }
                do { try await time.sleep(for: .milliseconds(20)) } catch {
                    throw BrokerError(.cancelled, "the task was cancelled")
                }
            }
        }

        /// Does requests one after the other on a channel of their own, which an error closes.
        @discardableResult func perform(
            _ requests: [Request], over connection: AMQPConnection
        ) async throws(BrokerError) -> ServerMethod.Answer? {
            if requests.isEmpty { return nil }
            let channel = try await connection.openChannel()
            var last: ServerMethod.Answer?
            do {
                last = try await connection.call(requests, on: channel)
            } catch {
                await connection.closeChannel(channel)
                throw error
            }
            await connection.closeChannel(channel)
            return last
        }

        /// Waits until the server has the names of new quorum queues on its disk. RabbitMQ 3.10 to 4.0 writes them up to a second
        /// after it has answered (`names.dets` of Ra, saved once it was not used for half a second): killed before, it comes
        /// back with a queue that has no leader and has lost what it had confirmed.
        private func queuesAreKept() async {
            let waiter = Waiter<Void>()
            let alarm = time.alarm(at: time.deadline(after: .milliseconds(1_500))) { waiter.expire() }
            _ = await waiter.waitUncancelled()
            time.silence(alarm)
        }

        /// Makes what is missing; whether there was anything new.
        @discardableResult func make(
            _ declarations: [DestinationDeclaration], over connection: AMQPConnection
        ) async throws(BrokerError) -> Bool {
            var steps = 0
            var isNew = false
            if declarations.contains(where: { $0.destination.kind != .pubSub }) {
                steps = DelayLadder.usual
                try await makeGround(over: connection)
            }
            for declaration in declarations where declaration.destination.kind != .pubSub {
                do {
                    if declaration.destination.kind == .stream {
                        if try await makeStream(declaration, over: connection) { isNew = true }
                    } else {
                        let queue = queueName(of: declaration.destination, group: nil)
                        if try await !exists(.findQueue(queue), over: connection) { isNew = true }
                        try await perform(requests(for: declaration), over: connection)
                    }
                } catch {
                    throw explained(error, declaration)
                }
                steps = max(steps, DelayLadder.count(for: declaration.longestDelay ?? .zero))
            }
            try await makeLadder(steps, over: connection)
            return isNew
        }

        /// Whether what a request looks for is there.
        func exists(_ request: Request, over connection: AMQPConnection) async throws(BrokerError) -> Bool {
            do {
                try await perform([request], over: connection)
                return true
            } catch {
                if error.code == .noSuchDestination { return false }
                throw error
            }
        }

        private func explained(_ error: BrokerError, _ declaration: DestinationDeclaration) -> BrokerError {
            guard error.code == .conflict else { return error }
            var error = error
            let difference = Inequivalence(error.sentence)?.words(declaration) ?? error.sentence
            error.sentence =
                "\(declaration.destination) exists otherwise: \(difference); declare what it has, or delete it"
            return error
        }

        func requests(for declaration: DestinationDeclaration) -> [Request] {
            let name = declaration.destination.topic.name
            var requests = [Request.declareQueue(name, arguments(for: declaration)), DelayLadder.binding(of: name)]
            if !configuration.exchange.isEmpty {
                requests += [
                    .declareExchange(configuration.exchange, type: "topic"),
                    .bindQueue(name, to: configuration.exchange, key: name),
                ]
            }
            requests += declaration.bindings.map { .bindQueue(name, to: pubSubExchange, key: $0.bindingKey) }
            return requests
        }

        func arguments(for declaration: DestinationDeclaration) -> [(String, WireValue)] {
            var arguments: [(String, WireValue)]
            if declaration.maximumPriority > 0 {
                arguments = [
                    ("x-queue-type", .text("classic")),
                    ("x-max-priority", .integer(Int64(declaration.maximumPriority))),
                ]
            } else {
                arguments = [("x-queue-type", .text("quorum")), ("x-delivery-limit", .integer(1_000_000))]
            }
            if declaration.destination.kind == .queue, let retention = declaration.retention {
                arguments.append(("x-message-ttl", .integer(retention.wholeMilliseconds)))
            }
            if declaration.order != .none { arguments.append(("x-single-active-consumer", .flag(true))) }
            if let count = declaration.maximumMessages { arguments.append(("x-max-length", .integer(Int64(count)))) }
            if let count = declaration.maximumBytes { arguments.append(("x-max-length-bytes", .integer(Int64(count)))) }
            var isBounded = declaration.maximumMessages != nil || declaration.maximumBytes != nil
            if case .broker(let destination) = declaration.deadLetters {
                arguments.append(("x-dead-letter-exchange", .text("")))
                arguments.append(("x-dead-letter-routing-key", .text(destination.topic.name)))
                if declaration.maximumPriority == 0 {
                    arguments.append(("x-dead-letter-strategy", .text("at-least-once")))
                    isBounded = true
                }
            }
            if isBounded { arguments.append(("x-overflow", .text("reject-publish"))) }
            return arguments
        }

        /// Makes the steps of the ladder that are missing.
        func requireLadder(_ count: Int) async throws(BrokerError) {
            if state.withLock({ $0.ladder }) >= count { return }
            try await makeLadder(count, over: try await admin())
        }

        private func makeGround(over connection: AMQPConnection) async throws(BrokerError) {
            if state.withLock({ $0.hasGround }) { return }
            try await perform(DelayLadder.ground, over: connection)
            state.withLock { $0.hasGround = true }
        }

        private func makeLadder(_ count: Int, over connection: AMQPConnection) async throws(BrokerError) {
            let have = state.withLock { $0.ladder }
            guard count > have else { return }
            try await makeGround(over: connection)
            try await perform(DelayLadder.requests(have..<count), over: connection)
            state.withLock { $0.ladder = max($0.ladder, count) }
        }

        /// Throws `.noSuchDestination` where there is no queue of this name. One that is there can be delayed to from then on.
        func requireQueue(_ name: String) async throws(BrokerError) {
            if state.withLock({ $0.known.contains(name) }) { return }
            try await perform([.findQueue(name), DelayLadder.binding(of: name)], over: try await admin())
            state.withLock { state in
                if state.known.count >= 4_096 { state.known = [] }
                state.known.insert(name)
            }
        }

        /// Throws `.noSuchDestination` where there is no exchange of this name: publishing to it would end the channel, and
        /// with it what others have sent.
        func requireExchange(_ name: String, until end: Duration) async throws(BrokerError) {
            let key = "exchange " + name
            if name.hasPrefix("amq.") || state.withLock({ $0.known.contains(key) }) { return }
            let connection = try await admin(within: max(.zero, end - time.uptime))
            try await perform([.findExchange(name)], over: connection)
            _ = state.withLock { $0.known.insert(key) }
        }

        /// The name of what a group, or a queue, is consumed from.
        func queueName(of destination: Destination, group: GroupName?) -> String {
            group.map { "\(destination.topic.name)@\($0.name)" } ?? destination.topic.name
        }

        // MARK: subscribing

        /// A consumer on a channel of its own.
        public func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
            try requireConnected(during: .subscribe)
            if subscription.maxHold > limits.maxHold || subscription.maxHold <= .zero {
                throw BrokerError(
                    .invalidArgument,
                    "\(subscription.label): maxHold of \(subscription.maxHold) is out of range; at most \(limits.maxHold)",
                    during: .subscribe)
            }
            if subscription.window < 1 || subscription.windowBytes < 1 {
                throw BrokerError(
                    .invalidArgument,
                    "\(subscription.label): a window of \(subscription.window) deliveries and \(subscription.windowBytes) "
                        + "bytes receives nothing; ask for 1 at least", during: .subscribe)
            }
            if let refusal = capabilities.refusal(of: subscription) { throw refusal.during(.subscribe) }
            var source = try source(for: subscription)
            let report = state.withLock { $0.report }
            let window = max(1, min(subscription.window, configuration.prefetch ?? .max, 65_535))
            let order = subscription.destination.flatMap { destination in
                state.withLock { $0.declared[destination]?.order }
            }
            source.isShared = order.map { $0 == .none } ?? false
            let grows = order.map { $0 == .none } ?? true
            let prefetch = Prefetch(window, bytes: subscription.windowBytes, grows: grows)
            let channel = ConsumerChannel(
                source, of: self, window: prefetch, label: subscription.label, on: receiving.loop, in: consumers,
                reporting: report)
            let core = ConsumerCore(
                subscription, channel, of: source.feeds.first?.queue ?? subscription.label, self, unseen, on: time)
            await channel.serve(core)
            do throws(BrokerError) {
                guard let connection = await receiving.connection else {
                    throw BrokerError(.notConnected, "there is no connection to subscribe over")
                }
                try await channel.begin(connection)
            } catch {
                await channel.leave()
                throw named(error, subscription).during(.subscribe)
            }
            consumers.add(channel)
            return RabbitMQConsumer(core)
        }

        private func named(_ error: BrokerError, _ subscription: Subscription) -> BrokerError {
            guard error.nativeCode != nil else { return error }
            var error = error
            error.sentence = "\(subscription.label) cannot be subscribed to: \(error.sentence)"
            return error
        }

        private func source(for subscription: Subscription) throws(BrokerError) -> ConsumerChannel.Source {
            switch (subscription.source, subscription.group) {
            case (.destination(let destination), let group):
                if let refusal = limits.refusal(of: destination.topic) { throw refusal.during(.subscribe) }
                switch (destination.kind, group) {
                case (.pubSub, _): return live(TopicPattern(destination.topic), isPattern: false)
                case (.queue, _): return .init(feeds: [.init(queue: queueName(of: destination, group: nil))])
                case (.stream, let group?):
                    return .init(feeds: [feed(of: destination, group)], isUntilEnd: subscription.until == .end)
                case (.stream, nil): throw Self.groupless(subscription)
                }
            case (.pattern(let pattern, .pubSub), _): return live(pattern, isPattern: true)
            case (.pattern(_, .stream), _) where subscription.until != nil:
                throw BrokerError(
                    .unsupported, "\(subscription.label) has several streams, and no end; name one", during: .subscribe)
            case (.pattern(let pattern, .stream), let group?):
                return .init(feeds: [], isPattern: true, streams: .init(pattern: pattern, group: group))
            case (.pattern(_, .stream), nil): throw Self.groupless(subscription)
            case (.pattern(let pattern, let kind), _):
                throw BrokerError(
                    .unsupported, "\(kind) \(pattern): a queue is subscribed to by its name", during: .subscribe)
            }
        }

        private static func groupless(_ subscription: Subscription) -> BrokerError {
            BrokerError(
                .invalidArgument, "\(subscription.label): a stream is subscribed to by a group; name one",
                during: .subscribe)
        }

        /// What a group of a stream receives by.
        private func feed(of destination: Destination, _ group: GroupName) -> ConsumerChannel.Feed {
            let declared = state.withLock { $0.declared[destination] }
            return .init(
                queue: queueName(of: destination, group: group), past: StreamNames(destination.topic).past(group),
                destination: destination, group: group, filter: declared?.groups[group]?.filter,
                isDeclared: declared?.groups[group] != nil,
                isOrdered: declared.map { $0.order != .none } ?? false)
        }

        /// The declared streams that a pattern selects and that have the group.
        func feeds(of streams: ConsumerChannel.Streams) -> [ConsumerChannel.Feed] {
            let declared = state.withLock { Array($0.declared.keys) }
            return declared.filter { $0.kind == .stream && streams.pattern.matches($0.topic) }
                .sorted { $0.topic.name < $1.topic.name }.map { feed(of: $0, streams.group) }
        }

        /// A queue of this connection's alone, bound to the exchange of pubSub, in which the oldest give way.
        private func live(_ pattern: TopicPattern, isPattern: Bool) -> ConsumerChannel.Source {
            let limits: [(String, WireValue)] = [
                ("x-max-length", .integer(100_000)), ("x-max-length-bytes", .integer(64 << 20)),
            ]
            return .init(
                feeds: [.init(queue: "")],
                preparing: [
                    .declareQueue("", isExclusive: true, limits),
                    .bindQueue("", to: pubSubExchange, key: pattern.bindingKey),
                ], isTransient: true, isPattern: isPattern)
        }
    }

    /// What RabbitMQ says of an argument of a queue that exists with another value.
    struct Inequivalence: Sendable {
        let argument: String
        let queue: String
        let asked: String
        let existing: String

        /// Reads "inequivalent arg 'x-max-length' for queue 'a' in vhost '/': received the value '5' of type 'long' but current
        /// is none"; nil for anything else.
        init?(_ sentence: String) {
            func value(after words: String) -> String? {
                guard let start = sentence.firstRange(of: words)?.upperBound else { return nil }
                let rest = sentence[start...]
                if rest.hasPrefix("none") { return "none" }
                let parts = rest.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
                let isValue = rest.hasPrefix("the value '") || rest.hasPrefix("'")
                return isValue && parts.count > 1 ? String(parts[1]) : nil
            }
            let parts = sentence.firstRange(of: "inequivalent arg '").map {
                sentence[$0.upperBound...].prefix { $0 != "'" }
            }
            queue =
                sentence.firstRange(of: "for queue '").map {
                    String(sentence[$0.upperBound...].prefix { $0 != "'" })
                } ?? ""
            guard let parts, let asked = value(after: "received "), let existing = value(after: "but current is ")
            else {
                return nil
            }
            (argument, self.asked, self.existing) = (String(parts), asked, existing)
        }

        /// The difference in the words of a declaration.
        func words(_ declaration: DestinationDeclaration) -> String {
            switch argument {
            case "x-single-active-consumer":
                let order = declaration.order == .none ? "key or all" : "none"
                return "its order is \(order), and \(declaration.order.rawValue) was asked for"
            case "x-max-priority":
                return "its highest priority is \(existing), and \(asked) was asked for"
            case "x-message-ttl":
                let times = [existing, asked].map { text in
                    Int64(text).map { "expires after \(Duration.milliseconds($0).optionText)" } ?? "does not expire"
                }
                return "what waits in it \(times[0]), and \(times[1]) was asked for"
            case "x-max-age": return "it keeps what was read for \(existing), and \(asked) were asked for"
            case "x-max-length-bytes"
            where declaration.destination.kind == .stream && declaration.maximumMessages != nil:
                let counts = [existing, asked].map { text in
                    Int(text).map { String($0 / RabbitMQBroker.entryBytes) } ?? text
                }
                return "it holds \(counts[0]) messages at most, and \(counts[1]) were asked for"
            case "x-max-length": return "it holds \(existing) messages at most, and \(asked) were asked for"
            case "x-max-length-bytes": return "it holds \(existing) bytes at most, and \(asked) were asked for"
            default: return "its argument \(argument) is \(existing), and \(asked) was asked for"
            }
        }
    }

    extension Subscription {
        /// The destination, where it is one.
        fileprivate var destination: Destination? {
            if case .destination(let destination) = source { destination } else { nil }
        }
    }

    extension TopicPattern {
        /// As AMQP writes it: `>` of NATS, one word or more, is `*.#`.
        var bindingKey: String {
            tokens.map { token in
                switch token {
                case .literal(let word): word
                case .one: "*"
                case .any: "#"
                case .rest: "*.#"
                }
            }.joined(separator: ".")
        }
    }

    /// Looks at, empties and deletes queues.
    struct RabbitMQTopology: TopologyAdministration {
        let broker: RabbitMQBroker

        func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
            if destination.kind == .pubSub {
                throw BrokerError(
                    .unsupported, "\(destination) keeps nothing, and the server does not tell who hears it")
            }
            let connection = try await broker.admin()
            if destination.kind == .stream, group == nil {
                try await broker.perform([.findQueue(StreamNames(destination.topic).log)], over: connection)
                throw BrokerError(.invalidArgument, "each group of \(destination) has a depth; name one")
            }
            let queue = broker.queueName(of: destination, group: group)
            let answer = try await broker.perform([.findQueue(queue)], over: connection)
            var past = 0
            if destination.kind == .stream, let group {
                let queue = StreamNames(destination.topic).past(group)
                if try await broker.exists(.findQueue(queue), over: connection) {
                    past = try await broker.perform([.findQueue(queue)], over: connection)?.messages ?? 0
                }
            }
            return DestinationDepth(
                waiting: (answer?.messages ?? 0) + past, held: nil, consumers: answer?.consumers ?? 0)
        }

        func purge(_ destination: Destination) async throws(BrokerError) -> Int {
            try broker.requireConnected(during: .declare)
            guard destination.kind == .queue else {
                throw BrokerError(.unsupported, "\(destination) cannot be purged; delete it, or a group of it")
            }
            let queue = broker.queueName(of: destination, group: nil)
            return try await broker.perform([.purgeQueue(queue)], over: try await broker.admin())?.messages ?? 0
        }

        func delete(_ destination: Destination) async throws(BrokerError) {
            let connection = try await broker.admin()
            switch destination.kind {
            case .pubSub: return
            case .queue:
                // The server would say that it has deleted what was not there.
                let name = destination.topic.name
                try await broker.perform([.findQueue(name), .deleteQueue(name)], over: connection)
            case .stream: try await delete(stream: destination, over: connection)
            }
            broker.state.withLock { state in
                state.declared[destination] = nil
                state.known.remove(destination.topic.name)
            }
        }

        private func delete(stream destination: Destination, over connection: AMQPConnection) async throws(BrokerError)
        {
            let names = StreamNames(destination.topic)
            try await broker.locked(names, over: connection) { () async throws(BrokerError) in
                let groups = try await broker.groups(of: names).keys.sorted { $0.name < $1.name }
                try await broker.perform(
                    [.deleteExchange(names.entry), .deleteExchange(names.inner)], over: connection)
                for group in groups { try await delete(queuesOf: group, names, over: connection) }
                try await broker.perform([.deleteQueue(names.log), .deleteQueue(names.groups)], over: connection)
            }
        }

        private func delete(
            queuesOf group: GroupName, _ names: StreamNames, over connection: AMQPConnection
        ) async throws(BrokerError) {
            // The ticket first: who completes the past then stops.
            let queues = [names.ticket(group), names.past(group), names.queue(group), names.members(group)]
            try await broker.perform(queues.map { .deleteQueue($0) }, over: connection)
            broker.state.withLock { state in for queue in queues { state.known.remove(queue) } }
        }

        func delete(_ group: GroupName, of destination: Destination) async throws(BrokerError) {
            guard destination.kind == .stream else {
                throw BrokerError(.unsupported, "\(destination) has no groups; only streams have")
            }
            let connection = try await broker.admin()
            try await delete(queuesOf: group, StreamNames(destination.topic), over: connection)
            broker.state.withLock { $0.declared[destination]?.groups[group] = nil }
        }
    }
#endif
