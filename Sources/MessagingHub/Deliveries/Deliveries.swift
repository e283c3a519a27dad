/// The deliveries of a subscription, one after the other, while `MessageHub.deliveries` runs. Several tasks may take from it:
/// each delivery goes to one of them.
public struct Deliveries: AsyncSequence, Sendable {
    /// A delivery that is to be handled.
    public typealias Element = PendingDelivery

    /// Takes the deliveries.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let handover: DeliveryHandover

        /// The next delivery, when there is one; nil when there will be none.
        public mutating func next() async throws -> PendingDelivery? { try await handover.next() }
    }

    private let handover: DeliveryHandover

    init(_ handover: DeliveryHandover) { self.handover = handover }

    /// Takes the deliveries, together with whoever else does.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handover: handover) }
}
