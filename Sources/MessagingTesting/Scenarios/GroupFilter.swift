import Messaging

/// Scenario 55: eight messages, and the groups that see some of them.
struct GroupFilter {
    private static let headers: [Headers] = [
        ["colour": "red", "size": "large"],
        ["colour": "red"],
        ["colour": "blue", "size": "large"],
        ["colour": "blue"],
        [:],
        ["colour": "Red"],
        ["colour": "reddish"],
        ["colour": "blue", "colour": "red", "size": "large"],
    ]

    /// A filter, and which of the messages it lets through.
    private static let filters: [(HeaderFilter?, [Int])] = [
        (nil, Array(0..<8)),
        (HeaderFilter(.all, ["colour": "red", "size": "large"]), [0, 7]),
        (HeaderFilter(.any, ["colour": "red", "size": "large"]), [0, 1, 2, 7]),
    ]

    private let context: ScenarioContext
    private let peer: Peer
    private let place: Place
    private let groups: [GroupName]

    static func letsThroughWhatMatches(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let groups = filters.map { _ in context.group() }
        let place = try await context.place(by: peer) { declaration in
            for (group, (filter, _)) in zip(groups, filters) { declaration.groups[group] = .init(filter: filter) }
        }
        let run = GroupFilter(context: context, peer: peer, place: place, groups: groups)
        let messages = headers.map { headers in
            var message = context.message()
            message.headers = headers
            return message
        }
        let other = try await context.peer()
        try await other.publish(messages, to: place)
        for (group, (_, passing)) in zip(groups, filters) {
            try await run.requireExactly(passing.map { messages[$0].id }, of: messages.count, by: group)
        }
        try await run.requireConflict(by: other)
        try await run.requireRefused(by: other)
    }

    /// A group receives these, and health counts the others.
    private func requireExactly(_ passing: [MessageID], of count: Int, by group: GroupName) async throws {
        let member = try await peer.subscribe(place.with(group: group))
        let received = try await member.take(passing.count)
        let more = try await member.receive(upTo: 10, within: .milliseconds(50))
        let what = "a filter that lets \(passing.count) of \(count) through"
        try context.requireExactly(received + more, passing, what)
        try await member.accept(received)
        let label = Subscription(place.destination, group: group).label
        let end = context.time.uptime + context.patience
        var counted: Int?
        while counted != count - passing.count {
            try context.require(
                context.time.uptime < end,
                "\(what) has health count \(counted.map(String.init) ?? "none") passed over, not \(count - passing.count)"
            )
            counted = await peer.broker.health().subscriptions.first { $0.label == label }?.filtered
            if counted != count - passing.count { try await context.time.sleep(for: .milliseconds(10)) }
        }
        try await member.cancel()
    }

    /// The second group exists with its filter: another one, or none, is a conflict and changes nothing.
    private func requireConflict(by other: Peer) async throws {
        let (group, existing) = (groups[1], Self.filters[1].0)
        for asked in [HeaderFilter(.all, ["colour": "blue"]), HeaderFilter(.any, existing?.values ?? [:]), nil] {
            do {
                try await declare(asked, by: other)
            } catch let error as BrokerError {
                try context.require(error.code == .conflict, "a group with another filter was answered \(error)")
                continue
            }
            throw ScenarioFailure("declaring a group with another filter succeeded")
        }
        try await declare(existing, by: other)
        var (blue, red) = (context.message("blue"), context.message("red"))
        blue.headers = ["colour": "blue"]
        red.headers = ["colour": "red", "size": "large"]
        try await other.publish([blue, red], to: place)
        let member = try await peer.subscribe(place.with(group: group))
        try context.requireExactly(try await member.take(1), [red.id], "a group whose filter was asked to be another")
        try await member.cancel()
    }

    private func declare(_ filter: HeaderFilter?, by other: Peer) async throws {
        var declaration = DestinationDeclaration(place.destination)
        declaration.groups[groups[1]] = .init(filter: filter)
        try await other.declare([declaration])
    }

    /// A queue has no groups, and so no filter; it is not made either.
    private func requireRefused(by other: Peer) async throws {
        let queue = context.nowhere(.queue)
        var declaration = DestinationDeclaration(queue.destination)
        declaration.groups[groups[1]] = .init(filter: HeaderFilter(["colour": "red"]))
        do {
            try await other.declare([declaration])
        } catch let error as BrokerError {
            try context.require(
                error.code == .invalidArgument || error.code == .unsupported,
                "a filter on a queue was answered \(error)")
            let message = context.message()
            return try context.requireRefused(
                try await other.outcomes(of: [message], to: queue)[0], .noSuchDestination, message,
                "publish to a queue whose filter was refused")
        }
        throw ScenarioFailure("declaring a queue with a filter succeeded")
    }
}
