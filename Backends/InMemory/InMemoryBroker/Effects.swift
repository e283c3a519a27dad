import Messaging

/// What is to be done once the server's lock is released: waiting tasks to wake, events to report, a moment to look at.
struct Effects: Sendable {
    private var first: Waiter<Void>?
    private var others: [Waiter<Void>] = []
    private var reporters: [Reporter] = []
    private var nextLook: Timestamp?

    mutating func wake(_ waiter: Waiter<Void>) {
        if first == nil { first = waiter } else { others.append(waiter) }
    }

    mutating func report(_ event: BrokerEvent, to reporter: Reporter) {
        reporter.add(event)
        reporters.append(reporter)
    }

    /// Something expires at this moment that nobody may ask for.
    mutating func look(at moment: Timestamp) { nextLook = min(nextLook ?? moment, moment) }

    func perform(on server: InMemoryServer) {
        first?.resolve(())
        if !others.isEmpty { for waiter in others { waiter.resolve(()) } }
        if let nextLook { server.look(at: nextLook) }
        if !reporters.isEmpty {
            for reporter in reporters { reporter.deliver() }
            // One of them may be that a connection went down, and it comes up again by itself.
            server.reconnectLater()
        }
    }
}
