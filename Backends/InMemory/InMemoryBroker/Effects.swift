import Messaging

/// What is to be done once the server's lock is released: waiting tasks to wake, events to report.
struct Effects: Sendable {
    private var first: Waiter<Void>?
    private var others: [Waiter<Void>] = []
    private var reporters: [Reporter] = []

    mutating func wake(_ waiter: Waiter<Void>) {
        if first == nil { first = waiter } else { others.append(waiter) }
    }

    mutating func report(_ event: BrokerEvent, to reporter: Reporter) {
        reporter.add(event)
        reporters.append(reporter)
    }

    func perform(on server: InMemoryServer) {
        first?.resolve(())
        if !others.isEmpty { for waiter in others { waiter.resolve(()) } }
        if !reporters.isEmpty {
            for reporter in reporters { reporter.deliver() }
            // One of them may be that a connection went down, and it comes up again by itself.
            server.reconnectLater()
        }
    }
}
