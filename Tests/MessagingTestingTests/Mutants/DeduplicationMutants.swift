import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

extension Mutant {
    /// Flaws of deduplication: of the store, and of what the hub is told.
    static let deduplication: [Mutant] = [
        Mutant(
            "what was handled is forgotten at once",
            caughtBy: [
                .init(93, "20 messages that came twice were run ", .hub),
                .init(94, "the copy that waited was not known when its original was done", .hub),
                .init(95, "messages that came a second time … were handled again", .hub),
            ]
        ) {
            .ofStore { store in
                FlawedStore(store, finish: { key, holder, _ in try await store.free(key, by: holder) })
            }
        },
        Mutant(
            "the hub deduplicates nothing",
            caughtBy: [
                .init(93, "20 messages that came twice were run ", .hub),
                .init(94, "was run twice at once, with a lease of 1m", .hub),
                .init(95, "messages that came a second time … were handled again", .hub),
            ]
        ) { .ofRoutes { $0.deduplicate = nil } },
        Mutant(
            "a key stays done though its handler failed",
            caughtBy: [.init(93, "the first copy failed, and the second was never handled", .hub)]
        ) {
            .ofStore { store in
                FlawedStore(
                    store,
                    free: { key, holder in
                        try await store.finish(key, by: holder, keeping: DeduplicationPolicy().retention)
                    })
            }
        },
        Mutant(
            "a key is done before its handler has run",
            caughtBy: [.init(93, "the first copy failed, and the second was never handled", .hub)], spoiling: [94]
        ) {
            .ofStore { store in
                FlawedStore(
                    store,
                    begin: { key, holder, lease in
                        let answer = try await store.begin(key, by: holder, for: lease)
                        if answer == .fresh {
                            try await store.finish(key, by: holder, keeping: DeduplicationPolicy().retention)
                        }
                        return answer
                    })
            }
        },
        Mutant(
            "the lease of a dead process does not end",
            caughtBy: [.init(93, "its process died with the message, and it was never handled again", .hub)]
        ) {
            .ofStore { store in
                FlawedStore(store, begin: { try await store.begin($0, by: $1, for: $2 * 1_000_000) })
            }
        },
        Mutant(
            "a lease is an hour short",
            caughtBy: [.init(94, "was run twice at once, with a lease of 1m", .hub)], spoiling: [93]
        ) {
            .ofStore { store in
                FlawedStore(store, begin: { try await store.begin($0, by: $1, for: $2 - .seconds(3600)) })
            }
        },
        Mutant(
            "a lease is not renewed while its handler works",
            caughtBy: [.init(94, "was run twice at once, with a lease of 1m", .hub)]
        ) { .ofStore { FlawedStore($0, renew: { _, _, _ in true }) } },
        Mutant(
            "ids and topics are compared without regard to case",
            caughtBy: [.init(95, "messages that look alike … were handled: the others were taken for them", .hub)]
        ) { .ofKeys { $0.with(topic: $0.destination.topic.name.lowercased()) } },
        Mutant(
            "ids are compared whatever their topic",
            caughtBy: [.init(95, "messages that look alike … were handled: the others were taken for them", .hub)]
        ) { .ofKeys { $0.with(topic: "any") } },
        Mutant(
            "topics are compared by their beginnings",
            caughtBy: [.init(95, "messages that look alike … were handled: the others were taken for them", .hub)]
        ) { .ofKeys { $0.with(topic: String($0.destination.topic.name.dropLast())) } },
        Mutant(
            "of an id the first half is compared",
            caughtBy: [.init(95, "messages that look alike … were handled: the others were taken for them", .hub)],
            spoiling: [93]
        ) { .ofKeys { $0.with(id: MessageID(high: $0.id.high, low: 0)) } },
        Mutant(
            "of an id the last half is compared",
            caughtBy: [.init(95, "messages that look alike … were handled: the others were taken for them", .hub)]
        ) { .ofKeys { $0.with(id: MessageID(high: 0, low: $0.id.low)) } },
        Mutant(
            "of an id the sum is compared",
            caughtBy: [.init(95, "messages that look alike … were handled: the others were taken for them", .hub)]
        ) { .ofKeys { $0.with(id: MessageID(high: 0, low: $0.id.high ^ $0.id.low)) } },
        Mutant(
            "the groups of a stream are one",
            caughtBy: [.init(95, "messages that look alike … were handled: the others were taken for them", .hub)],
            for: [.stream]
        ) {
            .ofKeys { key in
                DeduplicationKey(broker: key.broker, route: key.route, destination: key.destination, id: key.id)
            }
        },
        Mutant(
            "topic and group are joined by a hyphen",
            caughtBy: [.init(95, "messages that look alike … were handled: the others were taken for them", .hub)],
            for: [.stream]
        ) {
            .ofKeys { key in
                let topic = Topic(stringLiteral: "\(key.destination.topic)-\(key.group?.name ?? "")")
                return DeduplicationKey(
                    broker: key.broker, route: key.route, destination: Destination(topic, key.destination.kind),
                    id: key.id)
            }
        },
    ]
}

extension Flaw {
    /// A flaw of the store that remembers what was handled.
    static func ofStore(_ make: @escaping @Sendable (any DeduplicationStore) -> FlawedStore) -> Flaw {
        var flaw = Flaw()
        flaw.store = make
        return flaw
    }

    /// A flaw of how keys are compared.
    static func ofKeys(_ edit: @escaping @Sendable (DeduplicationKey) -> DeduplicationKey) -> Flaw {
        .ofStore { store in
            FlawedStore(
                store, begin: { try await store.begin(edit($0), by: $1, for: $2) },
                renew: { try await store.renew(edit($0), by: $1, for: $2) },
                finish: { try await store.finish(edit($0), by: $1, keeping: $2) },
                free: { try await store.free(edit($0), by: $1) })
        }
    }
}

extension DeduplicationKey {
    fileprivate func with(topic: String) -> DeduplicationKey {
        DeduplicationKey(
            broker: broker, route: route, destination: Destination(Topic(stringLiteral: topic), destination.kind),
            group: group, id: id)
    }

    fileprivate func with(id: MessageID) -> DeduplicationKey {
        DeduplicationKey(broker: broker, route: route, destination: destination, group: group, id: id)
    }
}
