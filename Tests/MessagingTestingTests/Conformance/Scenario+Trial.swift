import Messaging
import MessagingTesting

extension Scenario {
    /// A scenario of a test's own, which need not say why.
    init(
        _ number: Int, _ sentence: String, _ kinds: DestinationKind..., needs: [Need] = [],
        body: @escaping @Sendable (ScenarioContext) async throws -> Void
    ) {
        self.init(number, sentence, why: "It is tried out.", of: kinds, needs: needs, body: body)
    }
}
