#if EventLoop
    import Foundation
    import Glibc

    extension ServerProgram {
        /// A RabbitMQ of this machine, as Debian installs it: a node of its own, with these lines in its configuration beside
        /// what it needs, and these plugins. Its ports: AMQP, the node's own, its name server's, and one for AMQP over TLS, which
        /// stands in a line as `{tls-port}`.
        ///
        /// Nil where none is installed.
        public static func rabbitMQ(_ lines: [String] = [], plugins: [String] = []) -> ServerProgram? {
            guard let script = rabbitMQScript else { return nil }
            // Its name server is started beside it, where the end of the group ends it too: RabbitMQ's own would outlive it.
            let start = #"""
                epmd -port "$ERL_EPMD_PORT" >/dev/null 2>&1 &
                i=0
                until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1 || [ $i -ge 200 ]; do i=$((i+1)); sleep 0.02; done
                exec "$0"
                """#
            var program = ServerProgram("rabbitmq") { _ in ["sh", "-c", start, script] }
            program.ports = 4
            program.environment = { place in
                let folder = place.directory
                return [
                    "HOME": folder, "RABBITMQ_NODENAME": "hub\(place.port)@localhost",
                    "RABBITMQ_NODE_IP_ADDRESS": place.host, "RABBITMQ_NODE_PORT": "\(place.port)",
                    "RABBITMQ_DIST_PORT": "\(place.ports[1])", "ERL_EPMD_PORT": "\(place.ports[2])",
                    "ERL_EPMD_ADDRESS": place.host, "RABBITMQ_MNESIA_BASE": folder + "/data",
                    "RABBITMQ_LOG_BASE": folder + "/log", "RABBITMQ_CONFIG_FILE": folder + "/rabbitmq",
                    "RABBITMQ_CONF_ENV_FILE": folder + "/environment", "RABBITMQ_PID_FILE": folder + "/pid",
                    "RABBITMQ_ENABLED_PLUGINS_FILE": folder + "/plugins",
                    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none",
                ]
            }
            program.isReady = { place in await place.answers() && isKept(place) }
            program.prepare = { place in
                let own = ["disk_free_limit.absolute = 1MB"]
                let text = (own + lines).joined(separator: "\n").replacing("{tls-port}", with: "\(place.ports[3])")
                try write(text + "\n", to: place.directory + "/rabbitmq.conf")
                try write("[\(plugins.joined(separator: ", "))].\n", to: place.directory + "/plugins")
                try write("", to: place.directory + "/environment")
            }
            return program
        }

        /// Whether the names of its quorum queues, which it reads and repairs when it starts, are on its disk again: killed
        /// before, it loses queues.
        private static func isKept(_ place: ServerPlace) -> Bool {
            let node = "hub\(place.port)@localhost"
            let path = "\(place.directory)/data/\(node)/quorum/\(node)/names.dets"
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            guard let moment = attributes?[.modificationDate] as? Date else { return false }
            return moment.timeIntervalSinceNow < -1.5
        }

        private static func write(_ text: String, to path: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }

        /// The server itself: the command in `PATH` insists on another user.
        private static var rabbitMQScript: String? {
            if let named = ProcessInfo.processInfo.environment["RABBITMQ_HOME"] {
                return named + "/sbin/rabbitmq-server"
            }
            let folder = "/usr/lib/rabbitmq/lib"
            let versions = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            let scripts = versions.sorted().map { "\(folder)/\($0)/sbin/rabbitmq-server" }
            return scripts.last { access($0, X_OK) == 0 }
        }
    }
#endif
