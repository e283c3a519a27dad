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

    @Test("It has a row for every key, below the heading of its place, and no other row")
    func complete() {
        var heading: [String] = []
        var rows: Set<String> = []
        for line in ConfigurationReference.text(Backends.profiles).split(separator: "\n") {
            if line.hasPrefix("## ") { heading = [String(line.dropFirst(3)).replacing(" of type: ", with: "/")] }
            if line.hasPrefix("| `"), let name = line.dropFirst(3).split(separator: "`").first {
                rows.insert((heading + [String(name)]).joined(separator: "."))
            }
        }
        let keys = HubConfiguration.keys(profiles: Backends.profiles).map { key in
            guard let type = key.type else { return key.name }
            return key.name.replacing("brokers.NAME.", with: "brokers.NAME/\(type).")
        }
        #expect(rows == Set(keys), "\(rows.symmetricDifference(keys).sorted())")
    }

    @Test("Every variable and every unit is in it")
    func variables() {
        let text = ConfigurationReference.text(Backends.profiles)
        for option in HubConfiguration.keys(profiles: Backends.profiles).compactMap(\.option) {
            if let variable = option.variable { #expect(text.contains("the variable `\(variable)`")) }
            if let unit = option.unit { #expect(text.contains("\(option.allowedDescription) (\(unit)) |")) }
        }
    }
}
