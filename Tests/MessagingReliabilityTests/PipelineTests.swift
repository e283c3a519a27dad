import MessagingReliability
import Testing

@Suite struct PipelineTests {
    @Test func theOrderIsFixed() {
        #expect(Pipeline.publish.map(\.rawValue) == ["observe", "spool", "circuitBreaker", "retry", "timeout"])
        #expect(
            Pipeline.consume.map(\.rawValue) == [
                "observe", "circuitBreaker", "deadLetter", "retry", "deduplicate", "timeout",
            ])
    }
}
