#if RabbitMQ
    import Messaging
    import MessagingFaults
    import RabbitMQBroker

    @testable import MessagingTesting

    /// What an operator does to a RabbitMQ with `rabbitmqctl`.
    extension ServerProcess {
        /// Does something while the server accepts no messages, because it is over its memory limit.
        func withoutMemory<Result>(_ body: () async throws -> Result) async throws -> Result {
            try await limitMemory(to: "0")
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            try await limitMemory(to: "0.4")
            return try result.get()
        }

        private func limitMemory(to part: String) async throws {
            _ = try await evaluates("vm_memory_monitor:set_vm_memory_high_watermark(\(part)).")
        }

        /// Closes every connection.
        func closeConnections() async throws {
            _ = try await evaluates(
                """
                lists:foreach(fun(C) -> rabbit_networking:close_connection(C, <<"a test">>) end, \
                rabbit_networking:connections()).
                """)
        }

        /// Deletes a queue, whoever consumes from it.
        func deleteQueue(_ name: String) async throws {
            _ = try await evaluates(
                """
                {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"\(name)">>)), \
                {ok, _} = rabbit_amqqueue:delete(Queue, false, false, <<"a test">>).
                """)
        }

        /// How many connections and channels there are.
        var links: [Int] {
            get async throws {
                try await evaluates("{length(rabbit_networking:connections()), length(rabbit_channel:list())}.")
                    .split { !$0.isNumber }.compactMap { Int($0) }
            }
        }
    }

    extension Peer {
        /// The broker behind all that stands before it.
        var rabbit: RabbitMQBroker? {
            var broker = broker
            while let front = broker as? any BrokerDecorator { broker = front.base }
            return broker as? RabbitMQBroker
        }

        /// The proxy that it connects through.
        var proxy: BrokerProxy? { (link as? RecordedLink)?.base as? BrokerProxy }
    }
#endif
