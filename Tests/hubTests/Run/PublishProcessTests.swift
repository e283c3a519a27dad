import Foundation
import Testing

@testable import hub

/// `hub publish` as a user sees it: what comes on standard input, how far it is, and signals.
@Suite(.timeLimit(.minutes(5))) struct PublishProcessTests {
    private static let topic = "memory://?topic=a"

    /// Publishes lines on a terminal, with its standard input open; returns once so many are confirmed.
    private func start(_ count: Int, _ terminal: Terminal, _ input: OpenPipe) async throws -> HubProcess {
        let publish = try HubProcess(
            ["publish", Self.topic, "--format", "lines"], terminal: terminal, variables: ["NO_COLOR=1"],
            input: input.reader)
        try input.write((0..<count).map { "line \($0)\n" }.joined())
        try await condition { terminal.screen(width: 80).last?.hasPrefix("\(count) received, ") == true }
        return publish
    }

    /// Nothing is left on the terminal but the note that what is in memory is gone.
    private func isTakenAway(_ terminal: Terminal) -> Bool {
        let left = terminal.screen(width: 200)
        return left.count == 1 && left[0].hasPrefix("hub publish: note: ")
    }

    @Test func progressIsShownOnATerminalAndTakenAway() async throws {
        let (terminal, input) = (try Terminal(), try OpenPipe())
        let publish = try await start(3, terminal, input)
        try input.write("one more\n")
        try await condition { terminal.screen(width: 80).last?.hasPrefix("4 received, ") == true }
        try input.writer.close()
        let end = try await publish.end()
        #expect(end.status == 0 && CopyBench.withoutTime(end.output) == CopyBench.ledger(4), "\(end)")
        try await terminal.end()
        #expect(isTakenAway(terminal), "\(terminal.text.debugDescription)")
    }

    @Test(arguments: [(SIGINT, 3, Int32(130)), (SIGTERM, 3, Int32(143)), (SIGINT, 0, Int32(130))])
    func aSignalEndsItThoughMoreMayComeAndTheLedgerIsTrue(_ signal: Int32, _ count: Int, _ status: Int32) async throws {
        let (terminal, input) = (try Terminal(), try OpenPipe())
        let publish = try await start(count, terminal, input)
        try await publish.waitUntilItCatches(signal)
        publish.send(signal)
        let end = try await publish.end()
        #expect(end.status == status && CopyBench.withoutTime(end.output) == CopyBench.ledger(count), "\(end)")
        try await terminal.end()
        #expect(isTakenAway(terminal), "\(terminal.text.debugDescription)")
    }

    @Test(arguments: [
        ("ndjson", "{\"body\":\"one\"}\n\n{\"body\":{\"a\":1}}\n", 2, 10), ("lines", "one\n\ntwo", 3, 6),
        ("body", "one\n\ntwo\n", 1, 9),
    ])
    func standardInputIsMessagesOrLinesOrOneBody(
        _ format: String, _ text: String, _ count: Int, _ bytes: Int
    ) async throws {
        let folder = try TestFolder()
        let file = try folder.write("in", text)
        let end = try await HubProcess(shell: "$0 publish '\(Self.topic)' --format \(format) --json <\(file)").end()
        let ledger = try #require(
            try JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any], "\(end)")
        #expect(end.status == 0 && ledger["sent"] as? Int == count && ledger["received"] as? Int == count)
        #expect(ledger["bytes"] as? Int == bytes)
    }
}
