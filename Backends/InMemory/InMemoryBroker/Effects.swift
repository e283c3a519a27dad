import Messaging

/// What is to be done once the server's lock is released: waiting tasks to wake, events to report.
struct Effects: Sendable {
    private var first: Waiter<Void>?
    private var others: [Waiter<Void>] = []
    private var events: [(report: @Sendable (BrokerEvent) -> Void, event: BrokerEvent)] = []

    mutating func wake(_ waiter: Waiter<Void>) {
        if first == nil { first = waiter } else { others.append(waiter) }
    }

    mutating func report(_ event: BrokerEvent, to report: @escaping @Sendable (BrokerEvent) -> Void) {
        events.append((report, event))
    }

    func perform(on server: InMemoryServer) {
        first?.resolve(())
        if !others.isEmpty { for waiter in others { waiter.resolve(()) } }
        if !events.isEmpty {
            for (report, event) in events { report(event) }
            // One of them may be that a connection went down, and it comes up again by itself.
            server.reconnectLater()
        }
    }
}
