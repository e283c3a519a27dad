import Messaging
import MessagingReliability

/// Which messages of a failed publish are published again: decided from the outcomes alone.
enum PublishRetry {
    /// The indices to repeat, in order, and what is final of the rest.
    ///
    /// What may succeed later is repeated; what may have arrived only where duplicates are accepted. A message that was
    /// refused to keep the order behind another one of its key is repeated together with that one.
    static func split(
        _ failure: PublishFailure, of messages: [Message], acceptsDuplicates: Bool
    ) -> (again: [Int], final: [Int: PublishFailure.Outcome]) {
        var again: [Int] = []
        var final: [Int: PublishFailure.Outcome] = [:]
        var repeatedKeys: Set<String?> = []
        for (index, outcome) in failure.outcomes.sorted(by: { $0.key < $1.key }) where messages.indices ~= index {
            let key = messages[index].key
            if isRepeated(outcome, acceptsDuplicates, follows: repeatedKeys.contains(key)) {
                again.append(index)
                repeatedKeys.insert(key)
            } else {
                final[index] = outcome
            }
        }
        return (again, final)
    }

    private static func isRepeated(
        _ outcome: PublishFailure.Outcome, _ acceptsDuplicates: Bool, follows: Bool
    ) -> Bool {
        switch outcome {
        case .refused(let error): error.isRetryable || error.code == .orderKept && follows
        case .unknown(let error): error.isRetryable && acceptsDuplicates
        }
    }
}

extension PublishFailure.Outcome {
    /// Whether the message may have arrived.
    var isUnknown: Bool {
        if case .unknown = self { true } else { false }
    }
}
