import Foundation
import Messaging
import MessagingReliability
import Testing

@Suite struct RetryPolicyCodingTests {
    private func decode(_ text: String) throws -> RetryPolicy {
        try JSONDecoder().decode(RetryPolicy.self, from: Data(text.utf8))
    }

    private func encode(_ policy: RetryPolicy) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(policy), as: UTF8.self)
    }

    @Test("S1-59 a policy in JSON has max_attempts, initial_delay, max_delay, multiplier and jitter")
    func keys() throws {
        let policy = RetryPolicy(
            attempts: 3, delay: .milliseconds(100), maximumDelay: .seconds(30), multiplier: 1.5, jitter: 1)
        let text =
            #"{"initial_delay":100000000,"jitter":true,"max_attempts":3,"max_delay":30000000000,"multiplier":1.5}"#
        #expect(try encode(policy) == text)
        #expect(try decode(text) == policy)
    }

    @Test func everyPolicyComesBackAsItWas() throws {
        for backoff in RetryPolicy.Backoff.allCases {
            for jitter in [0, 0.25, 1] {
                let policy = RetryPolicy(
                    attempts: 7, backoff: backoff, delay: .nanoseconds(1), maximumDelay: .seconds(3600), multiplier: 3,
                    jitter: jitter)
                #expect(try decode(try encode(policy)) == policy)
            }
        }
    }

    @Test func whatIsMissingIsAtItsDefault() throws {
        #expect(try decode("{}") == RetryPolicy())
        #expect(try decode(#"{"jitter":false,"another":1}"#) == RetryPolicy())
    }

    @Test(arguments: [
        (#"{"max_attempts":0}"#, "max_attempts is 0; give 1 to 1000"),
        (#"{"initial_delay":-1}"#, "initial_delay is -1; give 0 to 2592000000000000"),
        (#"{"multiplier":0.5}"#, "multiplier is 0.5; give 1.0 to 100.0"),
        (#"{"jitter":2.5}"#, "jitter is 2.5; give 0.0 to 1.0"),
        (#"{"backoff":"cubic"}"#, #"backoff is "cubic"; give one of constant, linear, exponential"#),
        (
            #"{"initial_delay":2000000000,"max_delay":1000000000}"#,
            "initial_delay is 2s, over max_delay, 1s; lower it"
        ),
    ])
    func badNumbersAreRefused(_ text: String, _ sentence: String) {
        let error = #expect(throws: DecodingError.self) { try decode(text) }
        guard case .dataCorrupted(let context) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.debugDescription == sentence)
    }

    @Test(arguments: [#"{"max_attempts":"3"}"#, #"{"initial_delay":1.5}"#, #"{"jitter":"yes"}"#, "[]"])
    func whatIsNoPolicyIsRefused(_ text: String) {
        #expect(throws: DecodingError.self) { try decode(text) }
    }
}
