#if EventLoop
    /// A program that serves on a port of this machine, and how it is started.
    public struct ServerProgram: Sendable {
        /// Its name, for sentences and for its folder.
        public var name: String
        /// The program and its arguments, for a place; searched for in `PATH` where it has no slash.
        public var command: @Sendable (ServerPlace) -> [String]
        /// Variables that it gets beside those of this process. Default: none.
        public var environment: @Sendable (ServerPlace) -> [String: String] = { _ in [:] }
        /// How many ports it needs. Default: 1.
        public var ports = 1
        /// Called before each start: writes what the program reads. Default: nothing.
        public var prepare: @Sendable (ServerPlace) throws -> Void = { _ in }
        /// Asked again and again after a start until it says true. Default: whether its first port can be connected to.
        public var isReady: @Sendable (ServerPlace) async -> Bool = { await $0.answers() }
        /// How long it may take to become ready, and to end when it is asked to. Default: 60 s.
        public var patience: Duration = .seconds(60)

        /// A program with everything else at its default.
        public init(_ name: String, command: @escaping @Sendable (ServerPlace) -> [String]) {
            self.name = name
            self.command = command
        }
    }
#endif
