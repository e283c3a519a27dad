import Foundation
import Messaging
import MessagingCodecs
import Testing

@testable import hub

/// Files of messages: written, torn, written on, and read again.
@Suite struct RecordFileTests {
    private static let names = ["a.ndjson"] + (Compression.isAvailable ? ["a.ndjson.gz", "a.ndjson.zst"] : [])

    private func line(_ number: Int) -> [UInt8] {
        Array(MessageRecord.line(Message(Body("body \(number)" as String))).utf8)
    }

    private func read(_ path: String, _ format: RecordFormat = .ndjson) async throws -> [String] {
        let input = try RecordInput(path, format, isInterrupted: { false })
        var bodies: [String] = []
        while case let elements = try await input.next(upTo: 3), !elements.isEmpty {
            for element in elements {
                switch element {
                case .record(let record): bodies.append(record.message.body.text ?? "null")
                case .bad(let line, let why, _, _): bodies.append("bad \(line): \(why.sentence)")
                }
            }
        }
        return bodies
    }

    private func write(_ path: String, _ numbers: [Int], _ format: RecordFormat = .ndjson) async throws -> String? {
        let (output, note) = try await RecordOutput.open(path, format)
        for number in numbers {
            let ticket = try await output.add(format == .ndjson ? line(number) : Array("body \(number)".utf8))
            try await output.sync(ticket)
        }
        return note
    }

    @Test(arguments: names) func whatIsWrittenOnIsReadBehindWhatWasThere(_ name: String) async throws {
        let folder = try TestFolder()
        #expect(try await write(folder(name), [1, 2]) == nil)
        #expect(try await write(folder(name), [3]) == nil)
        #expect(try await read(folder(name)) == ["body 1", "body 2", "body 3"])
    }

    @Test(arguments: names) func whatWasHalfWrittenIsMovedAwayAndToldOf(_ name: String) async throws {
        let folder = try TestFolder()
        _ = try await write(folder(name), [1, 2])
        let whole = try folder.bytes(name).count
        _ = try await write(folder(name), [3])
        try folder.write(name, Array(try folder.bytes(name).dropLast(9)))
        #expect(try await write(folder(name), [4])?.contains("never confirmed; that is in") == true)
        #expect(try await read(folder(name)) == ["body 1", "body 2", "body 4"])
        #expect(whole < (try folder.bytes(name).count))
        #expect(try folder.bytes(name + ".torn").isEmpty == false)
    }

    @Test func whatNobodyHereHasWrittenIsLeftAlone() async throws {
        let folder = try TestFolder()
        try folder.write("package.json", #"{"name":"x"}"#)
        await #expect { _ = try await write(folder("package.json"), [1]) } throws: {
            "\($0)".contains("its last line has no end, and is no message; name another file")
        }
        #expect(try folder.text("package.json") == #"{"name":"x"}"#)
    }

