public import Messaging
public import MessagingHub

/// How a test hub is run.
public struct TestHubOptions: Sendable {
    /// Puts something before a broker, with the clock to wait on.
    public typealias Decoration = @Sendable (any MessageBroker, any TimeSource) -> any MessageBroker

    /// How many runs of handlers one call of the test may cause; more are a loop, and an error. Default: 10,000.
    public var stepLimit: Int
    /// How long a call of the test may take to come to rest, in the machine's time. Default: 30 s.
    public var patience: Duration
    /// Where the hub logs. Default: nowhere.
    public var log: any LogSink
    /// What stands before each broker, such as a plan of faults: it is given the hub's clock. Default: nothing.
    public var decorate: Decoration

    /// The middlewares of the program under test. Default: none.
    public var middlewares: [any Middleware]

    /// These options.
    public init(
        stepLimit: Int = 10_000, patience: Duration = .seconds(30), log: any LogSink = NoLog(),
        middlewares: [any Middleware] = [],
        decorating decorate: @escaping Decoration = { broker, _ in broker }
    ) {
        self.stepLimit = stepLimit
        self.patience = patience
        self.log = log
        self.decorate = decorate
        self.middlewares = middlewares
    }
}
