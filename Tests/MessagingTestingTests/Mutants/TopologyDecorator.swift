import Messaging

/// A power over the topology that stands before another one and passes on what it does not change.
protocol TopologyDecorator: TopologyAdministration {
    var base: any TopologyAdministration { get }
}

extension TopologyDecorator {
    func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
        try await base.depth(of: destination, group: group)
    }

    func purge(_ destination: Destination) async throws(BrokerError) -> Int { try await base.purge(destination) }

    func delete(_ destination: Destination) async throws(BrokerError) { try await base.delete(destination) }

    func delete(_ group: GroupName, of destination: Destination) async throws(BrokerError) {
        try await base.delete(group, of: destination)
    }
}