    @Test func aFileIsWrittenByOneAtATime() async throws {
        let folder = try TestFolder()
        let (output, _) = try await RecordOutput.open(folder("a.ndjson"), .ndjson)
        await #expect { _ = try await write(folder("a.ndjson"), [1]) } throws: {
            "\($0)".contains("is in use by another hub; wait for it to end")
        }
        _ = try await output.add(line(1))
        let position = PositionFile(of: folder("a.ndjson"), group: "g")
        let claimed = try position.claim()
        #expect { _ = try position.claim() } throws: { "\($0)".contains("is in use by another hub") }
        withExtendedLifetime((output, claimed)) {}
    }

    @Test func aPipeNeedsSomebodyWhoReadsIt() async throws {
        let pipe = try HubProcess.pipe()
        defer { unlink(pipe) }
        await #expect { _ = try await write(pipe, [1]) } throws: { "\($0)".contains("is a pipe that nobody reads") }
    }

    @Test func aLastLineWithoutAnEndIsLeftWhereThatIsAskedFor() async throws {
        let folder = try TestFolder()
        try folder.write("a.txt", "one\ntw")
        let input = try RecordInput(folder("a.txt"), .lines, leavingUnfinished: true, isInterrupted: { false })
        #expect(try await input.next(upTo: 9).count == 1)
        #expect(try await input.next(upTo: 9).isEmpty)
        #expect(await input.hasUnfinished)
    }

    @Test(.enabled(if: Compression.isAvailable)) func whatStandsBeforeTheDamageIsReadFirst() async throws {
        let folder = try TestFolder()
        _ = try await write(folder("a.ndjson.gz"), [1, 2, 3, 4, 5])
        try folder.write("a.ndjson.gz", try folder.bytes("a.ndjson.gz") + Array("garbage".utf8))
        let input = try RecordInput(folder("a.ndjson.gz"), .ndjson, isInterrupted: { false })
        #expect(try await input.next(upTo: 2).count == 2)
        #expect(try await input.next(upTo: 2).count == 2)
        #expect(try await input.next(upTo: 2).count == 1)
        await #expect(throws: BrokerError.self) { _ = try await input.next(upTo: 2) }
    }

    @Test func aBatchHasABoundInBytes() async throws {
        let folder = try TestFolder()
        try folder.write("a.txt", String(repeating: String(repeating: "x", count: 3 << 20) + "\n", count: 5))
        let input = try RecordInput(folder("a.txt"), .lines, isInterrupted: { false })
        #expect(try await input.next(upTo: 500).count == 3)
        #expect(try await input.next(upTo: 500).count == 2)
    }

    @Test(arguments: ["a", "", "ü", String(repeating: "y", count: 5000)])
    func aLineIsKnownAgainByItsMark(_ line: String) {
        let text = Array("before\n\(line)\n".utf8)
        #expect(LineMark.ofLastLine(text) == LineMark.of(Array(line.utf8)[...]))
        #expect(LineMark.ofLastLine(Array("before\n\(line)\r\n".utf8)) == LineMark.of(Array("\(line)\r".utf8)[...]))
        #expect(LineMark.ofLastLine(Array("\(line)x\n".utf8)) != LineMark.of(Array(line.utf8)[...]))
    }

    @Test func aWholeLastLineWithoutItsEndStays() async throws {
        let folder = try TestFolder()
        try folder.write("a.ndjson", line(1))
        #expect(try await write(folder("a.ndjson"), [2])?.contains("did not end with the end of a line") == true)
        #expect(try await read(folder("a.ndjson")) == ["body 1", "body 2"])
        try folder.write("b.txt", "one\ntwo")
        #expect(try await write(folder("b.txt"), [3], .lines)?.contains("whether that line is whole") == true)
        #expect(try await read(folder("b.txt"), .lines) == ["one", "two", "body 3"])
    }

    @Test func linesAndBodiesAreTakenAsTheyAre() async throws {
        let folder = try TestFolder()
        try folder.write("a.txt", "one\r\n\nthree")
        #expect(try await read(folder("a.txt"), .lines) == ["one", "", "three"])
        #expect(try await read(folder("a.txt"), .body) == ["one\r\n\nthree"])
        try folder.write("empty", "")
        #expect(try await read(folder("empty"), .lines) == [])
        #expect(try await read(folder("empty"), .ndjson) == [])
    }

    @Test func aLineThatIsNoMessageIsNamedAndTheNextIsRead() async throws {
        let folder = try TestFolder()
        try folder.write("a.ndjson", "{\"body\":\"1\"}\nno\n\n{\"body\":\"3\"}\n")
        let read = try await read(folder("a.ndjson"))
        #expect(read.count == 3 && read[0] == "1" && read[1].hasPrefix("bad 2: is not JSON") && read[2] == "3")
    }

    @Test(.enabled(if: Compression.isAvailable)) func aCompressedFileThatIsCutOffOrDamagedIsToldOf() async throws {
        let folder = try TestFolder()
        _ = try await write(folder("a.ndjson.gz"), [1, 2])
        let bytes = try folder.bytes("a.ndjson.gz")
        try folder.write("cut.gz", Array(bytes.dropLast(4)))
        await #expect { _ = try await read(folder("cut.gz")) } throws: { "\($0)".contains("it was cut off") }
        try folder.write("no.gz", "not compressed")
        await #expect { _ = try await read(folder("no.gz")) } throws: { "\($0)".contains("is not what gzip makes") }
        await #expect { _ = try await write(folder("no.gz"), [1]) } throws: { "\($0)".contains("name another file") }
    }

    @Test func aFileThatCannotBeUsedSaysWhy() async throws {
        let folder = try TestFolder()
        await #expect { _ = try await read(folder("none")) } throws: { "\($0)".contains("does not exist") }
        await #expect { _ = try await read(folder.path) } throws: { "\($0)".contains("is a directory") }
        await #expect { _ = try await read("") } throws: { "\($0)".contains("is empty; name one") }
        await #expect { _ = try await write(folder("none/a"), [1]) } throws: { "\($0)".contains("does not exist") }
    }

    @Test func aFullDiskIsAnErrorThatStays() async throws {
        let (output, _) = try await RecordOutput.open("/dev/full", .ndjson)
        let ticket = try await output.add(line(1))
        await #expect { try await output.sync(ticket) } throws: { "\($0)".contains("the disk is full; make room") }
        await #expect { _ = try await output.add(line(2)) } throws: { "\($0)".contains("the disk is full") }
    }

    @Test func aPositionIsKeptAsAWholeAndRefusedWhereItIsNone() throws {
        let folder = try TestFolder()
        let file = PositionFile(of: folder("a.ndjson"), group: "g")
        #expect(try file.load() == nil)
        let place = PositionFile.Place(offset: 17, lines: 3, mark: .max - 7)
        try file.save(place)
        #expect(try file.load() == place)
        #expect(folder.files == ["a.ndjson.g.pos"])
        try folder.write("a.ndjson.g.pos", "{\"offset\":-1}")
        #expect { _ = try file.load() } throws: { "\($0)".contains("is no position of hub copy; remove it") }
    }
}
