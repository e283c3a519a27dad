import Messaging
import MessagingTesting

extension Oddball {
    /// Odd in what they carry and can do.
    static let ofLimits: [Oddball] = [
        Oddball("takes bodies of 64 KiB at most") { .odd(Flaw()) { $0.maximumBodyBytes = 64 << 10 } },
        Oddball("refuses every header, and so has no filters", [.seam]) {
            .odd(Flaw(), without: [.filter]) { $0.maximumHeaders = 0 }
        },
        Oddball("carries headers as lines") {
            .odd(Flaw(), without: [.binaryHeaders]) { $0.headerGrammar = .line }
        },
        Oddball("names topics in ASCII, with 100 bytes at most") {
            .odd(Flaw()) { limits in
                limits.nameGrammar = .ascii
                limits.maximumTopicBytes = 100
            }
        },
        Oddball("has one priority above the lowest", [.seam]) { .odd(Flaw()) { $0.maximumPriority = 1 } },
        Oddball("knows no expiration and no null bodies") {
            .odd(Flaw(), without: [.expiration, .expiredCount, .nullBody])
        },
        Oddball("refuses everything that may be refused", [.seam]) {
            let serves = BrokerCapabilities.Operation.serve
            return .odd(Flaw(), without: BrokerCapabilities.Operation.allCases.filter { $0 != serves }) { limits in
                limits.headerGrammar = .text
                limits.maximumPriority = 0
            }
        },
        Oddball("counts neither what is held nor what waits for its time", [.seam]) {
            .odd(.notCountingRetries, without: [.heldCount, .delayCount])
        },
        Oddball("counts deliveries when it crashes, and reads nothing ahead") {
            var flaw = Flaw()
            flaw.capabilities = { $0.crashCount = .deliveries }
            return .odd(flaw)
        },
        Oddball("meets the delay of a retry in steps of 50 milliseconds, and says so") {
            let flaw = Flaw.ofConsumer { base, _, _ in
                .settling(base) { settlement in
                    guard case .retry(let delay, let failure) = settlement else { return settlement }
                    let steps = (max(.zero, delay).nanoseconds + 49_999_999) / 50_000_000
                    return .retry(after: .milliseconds(steps * 50), failure: failure)
                }
            }
            return .odd(flaw) { $0.delayGranularity = .milliseconds(50) }
        },
    ]
}
