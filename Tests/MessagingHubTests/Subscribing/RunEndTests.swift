import Messaging
import MessagingReliability
import Testing

@testable import MessagingHub

@Suite struct RunEndTests {
    @Test("What lies in a message is given up at once; what lies in a reply to its handler is not")
    func permanent() {
        for code in [BrokerError.Code.serialization, .unsupported, .invalidArgument, .tooLarge] {
            #expect(RunEnd.result(of: BrokerError(code, "", during: .publish)) == .rejected)
            #expect(RunEnd.result(of: BrokerError(code, "", during: .receive)) == .failed)
        }
        #expect(RunEnd.result(of: BrokerError(.unavailable, "", during: .publish)) == .failed)
    }
}
