import Messaging

extension InMemoryTopology {
    func delete(_ group: GroupName, of destination: Destination) async throws(BrokerError) {
        try await broker.server.answers(broker.connection)
        let problem: BrokerError? = broker.server.change { state, effects in
            if let problem = state.problem(with: broker.connection) { return problem }
            state.connections[broker.connection].declared[destination]?.groups[group] = nil
            return state.delete(group, of: destination, &effects)
        }
        if let problem { throw problem }
    }
}

extension ServerState {
    /// Deletes a group; its consumers end, and what it alone kept in its stream may go.
    mutating func delete(
        _ group: GroupName, of destination: Destination, _ effects: inout Effects
    ) -> BrokerError? {
        guard case .stream(let stream) = places[destination], let inbox = streams[stream].groups[group] else {
            return BrokerError(.noSuchDestination, "group \(group) of \(destination) does not exist")
        }
        streams[stream].groups[group] = nil
        drop(inbox, because: .ended(.deleted, "group \(group) of \(destination) was deleted"), &effects)
        wakePublishers(ofStream: stream, &effects)
        return nil
    }
}
