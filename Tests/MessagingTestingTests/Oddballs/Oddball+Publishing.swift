import Messaging
import MessagingTesting

extension Oddball {
    /// Odd in how they connect and publish.
    static let ofPublishing: [Oddball] = [
        Oddball("confirms out of order: each publish is answered up to four milliseconds late") {
            .odd(
                .publishing { broker, messages, destination, options in
                    let answer: Result<PublishReceipt, any Error>
                    do {
                        answer = .success(try await broker.publish(messages, to: destination, options: options))
                    } catch { answer = .failure(error) }
                    try? await SystemTime.shared.sleep(for: .microseconds(.random(in: 0...4000)))
                    return try answer.get()
                })
        },
        Oddball("publishes the messages of a call one by one, and keeps no order") {
            .odd(.publishing(Self.oneByOne), without: [.order])
        },
        Oddball("connects, subscribes and closes 10 milliseconds late") {
            var flaw = Flaw()
            flaw.connect = { broker, reporting in
                try? await SystemTime.shared.sleep(for: .milliseconds(10))
                try await broker.connect(reporting: reporting)
            }
            flaw.subscribe = { broker, subscription in
                try? await SystemTime.shared.sleep(for: .milliseconds(10))
                return try await broker.subscribe(subscription)
            }
            flaw.close = { broker, grace in
                try? await SystemTime.shared.sleep(for: .milliseconds(10))
                await broker.close(within: grace)
            }
            return .odd(flaw)
        },
        Oddball("positions are texts that only the broker understands") { .odd(.givingOpaquePositions()) },
    ]

    /// Each message in a call of its own, within the deadline of all.
    @Sendable private static func oneByOne(
        _ broker: any MessageBroker, _ messages: [Message], _ destination: Destination, _ options: PublishOptions
    ) async throws -> PublishReceipt {
        let end = SystemTime.shared.uptime + options.deadline
        var (failures, positions) = ([Int: PublishFailure.Outcome](), [Position]())
        for (index, message) in messages.enumerated() {
            var options = options
            options.deadline = max(.zero, end - SystemTime.shared.uptime)
            do {
                positions += try await broker.publish([message], to: destination, options: options).positions
            } catch {
                failures[index] = error.outcomes[0]
                if options.positions { positions.append(.none) }
            }
        }
        if !failures.isEmpty { throw PublishFailure(failures, of: messages.count) }
        return PublishReceipt(positions: positions)
    }
}

extension Position {
    /// The same in a text of which nobody can read the numbers.
    fileprivate var opaque: Position { self == .none ? self : Position("@\(description)@") ?? self }

    /// What an opaque text stands for; any other text stands for itself.
    fileprivate var clear: Position {
        let text = description
        guard text.hasPrefix("@"), text.hasSuffix("@") else { return self }
        return Position(String(text.dropFirst().dropLast())) ?? self
    }
}

extension StartPosition {
    fileprivate var clear: StartPosition {
        if case .position(let position) = self { .position(position.clear) } else { self }
    }
}

extension BrokerError {
    /// The same, but the first position that there is, if it says so, is such a text.
    fileprivate var withOpaqueFirst: BrokerError {
        guard let first = details["first"].flatMap({ Position($0) })?.opaque else { return self }
        var error = self
        error.sentence += ", which is \(first)"
        error.details["first"] = first.description
        return error
    }
}

extension Delivery {
    fileprivate var withOpaquePosition: Delivery {
        var delivery = self
        delivery.position = position.opaque
        return delivery
    }
}

extension Flaw {
    /// Positions go out as texts and come back as them.
    fileprivate static func givingOpaquePositions() -> Flaw {
        var flaw = Flaw.ofConsumer { base, _, _ in .receiving(base) { $0.map(\.withOpaquePosition) } }
        flaw.publish = { broker, messages, destination, options in
            var receipt = try await broker.publish(messages, to: destination, options: options)
            receipt.positions = receipt.positions.map(\.opaque)
            return receipt
        }
        flaw.declare = { broker, declarations in
            let declarations = declarations.map { declaration in
                var declaration = declaration
                for (name, group) in declaration.groups { declaration.groups[name]?.start = group.start.clear }
                return declaration
            }
            do throws(BrokerError) { try await broker.declare(declarations) } catch { throw error.withOpaqueFirst }
        }
        flaw.replay = { broker in broker.replay.map { OpaqueReplay(base: $0) } }
        return flaw
    }
}

private struct OpaqueReplay: Replaying {
    let base: any Replaying

    func reader(
        of destination: Destination, from start: StartPosition, until: Subscription.Until?
    ) async throws(BrokerError) -> any ReplayReader {
        do {
            return OpaqueReader(base: try await base.reader(of: destination, from: start.clear, until: until))
        } catch {
            throw error.withOpaqueFirst
        }
    }

    func end(of destination: Destination) async throws(BrokerError) -> Position {
        try await base.end(of: destination).opaque
    }

    private struct OpaqueReader: ReplayReader {
        let base: any ReplayReader

        func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
            do {
                return try await base.receive(upTo: limit, within: wait).map(\.withOpaquePosition)
            } catch {
                throw error.withOpaqueFirst
            }
        }

        func cancel() async { await base.cancel() }
    }
}
