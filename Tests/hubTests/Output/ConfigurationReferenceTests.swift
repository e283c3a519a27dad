import Foundation
import Messaging
import MessagingHub
import Testing

@testable import hub

@Suite struct ConfigurationReferenceTests {
    @Test("docs/configuration.md is what hub check --keys prints")
    func page() async throws {
        let console = RecordingConsole()
        #expect(await console.run("check", "--keys") == .success)
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../docs/configuration.md")
        let text = try String(contentsOf: page.standardized, encoding: .utf8)
        let remedy: Comment = "write it anew: hub check --keys > docs/configuration.md"
        #expect(text == console.output + "\n", remedy)
    }

    @Test("Every option of every type of broker is in it")
    func complete() {
        let text = ConfigurationReference.text(Backends.profiles)
        for option in Backends.profiles.flatMap(\.options.descriptions) {
            #expect(text.contains("| `\(option.name)` |"))
        }
        for option in HubConfiguration.brokerOptions.descriptions { #expect(text.contains("| `\(option.name)` |")) }
    }
}
