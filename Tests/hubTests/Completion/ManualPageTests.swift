import Foundation
import Messaging
import Testing

@testable import hub

@Suite struct ManualPageTests {
    private func page() async -> String {
        let console = RecordingConsole()
        #expect(await console.run("man") == .success)
        return console.output
    }

    @Test("It has every command, option, argument, example and exit status")
    func complete() async {
        let text = (await page()).replacing("\\-", with: "-").replacing("\\(aq", with: "'").replacing(
            "\\(dq", with: "\"")
        for command in Hub.commands {
            #expect(text.contains(".SS hub \(command.name)\n\(command.summary)."))
            for option in command.options.descriptions { #expect(text.contains(option.name)) }
            for argument in command.arguments { #expect(text.contains(".I \(argument.name)\n\(argument.meaning)")) }
            for example in command.examples { #expect(text.contains(example.meaning)) }
        }
        for status in ExitStatus.allCases { #expect(text.contains(".B \(status.rawValue)\n\(status.meaning)")) }
        #expect(text.hasPrefix(".TH HUB 1 \"\" \"hub \(LibraryVersion.current)\""))
    }

    @Test("Every request is one of man(7), blocks are closed, and nothing else begins a line")
    func requests() async {
        var open: [String] = []
        for line in (await page()).split(separator: "\n", omittingEmptySubsequences: false) {
            #expect(line.allSatisfy { $0.isASCII } && !line.hasPrefix("'"), "\(line)")
            guard line.hasPrefix(".") else { continue }
            let request = line.dropFirst().prefix { $0 != " " }
            #expect(["TH", "SH", "SS", "B", "I", "TP", "PP", "RS", "RE", "nf", "fi"].contains(request), "\(line)")
            if request == "RS" || request == "nf" { open.append(String(request)) }
            if request == "RE" { #expect(open.popLast() == "RS") }
            if request == "fi" { #expect(open.popLast() == "nf") }
        }
        #expect(open.isEmpty)
    }

    private static let program = ["/usr/bin/groff", "/usr/local/bin/groff"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test("groff sets it without a warning", .enabled(if: ManualPageTests.program != nil))
    func warnings() async throws {
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.program))
        process.arguments = ["-man", "-Tascii", "-ww", "-z"]
        let (input, errors) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardError = errors
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data((await page() + "\n").utf8))
        try input.fileHandleForWriting.close()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && said.isEmpty, "\(String(decoding: said, as: UTF8.self))")
    }

    @Test("Details are paragraphs, and lines that begin with blanks stay as they are")
    func paragraphs() {
        var command = Command(name: "x", summary: "y", run: { _, _ in .success })
        #expect(command.paragraphs.isEmpty)
        command.details = "one\ntwo\n\nthree:\n\n    four\n      five\n\n    six\nseven"
        #expect(
            command.paragraphs == [
                .text("one two"), .text("three:"), .lines(["    four", "      five", "", "    six"]), .text("seven"),
            ])
    }
}
