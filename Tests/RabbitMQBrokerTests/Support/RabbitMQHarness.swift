#if RabbitMQ
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import RabbitMQBroker

    /// RabbitMQ under test: a server of this machine, and a proxy for each client process.
    struct RabbitMQHarness: ConformanceHarness {
        let process: ServerProcess
        /// Whether the server may be killed, frozen and started again.
        let isItsOwn: Bool
        let surroundings: Surroundings
        private let proxies: ProxyPool

        /// A harness on this server, with proxies that are there before the first broker is made.
        init(_ process: ServerProcess, isItsOwn: Bool) async throws {
            self.process = process
            self.isItsOwn = isItsOwn
            proxies = try await ProxyPool(process.place.port)
            surroundings = try await RabbitMQSurroundings(process: process).all
        }

        var name: String { "rabbitmq" }
        var heartbeat: Duration { .seconds(1) }
        /// A start takes 7 s, and over 20 s on a machine that is busy.
        var patience: Duration { .seconds(45) }
        var redeliveryTimeout: Duration { .milliseconds(500) }
        var server: (any BrokerProcess)? { isItsOwn ? process : nil }

        func launch() async throws -> LaunchedBroker {
            let proxy = try await proxies.take()
            let broker = RabbitMQBroker(process.place.configuration(at: proxy.port))
            let lent = ProxiedBroker(broker, proxy, proxies)
            return LaunchedBroker(
                lent,
                kill: {
                    try? await proxy.refuse()
                    await broker.close(within: .zero)
                }, link: proxy)
        }
    }

    /// A broker that gives its proxy back when nobody refers to it any more.
    private final class ProxiedBroker: BrokerDecorator {
        let base: any MessageBroker
        private let proxy: BrokerProxy
        private let pool: ProxyPool

        init(_ base: any MessageBroker, _ proxy: BrokerProxy, _ pool: ProxyPool) {
            self.base = base
            self.proxy = proxy
            self.pool = pool
        }

        deinit { pool.giveBack(proxy) }
    }

    /// Proxies to one server: making one opens sockets, which a scenario would count as the broker's.
    private actor ProxyPool {
        private let port: Int
        private var free: [BrokerProxy] = []
        private var restoring: [Task<Void, Never>] = []

        init(_ port: Int) async throws {
            self.port = port
            for _ in 0..<64 { free.append(try await BrokerProxy(to: "127.0.0.1", port: port)) }
        }

        func take() async throws -> BrokerProxy {
            if let proxy = free.popLast() { return proxy }
            return try await BrokerProxy(to: "127.0.0.1", port: port)
        }

        nonisolated func giveBack(_ proxy: BrokerProxy) { Task { await restore(proxy) } }

        private func restore(_ proxy: BrokerProxy) async {
            try? await proxy.cut()
            try? await proxy.restore()
            free.append(proxy)
        }
    }
#endif
