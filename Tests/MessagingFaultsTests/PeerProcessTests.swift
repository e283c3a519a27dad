#if EventLoop
    import Foundation
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import Testing

    @Suite("Peer processes") struct PeerProcessTests {
        private static var program: String {
            Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("peer").path ?? "peer"
        }

        /// A configuration of one broker in memory.
        private func withOrder(_ body: (PeerOrder) async throws -> Void) async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("peer-\(UUID().uuidString).yaml")
            let routes = "routes: { jobs: { topic: jobs, kind: queue, broker: main } }"
            try Data("brokers: { main: { type: inmemory } }\n\(routes)\n".utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            var order = PeerOrder(file.path, broker: "main", Destination("jobs", .queue))
            order.declares = true
            try await body(order)
        }

        @Test("A publisher reports every confirmation and ends") func publishes() async throws {
            try await withOrder { order in
                var order = order
                order.publishes = 100
                let peer = try PeerProcess(Self.program, order)
                #expect(await peer.end(within: .seconds(60)) == 0)
                #expect(peer.events.value.first == .ready)
                let confirmed = peer.events.value.dropFirst().filter { if case .confirmed = $0 { true } else { false } }
                #expect(confirmed.count == 100)
                #expect(Set(confirmed).count == 100)
                #expect(peer.events.value.count == 101)
            }
        }

        @Test("Killed in the middle, it has reported whole lines alone") func killed() async throws {
            try await withOrder { order in
                var order = order
                order.publishes = 100_000_000
                order.consumes = true
                let peer = try PeerProcess(Self.program, order)
                let isBusy: @Sendable ([PeerEvent]) -> Bool = { events in
                    events.count > 1_000 && events.contains { if case .settled = $0 { true } else { false } }
                }
                #expect(await peer.events.first(within: .seconds(60), where: isBusy) != nil)
                await peer.kill()
                #expect(await peer.end(within: .seconds(1)) == -SIGKILL)
                let events = peer.events.value
                var (confirmed, received) = (Set<MessageID>(), Set<MessageID>())
                for event in events {
                    switch event {
                    case .ready: break
                    case .confirmed(let id): #expect(confirmed.insert(id).inserted)
                    case .received(let id, let attempt):
                        #expect(attempt == 1)
                        #expect(received.insert(id).inserted)
                    case .settled(let id): #expect(received.contains(id))
                    default: Issue.record("unexpected: \(event)")
                    }
                }
                #expect(!confirmed.isEmpty)
                #expect(!received.isEmpty)
            }
        }

        @Test("What cannot be done is reported") func fails() async throws {
            try await withOrder { order in
                var order = order
                order.broker = "other"
                let peer = try PeerProcess(Self.program, order)
                #expect(await peer.end(within: .seconds(60)) == 1)
                guard case .failed(let sentence) = peer.events.value.first else {
                    Issue.record("\(peer.events.value)")
                    return
                }
                #expect(sentence.contains("names no broker other"))
            }
        }

        @Test("Every event is read as it was written") func lines() {
            let id = MessageID()
            let events: [PeerEvent] = [
                .ready, .confirmed(id), .refused(id), .unknown(id), .received(id, attempt: 3), .settled(id), .stale(id),
                .failed("a sentence: with words"),
            ]
            for event in events { #expect(PeerEvent(line: event.line) == event) }
            for line in ["", "confirmed", "confirmed x", "received \(id)", "received \(id) x", "ready now"] {
                guard case .failed = PeerEvent(line: line) else {
                    Issue.record("\(line) has no meaning")
                    continue
                }
            }
        }

        @Test("Every order is read as it was written") func orders() throws {
            var order = PeerOrder("a file.yaml", broker: "main", Destination("jobs.new", .stream), group: "billing")
            #expect(try PeerOrder(arguments: order.arguments) == order)
            order.declares = true
            order.publishes = 12
            order.consumes = true
            #expect(try PeerOrder(arguments: order.arguments) == order)
            #expect(throws: BrokerError.self) { try PeerOrder(arguments: ["a", "b", "c", "d"]) }
            #expect(throws: BrokerError.self) { try PeerOrder(arguments: order.arguments + ["--what"]) }
        }
    }
#endif
