import Messaging

/// The administration of both brokers.
struct FailoverTopology: TopologyAdministration {
    let first: any TopologyAdministration
    let second: any TopologyAdministration
    let broker: FailoverBroker

    func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
        let (one, two) = (
            try await first.depth(of: destination, group: group), try await second.depth(of: destination, group: group)
        )
        var sum = one
        sum.waiting += two.waiting
        sum.held = one.held.flatMap { held in two.held.map { held + $0 } }
        sum.consumers = max(one.consumers, two.consumers)
        sum.oldest = [one.oldest, two.oldest].compactMap { $0 }.min()
        return sum
    }

    func purge(_ destination: Destination) async throws(BrokerError) -> Int {
        let count = try await first.purge(destination)
        return count + (try await second.purge(destination))
    }

    func delete(_ destination: Destination) async throws(BrokerError) {
        try await first.delete(destination)
        try await second.delete(destination)
    }

    func delete(_ group: GroupName, of destination: Destination) async throws(BrokerError) {
        try await first.delete(group, of: destination)
        try await second.delete(group, of: destination)
    }
}
