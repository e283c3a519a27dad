import Messaging
import MessagingReliability

extension DeliveryRunner {
    /// Does what was decided after a run, or instead of one.
    func carryOut(
        _ decision: RunDecision, _ shown: Delivery, _ failure: Failure?, _ loop: SubscriberLoop
    ) async -> Verdict {
        let last = failure ?? Failure("no run of it ever ended", at: time.now)
        switch decision {
        case .accept: return .accept
        case .runAgain, .release:
            counters.released.add(1)
            return .settle(.release)
        case .retry(let delay):
            remember(shown, last, wait: min(delay, policy.retries[shown.message.type].shortestDelay))
            counters.retried.add(1)
            return .settle(.retry(after: delay, failure: last))
        case .drop(let reason):
            counters.dropped.add(1)
            await responder?.fail(shown.message, reason, last.sentence)
            return .accept
        case .deadLetter(let reason):
            return await give(up: shown, reason, failure, loop)
        case .discard(let reason):
            let outcome = await loop.settler.settleNow(
                shown.receipt, .discard(reason: DeadLetter.printable("\(reason.rawValue): \(last.sentence)")))
            return await given(up: shown, reason, last, outcome, to: "the broker's own", loop)
        case .keep(let delay, let reason):
            return keep(shown, last, for: delay, "\(reason.rawValue), and no dead-letter destination takes it")
        case .pause(let delay, let reason):
            let text = "\(reason.rawValue), and no dead-letter destination takes it; paused, because order is kept"
            return keep(shown, last, for: delay, text)
        }
    }

    /// Sends the dead letter, and only when it is there the original is accepted. Where it is too large because of what
    /// it says, it says nothing.
    private func give(
        up shown: Delivery, _ reason: DeadLetter.Reason, _ failure: Failure?, _ loop: SubscriberLoop
    ) async -> Verdict {
        let last = failure ?? Failure("no run of it ever ended", at: time.now)
        let letter = DeadLetter(
            reason, from: destinations.origin(of: shown), attempt: Int(shown.attempt), failure: failure)
        do throws(BrokerError) {
            let target = try await destinations.deadLetters(of: shown)
            let message = letter.message(of: shown.message, within: target.broker.limits)
            var outcome = await send(message, to: target, shown.receipt, loop)
            if case .failed(let error) = outcome, error.code == .tooLarge {
                outcome = await send(DeadLetter.bare(shown.message), to: target, shown.receipt, loop)
            }
            let name = "\(target.destination) at \(target.broker.name)"
            return await given(up: shown, reason, last, outcome, to: name, loop)
        } catch {
            return await given(up: shown, reason, last, .failed(error), to: "", loop)
        }
    }

    /// On the delivery's own broker as one settlement; elsewhere published first.
    private func send(
        _ letter: Message, to target: Publisher, _ receipt: Receipt, _ loop: SubscriberLoop
    ) async -> SettlementOutcome {
        let (settler, outgoing) = (loop.settler, Outgoing(letter, to: target.destination))
        let forward: @Sendable () async -> SettlementOutcome = {
            await settler.settleNow(receipt, .forward([outgoing]))
        }
        let publish: @Sendable () async -> SettlementOutcome = {
            do throws(PublishFailure) { _ = try await target.publish(letter, target.options) } catch {
                return .failed(error.first)
            }
            return .settled
        }
        let steps = DeadLetterSteps(
            forward: target.broker.name == destinations.broker ? forward : nil, publish: publish,
            accept: { await settler.settleNow(receipt, .accept) })
        return await sendDeadLetter(steps)
    }

    private func given(
        up shown: Delivery, _ reason: DeadLetter.Reason, _ last: Failure, _ outcome: SettlementOutcome,
        to name: String, _ loop: SubscriberLoop
    ) async -> Verdict {
        switch outcome {
        case .settled:
            failures.forget(.init(shown))
            counters.deadLettered.add(1)
            observer.deadLettered(shown, reason, to: name)
            await responder?.fail(shown.message, reason, last.sentence)
            return .done
        case .stale:
            return .done
        case .failed(let error):
            let text = "\(reason.rawValue), and its dead letter was refused: \(error)"
            return keep(shown, last, for: policy.retries[shown.message.type].longestDelay, text)
        }
    }

    /// The original stays: an alarm, and again later.
    private func keep(_ shown: Delivery, _ failure: Failure, for delay: Duration, _ why: String) -> Verdict {
        let wait = policy.isOrdered ? .zero : min(delay, policy.retries[shown.message.type].shortestDelay)
        if remember(shown, failure, wait: wait, kept: why) {
            observer.state(
                .error, "message kept",
                [("messaging.message.id", shown.message.id.description), ("why", why), ("error", failure.sentence)])
        }
        counters.retried.add(1)
        return policy.isOrdered ? .pause(delay) : .settle(.retry(after: delay, failure: failure))
    }
}
