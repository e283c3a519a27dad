import Foundation
import Messaging
import Testing

@testable import hub

@Suite struct EventReaderTests {
    private func reader(_ lines: [String]) throws -> EventReader {
        try EventReader(try HubProcess.file("events.ndjson", lines: lines))
    }

    @Test func linesBecomeEvents() async throws {
        var reader = try reader([HubProcess.event("a"), "", HubProcess.event("b") + "\r"])
        let first = try #require(try await reader.next())
        let second = try #require(try await reader.next())
        #expect(try await reader.next()?.index == nil)
        #expect((first.index, second.index) == (0, 1))
        #expect(String(decoding: first.body, as: UTF8.self) == HubProcess.event("a"))
        #expect((first.author, first.component) == ("a", "core"))
        try reader.rewind()
        #expect(try await reader.next()?.index == 2)
    }

    @Test(arguments: [
        ("{", "is not a JSON object"), ("[]", "is not a JSON object"), ("null", "is not a JSON object"),
        (#"{"id":"1","author":"a"}"#, #"has no "component""#),
        (#"{"id":1,"author":"a","component":"c"}"#, #""id" is not a text"#), ("\u{0}", "is not a JSON object"),
        (
            #"{"id":"1","author":"\#(String(repeating: "x", count: 1025))","component":"c"}"#,
            #""author" has 1025 bytes"#
        ),
        (#"{"id":"1","author":"a\nb","component":"c"}"#, #""author" is "a\nb"; control characters are not allowed"#),
    ]) func whatIsNoneIsNamedAndPassedOver(line: String, why: String) async throws {
        var reader = try reader([HubProcess.event("a"), line, HubProcess.event("b")])
        _ = try await reader.next()
        let error = await #expect(throws: EventReader.BadLine.self) { try await reader.next() }
        #expect(error?.number == 2)
        #expect(error?.why.contains(why) == true, "\(error?.why ?? "")")
        #expect(try await reader.next()?.index == 1)
    }

    @Test func aFileWithoutLineEndsIsNotReadWhole() async throws {
        var reader = try reader([String(repeating: "x", count: 3 << 20)])
        await #expect(throws: EventReader.BadLine.self) { try await reader.next() }
    }

    @Test(arguments: [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, (1 << 20) + (1 << 18), 10_000_000])
    func aLineThatIsTooLongIsOneLine(count: Int) async throws {
        var reader = try reader([HubProcess.event("a"), String(repeating: "x", count: count), HubProcess.event("b")])
        _ = try await reader.next()
        let error = await #expect(throws: EventReader.BadLine.self) { try await reader.next() }
        #expect(error?.number == 2)
        #expect(error?.why.contains("longer") == (count > 1 << 20))
        #expect(try await reader.next()?.body == Array(HubProcess.event("b").utf8))
        #expect(reader.line == 3)
        #expect(try await reader.next()?.index == nil)
    }

    @Test func aDirectoryIsNamedAsOne() {
        let error = #expect(throws: BrokerError.self) { try EventReader(NSTemporaryDirectory()) }
        #expect(error?.sentence.contains("is a directory") == true)
    }
}
