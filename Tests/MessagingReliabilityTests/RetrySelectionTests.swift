import MessagingReliability
import Testing

@Suite struct RetrySelectionTests {
    @Test("S0-102 two message types have different numbers of attempts")
    func byType() {
        let selection = RetrySelection(
            RetryPolicy(attempts: 5), byType: ["a": RetryPolicy(attempts: 2), "b": RetryPolicy(attempts: 9)])
        #expect(selection["a"].attempts == 2)
        #expect(selection["b"].attempts == 9)
        #expect(selection["c"].attempts == 5)
        #expect(selection.all.map(\.attempts) == [5, 2, 9])
    }
}
