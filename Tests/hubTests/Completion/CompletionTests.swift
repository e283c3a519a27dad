import Foundation
import Messaging
import Testing

@testable import hub

@Suite struct CompletionTests {
    private func script(_ shell: String) async -> String {
        let console = RecordingConsole()
        #expect(await console.run("completion", shell) == .success)
        return console.output
    }

    /// What bash offers for the last of these words.
    private func offered(_ words: String..., in folder: URL? = nil) async throws -> [String] {
        let list = words.map { "'\($0)'" }.joined(separator: " ")
        let call = "COMP_WORDS=(\(list)); COMP_CWORD=\(words.count - 1); _hub; printf '%s\\n' \"${COMPREPLY[@]}\""
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["--norc", "-c", await script("bash") + "\n" + call]
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test(
        "bash completes commands, options, words of options and of arguments",
        .enabled(if: Shell.isWanted("bash"), "bash is not installed"))
    func bash() async throws {
        #expect(try await offered("hub", "ch") == ["check"])
        #expect(Set(try await offered("hub", "")).isSuperset(of: Hub.commands.map(\.name)))
        #expect(try await offered("hub", "check", "--s") == ["--strict"])
        #expect(try await offered("hub", "demo", "--on-bad-line", "") == ["stop", "skip"])
        #expect(try await offered("hub", "demo", "--on-bad-line", "=", "sk") == ["skip"])
        #expect(try await offered("hub", "demo", "--on-bad-line", "=") == ["stop", "skip"])
        #expect(try await offered("hub", "brokers", "ra") == ["rabbitmq"])
        #expect(try await offered("hub", "describe", "circ") == ["circuit-breaker"])
        #expect(try await offered("hub", "completion", "") == ["bash", "zsh", "fish"])
        #expect(try await offered("hub", "help", "ver") == ["verify"])
    }

    @Test(
        "bash completes configurations and folders where a configuration stands",
        .enabled(if: Shell.isWanted("bash"), "bash is not installed"))
    func files() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hub-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(
            at: folder.appending(path: "sub folder"), withIntermediateDirectories: true)
        for name in ["some.yaml", "some other.yml", "some.txt"] {
            try Data().write(to: folder.appending(path: name))
        }
        let names = ["sub folder", "some.yaml", "some other.yml"]
        #expect(try await offered("hub", "check", "s", in: folder) == names)
        #expect(try await offered("hub", "verify", "some o", in: folder) == ["some other.yml"])
        #expect(try await offered("hub", "demo", "--input", "some.t", in: folder) == ["some.txt"])
    }

    @Test("Each shell can read its script", arguments: ["bash", "zsh", "fish"].filter(Shell.isWanted))
    func syntax(_ shell: String) async throws {
        let file = try Shell.folder().appending(path: "_hub")
        defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
        try Data(await script(shell).utf8).write(to: file)
        _ = try Shell.output(of: shell, ["-n", file.path])
        // It does look: what has no end is one that it cannot read.
        try Data((await script(shell) + "\nif (").utf8).write(to: file)
        #expect(throws: Shell.Failure.self) { try Shell.output(of: shell, ["-n", file.path]) }
    }

    @Test(
        "zsh completes commands, options and words of arguments", .timeLimit(.minutes(2)),
        .enabled(if: Shell.isWanted("zsh"), "zsh is not installed"))
    func zsh() async throws {
        let folder = try Shell.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(await script("zsh").utf8).write(to: folder.appending(path: "_hub"))
        /// What it offers for a line: it is typed into a terminal, followed by the tabulator.
        func offered(_ line: String) throws -> Set<String> {
            let text = try Shell.output(of: "zsh", ["-f", "-c", Shell.zshAsks, "zsh", folder.path, line])
            return Set(text.matches(of: /<<([^<>]*)>>/).map { String($0.1) })
        }
        #expect(try offered("hub co") == ["consume", "copy", "completion"])
        #expect(try offered("hub check --s") == ["--strict"])
        #expect(try offered("hub brokers ra") == ["rabbitmq"])
        #expect(try offered("hub completion ") == ["bash", "zsh", "fish"])
        #expect(try offered("hub demo --on-bad-line=s") == ["stop", "skip"])
        #expect(try offered("hub help ver") == ["verify"])
    }

    @Test(
        "fish completes commands, options, words of options and of arguments", .timeLimit(.minutes(2)),
        .enabled(if: Shell.isWanted("fish"), "fish is not installed"))
    func fish() async throws {
        let folder = try Shell.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "hub.fish")
        try Data(await script("fish").utf8).write(to: file)
        /// What it offers for a line, without what each is.
        func offered(_ line: String) throws -> Set<String> {
            let call = "source '\(file.path)'; complete -C '\(line)'"
            let text = try Shell.output(of: "fish", ["--no-config", "-c", call])
            return Set(text.split(separator: "\n").compactMap { $0.split(separator: "\t").first.map(String.init) })
        }
        #expect(try offered("hub co") == ["consume", "copy", "completion"])
        #expect(try offered("hub check --s") == ["--strict"])
        #expect(try offered("hub demo --on-bad-line ") == ["stop", "skip"])
        #expect(try offered("hub brokers ra") == ["rabbitmq"])
        #expect(try offered("hub completion ") == ["bash", "zsh", "fish"])
        #expect(try offered("hub help ver") == ["verify"])
    }

    @Test("Every command, option and word is in each script", arguments: ["bash", "zsh", "fish"])
    func complete(_ shell: String) async {
        let text = await script(shell)
        for command in Hub.commands {
            #expect(text.contains(command.name))
            for option in command.options.descriptions {
                let form = shell == "fish" ? "-l \(option.name)" : "--\(option.name)"
                #expect(text.contains(form) || text.contains(form.replacing(option.name, with: "no-\(option.name)")))
                for word in option.words ?? [] { #expect(text.contains(word)) }
            }
        }
        #expect(text.hasPrefix(shell == "zsh" ? "#compdef hub\n" : "# Completion of hub for \(shell)"))
    }

    @Test("Quotation marks of descriptions are closed again", arguments: ["zsh", "fish"])
    func quotes(_ shell: String) async {
        for line in await script(shell).split(separator: "\n") where !line.hasPrefix("#") {
            let plain = line.replacing("'\\''", with: "").replacing("\\'", with: "")
            #expect(plain.count { $0 == "'" } % 2 == 0, "\(line)")
        }
    }

    @Test("Another shell is named with what may be meant")
    func unknown() async {
        let console = RecordingConsole()
        #expect(await console.run("completion", "bsh") == .usage)
        #expect(console.errors == ["hub completion: \"bsh\" is not a shell that it knows; did you mean bash?"])
    }
}
