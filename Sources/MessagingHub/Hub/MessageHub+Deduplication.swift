import Messaging
import MessagingReliability

extension MessageHub {
    /// The stage of deduplication of a subscription; nil where its route has none.
    func deduplicator(
        for subscription: Subscription, of route: Route, on broker: any MessageBroker,
        _ destinations: DeliveryDestinations, _ observer: HubObserver
    ) -> Deduplicator? {
        guard let policy = route.configuration.deduplicate else { return nil }
        let place = Deduplicator.Place(broker: broker.name, route: route.name.name, group: subscription.group) {
            destinations.origin(of: $0)
        }
        return Deduplicator(
            policy, deduplication, at: place, isOrdered: route.configuration.isOrdered, time: environment.time,
            counters: publishers.counters, observer: observer)
    }
}
