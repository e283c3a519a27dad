import Messaging
import Testing

@testable import hub

@Suite struct ProgressLineTests {
    private final class Written: Sendable {
        let text = Lock("")
    }

    @Test("Texts replace each other; after the end nothing is written any more")
    func ends() {
        let written = Written()
        let line = ProgressLine { text in written.text.withLock { $0 += text } }
        func taken() -> String {
            written.text.withLock { text in
                defer { text = "" }
                return text
            }
        }
        line.show("one")
        #expect(taken() == "\r\u{1B}[K\u{1B}[?7lone\u{1B}[?7h")
        line.remove()
        #expect(taken() == "\r\u{1B}[K")
        line.end()
        #expect(taken() == "\r\u{1B}[K")
        line.show("two")
        line.remove()
        line.end()
        #expect(taken() == "")
    }
}
