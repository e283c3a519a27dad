import Messaging
import MessagingHub

/// What became of a message that a target was given.
enum CopyFate: Sendable {
    /// It is there, and stays there whatever happens to this process.
    case received
    /// It is refused for good, for what lies in the message.
    case refused(BrokerError)
    /// It is not there, or it is not known; what it needs is not there now.
    case unavailable(BrokerError)

    /// What an error of a publish means: whether it lies in the message, or in the target.
    init(_ outcome: PublishFailure.Outcome) {
        let lieInTheMessage: [BrokerError.Code] = [
            .invalidArgument, .tooLarge, .expired, .unsupported, .serialization, .schema, .hashMismatch,
        ]
        if case .refused(let error) = outcome, lieInTheMessage.contains(error.code) {
            self = .refused(error)
        } else {
            self = .unavailable(outcome.error)
        }
    }
}

/// Where a copy puts messages.
protocol CopyTarget: Sendable {
    /// Gives it messages; returns once it has taken responsibility for each, or has not, in their order.
    func deliver(_ messages: [Message]) async -> [CopyFate]
}

/// A topic of a running hub.
struct TopicTarget: CopyTarget {
    let hub: MessageHub
    let topic: Topic

    func deliver(_ messages: [Message]) async -> [CopyFate] {
        var fates = messages.map { _ in CopyFate.received }
        do {
            if messages.count == 1 {
                try await hub.publish(messages[0], to: topic)
            } else {
                try await hub.publish(messages, to: topic)
            }
        } catch let failure as PublishFailure {
            for (index, outcome) in failure.outcomes where fates.indices.contains(index) {
                fates[index] = CopyFate(outcome)
            }
        } catch {
            let failure = (error as? BrokerError) ?? BrokerError(.brokerFailure, "\(error)")
            fates = messages.map { _ in .unavailable(failure) }
        }
        return fates
    }
}

/// A file, or standard output.
struct FileTarget: CopyTarget {
    let output: RecordOutput
    let format: RecordFormat
    let topic: Topic?

    func deliver(_ messages: [Message]) async -> [CopyFate] {
        var fates: [CopyFate] = []
        do throws(BrokerError) {
            var last = 0
            for message in messages {
                switch line(of: message) {
                case .success(let line):
                    last = try await output.add(line)
                    fates.append(.received)
                case .failure(let why): fates.append(.refused(BrokerError(.unsupported, why.sentence)))
                }
            }
            if last > 0 { try await output.sync(last) }
            return fates
        } catch {
            return messages.map { _ in .unavailable(error) }
        }
    }

    private func line(of message: Message) -> Result<[UInt8], BadRecord> {
        if format == .ndjson { return .success(Array(MessageRecord.line(message, topic: topic).utf8)) }
        let body = message.body.array
        if !message.body.isNull, !body.contains(0x0A) { return .success(body) }
        let what = message.body.isNull ? "a null body" : "a body with an end of a line in it"
        return .failure(BadRecord(sentence: "\(what) is no line; --format ndjson can carry it"))
    }
}
