import Messaging

/// Who gets what.
enum SharingScenarios {
    static let all: [Scenario] = [
        Scenario(
            45, "Two consumers of a queue share its messages; each message goes to one of them.",
            why: "Each worker would do all of the work again.",
            .queue, body: consumersShare),
        Scenario(
            47, "Every group of a stream sees every message; members of a group share.",
            why: "A service would miss what another one has read, or its processes would repeat each other's work.",
            .stream, body: groupsSeeEverything),
        Scenario(
            49,
            """
            Where the declaration asks for order, order per key holds while members join and leave and after a \
            redelivery.
            """,
            why:
                "Changes of one account would be applied in the wrong order whenever a service is scaled or restarted.",
            .queue, .stream, needs: [.operation(.order)], body: OrderedRun.holdsWhileMembersChange),
        Scenario(
            50,
            "Every subscriber of pubSub sees what is published after it subscribed; one without subscribers is gone.",
            why: "A dashboard would show nothing though it listens, or old news when it begins to listen.",
            .pubSub, body: everySubscriberSees),
        Scenario(
            51,
            """
            A queue, or a stream with a declared group that starts at earliest, keeps what was published before the \
            first subscription; pubSub does not; on every broker alike.
            """,
            why:
                "Messages that are sent while a service is being installed would be lost on one broker and kept on another.",
            .queue, .stream, .pubSub, body: whatWaitsForTheFirst),
    ]

    /// Both members take turns until they have `count` together; each holds a window before it settles any.
    private static func share(
        _ context: ScenarioContext, _ members: [Member], _ count: Int, _ what: String
    ) async throws -> [Delivery] {
        var received: [Delivery] = []
        var shares = members.map { _ in 0 }
        for (index, member) in members.enumerated() {
            let first = try await member.take(1)
            received += first
            shares[index] += 1
        }
        let held = received
        for (member, delivery) in zip(members, held) { try await member.accept([delivery]) }
        var end = context.time.uptime + context.patience
        while received.count < count, context.time.uptime < end {
            for (index, member) in members.enumerated() {
                let some = try await member.receive(upTo: 5, within: .milliseconds(10))
                try await member.accept(some)
                shares[index] += some.count
                received += some
                if !some.isEmpty { end = context.time.uptime + context.patience }
            }
        }
        try context.require(!shares.contains(0), "\(what): the shares were \(shares)")
        return received
    }

    static func consumersShare(_ context: ScenarioContext) async throws {
        let (peer, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: peer)
        let members = [try await peer.subscribe(place, window: 10), try await other.subscribe(place, window: 10)]
        let messages = context.messages(100)
        try await peer.publish(messages, to: place)
        let received = try await share(context, members, 100, "two consumers of a queue")
        try context.requireExactly(received, messages.map(\.id), "two consumers of a queue together")
        for member in members { try await member.cancel() }
        try await context.nothingComesBack(from: place, because: "one of the two had accepted it")
    }

    static func groupsSeeEverything(_ context: ScenarioContext) async throws {
        let (peer, other) = (try await context.peer(), try await context.peer())
        let second = context.group()
        let place = try await context.place(by: peer) { $0.groups[second] = .init() }
        let messages = context.messages(100, keys: 50)
        var members: [[Member]] = []
        for group in [place, place.with(group: second)] {
            members.append([
                try await peer.subscribe(group, window: 10), try await other.subscribe(group, window: 10),
            ])
        }
        try await peer.publish(messages, to: place)
        for (number, group) in members.enumerated() {
            let received = try await share(context, group, 100, "two members of group \(number + 1)")
            try context.requireExactly(received, messages.map(\.id), "the members of group \(number + 1) together")
        }
    }

    static func everySubscriberSees(_ context: ScenarioContext) async throws {
        let publisher = try await context.peer()
        let place = try await context.place(by: publisher)
        try await publisher.publish(context.message("to-nobody"), to: place)
        var members: [Member] = []
        for _ in 0..<3 {
            let peer = try await context.peer()
            members.append(try await peer.subscribe(place))
        }
        members.append(try await publisher.subscribe(place))
        let messages = context.messages(20)
        try await publisher.publish(messages, to: place)
        let late = try await publisher.subscribe(place)
        let last = context.message("last")
        try await publisher.publish(last, to: place)
        for (number, member) in members.enumerated() {
            let received = try await member.take(21)
            try context.requireExactly(received, (messages + [last]).map(\.id), "subscriber \(number + 1) of pubSub")
        }
        try context.requireExactly(try await late.take(1), [last.id], "a subscriber that came later")
        for member in members + [late] {
            let more = try await member.receive(upTo: 10, within: .milliseconds(20))
            try context.requireExactly(more, [], "a subscriber that has seen everything")
        }
    }

    static func whatWaitsForTheFirst(_ context: ScenarioContext) async throws {
        let publisher = try await context.peer()
        let place = try await context.place(by: publisher)
        let early = context.messages(3)
        try await publisher.publish(early, to: place)
        await publisher.close()
        let peer = try await context.peer()
        let member = try await peer.subscribe(place)
        let later = context.message("later")
        try await peer.publish(later, to: place)
        let kept = context.kind == .pubSub ? [] : early
        let received = try await member.take(kept.count + 1)
        try context.requireExactly(received, (kept + [later]).map(\.id), "the first subscription of a \(context.kind)")
        let more = try await member.receive(upTo: 10, within: .milliseconds(50))
        try context.requireExactly(more, [], "a subscriber that has seen everything")
    }
}
