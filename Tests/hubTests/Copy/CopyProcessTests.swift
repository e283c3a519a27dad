import Foundation
import Messaging
import Testing

@testable import hub

/// Copies as a user sees them: processes, signals, streams.
@Suite(.timeLimit(.minutes(5))) struct CopyProcessTests {
    private func lines(_ count: Int) -> String { (0..<count).map { "line \($0)\n" }.joined() }

    @Test func aCopyThatIsKilledGoesOnAndNothingIsLost() async throws {
        let folder = try TestFolder()
        try folder.write("in.txt", lines(60_000))
        let words = ["copy", folder("in.txt"), folder("out.ndjson"), "--format", "lines", "--group", "g"]
        let first = try HubProcess(shell: "exec $0 \(words.joined(separator: " ")) --rate 20000")
        try await condition { (try? PositionFile(of: folder("in.txt"), group: "g").load()) ?? nil != nil }
        first.send(SIGKILL)
        #expect(try await first.end().status == -SIGKILL)
        let begun = try folder.text("out.ndjson").split(separator: "\n").count
        #expect(begun > 0 && begun < 60_000)
        let rest = try await HubProcess.run(words)
        #expect(rest.status == 0, "\(rest.errors)")
        let copied = try folder.text("out.ndjson").split(separator: "\n").map(String.init)
        let expected = lines(60_000).split(separator: "\n").map(String.init)
        #expect(Set(copied) == Set(expected))
        // What was written and not yet remembered is written again: at most what 100 ms and a batch are.
        #expect(copied.count - expected.count <= 5000)
    }

    @Test(arguments: [SIGINT, SIGTERM]) func aSignalLetsWhatIsOnItsWayArriveAndTheLedgerIsTrue(_ signal: Int32)
        async throws
    {
        let folder = try TestFolder()
        try folder.write("in.txt", lines(50_000))
        let copy = try HubProcess(
            shell: "exec $0 copy \(folder("in.txt")) \(folder("out.txt")) --format lines --group g --rate 5000")
        try await copy.waitUntilItCatches(signal)
        try await condition { (try? folder.bytes("out.txt").isEmpty) == false }
        copy.send(signal)
        let end = try await copy.end()
        #expect(end.status == (signal == SIGINT ? 130 : 143))
        let written = try folder.text("out.txt").split(separator: "\n").count
        #expect(CopyBench.withoutTime(end.output) == CopyBench.ledger(written), "\(end)")
        let place = try #require(try PositionFile(of: folder("in.txt"), group: "g").load())
        #expect(place.lines == written)
    }

    /// From before the first line to behind the last one.
    @Test(arguments: [0, 1, 2000, 9000, 19_500, 20_000])
    func aSignalAtAnyMomentLeavesALedgerThatIsTrue(_ after: Int) async throws {
        let folder = try TestFolder()
        try folder.write("in.txt", lines(20_000))
        let copy = try HubProcess(
            shell: "exec $0 copy \(folder("in.txt")) \(folder("out.txt")) --format lines --group g --rate 20000")
        func written() -> Int { (try? folder.text("out.txt"))?.split(separator: "\n").count ?? 0 }
        try await copy.waitUntilItCatches(SIGINT)
        try await condition { copy.isOver || written() >= after }
        if !copy.isOver { copy.send(SIGINT) }
        let end = try await copy.end()
        // Once the ledger is written, a signal finds a process that has nothing left to do.
        #expect(end.status == 130 || written() == 20_000 && [0, -SIGINT].contains(end.status), "\(end)")
        #expect(CopyBench.withoutTime(end.output) == CopyBench.ledger(written()), "\(end)")
        #expect(try PositionFile(of: folder("in.txt"), group: "g").load()?.lines ?? 0 == written())
    }

    /// The first one waits for what is on its way, which a target that nobody reads never takes.
    @Test func theSecondSignalEndsItAtOnceAndTheLedgerIsTrueAllTheSame() async throws {
        let (folder, pipe) = (try TestFolder(), try OpenPipe())
        try folder.write("in.txt", lines(20_000))
        // Of a full pipe 4 KiB are read, which the first batch is larger than.
        try pipe.fill()
        let full = pipe.waiting
        #expect(try pipe.reader.read(upToCount: 4096)?.count == 4096)
        let copy = try HubProcess(
            shell: "exec $0 copy \(folder("in.txt")) - --format lines", output: pipe.writer)
        try pipe.writer.close()
        try await condition { copy.isOver || pipe.waiting == full }
        try await condition {
            if !copy.isOver { copy.send(SIGINT) }
            return copy.isOver
        }
        let end = try await copy.end()
        let ledger = CopyBench.withoutTime(end.errors.split(separator: "\n").last.map(String.init) ?? "")
        #expect(end.status == 130 && ledger == CopyBench.ledger(CopyRun.batch, received: 0), "\(end)")
        #expect(end.errors.contains("\(CopyRun.batch) messages were not confirmed by -"), "\(end)")
    }

    @Test func aSlowCopyEndsSoonAfterTheSignal() async throws {
        let folder = try TestFolder()
        try folder.write("in.txt", lines(5000))
        let copy = try HubProcess(
            shell: "exec $0 copy \(folder("in.txt")) \(folder("out.txt")) --format lines --group g --rate 0.05")
        try await copy.waitUntilItCatches(SIGINT)
        try await condition { (try? folder.bytes("out.txt").isEmpty) == false }
        let start = ContinuousClock.now
        copy.send(SIGINT)
        // One that waits for its next turn would take twenty seconds for each.
        try await condition { copy.isOver }
        let end = try await copy.end()
        #expect(end.status == 130 && ContinuousClock.now - start < .seconds(5))
        #expect(try folder.text("out.txt").split(separator: "\n").count < 50)
        #expect(end.output.contains("lost 0"))
    }

    @Test func aFileThatCannotGrowEndsWithAWholeLine() async throws {
        let folder = try TestFolder()
        try folder.write("in.txt", lines(20_000))
        let full = try await HubProcess(
            shell:
                "trap '' XFSZ; ulimit -f 64; $0 copy \(folder("in.txt")) \(folder("out.txt")) --format lines --group g"
        ).end()
        #expect(full.status == 1 && !full.output.contains("lost 0"), "\(full)")
        #expect(try folder.text("out.txt").isEmpty || folder.text("out.txt").hasSuffix("\n"))
        let rest = try await HubProcess.run(
            "copy", folder("in.txt"), folder("out.txt"), "--format", "lines", "--group", "g")
        #expect(rest.status == 0, "\(rest)")
        #expect(try folder.text("out.txt") == lines(20_000))
    }

    @Test func standardInputGoesToStandardOutputAndTheLedgerElsewhere() async throws {
        let result = try await HubProcess(shell: "printf 'a\\nb' | $0 copy - - --format lines | cat").end()
        #expect(result.output == "a\nb")
        #expect(CopyBench.withoutTime(String(result.errors.split(separator: "\n").last ?? "")) == CopyBench.ledger(2))
    }

    @Test func standardInputCannotGoOnAndSaysSo() async throws {
        let folder = try TestFolder()
        for _ in 0..<2 {
            let copy = try await HubProcess(
                shell: "printf 'a\\nb\\n' | $0 copy - \(folder("out.txt")) --format lines --group g"
            ).end()
            #expect(copy.status == 0 && CopyBench.withoutTime(copy.output) == CopyBench.ledger(2))
            let why = "--group: standard input keeps no position; started again, it begins with what it is given then"
            #expect(copy.errors == "hub copy: note: \(why)")
        }
        #expect(folder.files == ["out.txt"])
        #expect(try folder.text("out.txt") == "a\nb\na\nb\n")
    }

    @Test func whoNoLongerReadsEndsIt() async throws {
        let folder = try TestFolder()
        try folder.write("in.txt", lines(200_000))
        let result = try await HubProcess(
            shell: "$0 copy \(folder("in.txt")) - --format lines | head -n 1; echo ${PIPESTATUS[0]}"
        ).end()
        #expect(result.output.hasPrefix("line 0\n") && result.output.hasSuffix("\n141"), "\(result.output)")
        #expect(result.errors.contains("nobody reads it any longer"))
    }

    @Test func aPipeThatNeverEndsEndsWithASignal() async throws {
        let pipe = try HubProcess.pipe()
        defer { unlink(pipe) }
        let folder = try TestFolder()
        // What a script starts beside itself is deaf to Ctrl-C unless that is taken back. The shell passes no signal on.
        let copy = try HubProcess(
            shell: """
                sleep 300 >\(pipe) & sleeper=$!
                env --default-signal=INT $0 copy file:\(pipe) \(folder("out.txt")) --format lines & echo $! >\(folder("pid"))
                wait $!; status=$?; kill $sleeper; exit $status
                """)
        try await condition { FileManager.default.fileExists(atPath: folder("out.txt")) }
        let pid = try #require(Int32(String(contentsOfFile: folder("pid"), encoding: .utf8).dropLast()))
        kill(pid, SIGINT)
        #expect(try await copy.end().status == 130)
    }

    @Test func progressIsShownOnATerminalAndTakenAway() async throws {
        let folder = try TestFolder()
        try folder.write("in.txt", lines(3000))
        let terminal = try Terminal()
        let copy = try HubProcess(
            ["copy", folder("in.txt"), folder("out.txt"), "--format", "lines", "--rate", "5000"], terminal: terminal)
        #expect(try await copy.end().status == 0)
        try await terminal.end()
        #expect(terminal.text.contains(" received, "))
        #expect(terminal.screen(width: 80).isEmpty)
    }

    @Test func memoryOfAProcessOfItsOwnIsSaidToBeEmpty() async throws {
        let folder = try TestFolder()
        let from = try await HubProcess.run("copy", "memory://?topic=a", folder("a.ndjson"), "--until-end")
        #expect(from.status == 0 && from.errors.contains("memory:// a is empty: the in-memory broker lives as long as"))
        let to = try await HubProcess(shell: "echo hello | $0 publish 'memory://?topic=a' --format lines").end()
        #expect(to.status == 0 && to.errors.contains("is gone at the end: the in-memory broker lives as long as"))
        #expect(CopyBench.withoutTime(to.output) == CopyBench.ledger(1))
    }

    @Test func aWrongWordIsToldInOneSentence() async throws {
        let wrong = try await HubProcess.run("copy", "ampq://h?topic=a", "b.ndjson")
        #expect(wrong.status == 3 && wrong.errors.contains("amqp"), "\(wrong.errors)")
        let option = try await HubProcess.run("copy", "amqp://h?topic=a&prefetc=3", "b.ndjson")
        #expect(option.status == 3 && option.errors.contains("did you mean prefetch?"), "\(option.errors)")
        let missing = try await HubProcess.run("copy", "a.ndjson")
        #expect(missing.status == 2 && missing.errors.contains("TARGET is missing"))
    }
}
