import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of receiving.
    static let receiving: [Mutant] = [
        Mutant(
            "receive waits until its limit is reached",
            caughtBy: [
                .init(38, "a receive of up to 100 with one message there took over 250ms in two of three tries")
            ], spoiling: [2, 16, 17, 18, 20, 21, 22, 40, 54, 86, 87, 92, 93, 94, 95, 100, 101], byChance: [19]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    let end = SystemTime.shared.uptime + wait
                    var taken: [Delivery] = []
                    repeat {
                        let rest = max(.zero, end - SystemTime.shared.uptime)
                        taken += try await base.receive(upTo: limit - taken.count, within: rest)
                    } while taken.count < limit && SystemTime.shared.uptime < end
                    return taken
                }
            }
        },
        Mutant(
            "receive returns empty before its wait has passed",
            caughtBy: [
                .init(39, "a receive within 100ms returned empty after")
            ]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in try await base.receive(upTo: limit, within: wait / 2) }
            }
        },
        Mutant(
            "receive returns empty half a second after its wait",
            caughtBy: [
                .init(39, "beyond its wait, a receive of nothing took over 250ms in two of three tries")
            ], spoiling: [12]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    try await base.receive(upTo: limit, within: wait + .milliseconds(500))
                }
            }
        },
        Mutant(
            "two receives of three return half a second after their wait",
            caughtBy: [
                .init(39, "beyond its wait, a receive of nothing took over 250ms in two of three tries")
            ], spoiling: [12]
        ) {
            let count = Observed(0)
            return .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    let number = count.change { count in
                        count += 1
                        return count
                    }
                    let late = number % 3 == 1 ? Duration.zero : .milliseconds(500)
                    return try await base.receive(upTo: limit, within: wait + late)
                }
            }
        },
        Mutant(
            "every tenth receive takes 300 ms longer than it must, though it is cancelled",
            caughtBy: [
                .init(40, "a cancelled receive took over 100ms to end, at points")
            ]
        ) {
            let count = Observed(0)
            return .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    let isLate = count.change { count in
                        count += 1
                        return count % 10 == 0
                    }
                    let late = Task { if isLate { try await SystemTime.shared.sleep(for: .milliseconds(300)) } }
                    let result: Result<[Delivery], any Error>
                    do { result = .success(try await base.receive(upTo: limit, within: wait)) } catch {
                        result = .failure(error)
                    }
                    _ = await late.result
                    return try result.get()
                }
            }
        },
        Mutant(
            "a cancelled receive drops what it had just got",
            caughtBy: [
                .init(40, "received … from …, and then none for 1500ms")
            ]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    let deliveries = try await base.receive(upTo: limit, within: wait)
                    _ = try? await SystemTime.shared.sleep(for: .microseconds(200))
                    if Task.isCancelled { throw BrokerError(.cancelled, "the task was cancelled", during: .receive) }
                    return deliveries
                }
            }
        },
        Mutant(
            "a receive that waits is deaf to cancellation",
            caughtBy: [
                .init(40, "a cancelled receive of nothing took over 100ms in two of three tries")
            ], spoiling: [20]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    let receiving = Task { try await base.receive(upTo: limit, within: min(wait, .seconds(1))) }
                    let result = await receiving.result
                    if Task.isCancelled, (try? result.get())?.isEmpty ?? true {
                        throw BrokerError(.cancelled, "the task was cancelled", during: .receive)
                    }
                    do { return try result.get() } catch let error as BrokerError { throw error } catch { return [] }
                }
            }
        },
        Mutant(
            "whoever waits beside a receive that is cancelled hears nothing for two seconds",
            caughtBy: [
                .init(40, "a message waited for 750ms beside a member that received, since others were cancelled")
            ], spoiling: [20], for: [.queue]
        ) { .deafBesideCancelled() },
        Mutant(
            "the window is four times as wide as asked",
            caughtBy: [
                .init(41, "at first, a window of 4 held 12 deliveries")
            ], spoiling: [46], for: [.queue, .stream]
        ) {
            .ofSubscriptions { $0.window *= 4 }
        },
        Mutant(
            "the window in bytes is not kept",
            caughtBy: [
                .init(41, "a window of 1000 bytes held 4 bodies of 600")
            ], for: [.queue, .stream]
        ) {
            .ofSubscriptions { $0.windowBytes = 16 << 20 }
        },
        Mutant(
            "a receive that waits is not ended by cancel",
            caughtBy: [
                .init(43, "a receive whose consumer was cancelled returned 0 deliveries instead of throwing")
            ], spoiling: [44]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    do {
                        return try await base.receive(upTo: limit, within: wait)
                    } catch let error as BrokerError {
                        if error.endReason == .cancelled { return [] }
                        throw error
                    }
                }
            }
        },
    ]
}

extension Flaw {
    /// A consumer that waits is handed nothing for two seconds after the receive of another was cancelled.
    fileprivate static func deafBesideCancelled() -> Flaw {
        let (count, cancelled) = (Observed(0), Observed<[Int: Duration]>([:]))
        return .ofConsumer { base, _, _ in
            let number = count.change { count in
                count += 1
                return count
            }
            return .receivingSo(base) { base, limit, wait in
                let time = SystemTime.shared
                let end = time.uptime + wait
                repeat {
                    let slice = max(.zero, min(end - time.uptime, .milliseconds(5)))
                    let isDeaf = cancelled.value.contains { $0 != number && time.uptime - $1 < .seconds(2) }
                    do {
                        if isDeaf { try await time.sleep(for: slice) }
                        let deliveries = isDeaf ? [] : try await base.receive(upTo: limit, within: slice)
                        if !deliveries.isEmpty { return deliveries }
                    } catch  where Task.isCancelled {
                        cancelled.change { $0[number] = time.uptime }
                        throw BrokerError(.cancelled, "the task was cancelled", during: .receive)
                    }
                } while time.uptime < end
                return []
            }
        }
    }

    /// A flaw of what is subscribed to.
    static func ofSubscriptions(_ edit: @escaping @Sendable (inout Subscription) -> Void) -> Flaw {
        var flaw = Flaw()
        flaw.subscribe = { broker, subscription in
            var subscription = subscription
            edit(&subscription)
            return try await broker.subscribe(subscription)
        }
        return flaw
    }
}

extension FlawedConsumer {
    /// A consumer that receives in a way of its own.
    static func receivingSo(_ base: any MessageConsumer, _ receive: @escaping Receive) -> FlawedConsumer {
        var consumer = FlawedConsumer(base: base)
        consumer.receive = receive
        return consumer
    }
}
