import Foundation

/// A shell that reads what hub writes for it.
enum Shell {
    /// It has ended with this status.
    struct Failure: Error {
        let status: Int32
    }

    /// Whether tests of it run: it is there, or it has to be (`HUB_REQUIRE_BROKERS`), where a test that does not find it fails.
    static func isWanted(_ name: String) -> Bool {
        ProcessInfo.processInfo.environment["HUB_REQUIRE_BROKERS"] == "1" || path(of: name) != nil
    }

    private static func path(of name: String) -> String? {
        ["/bin", "/usr/bin", "/usr/local/bin"].map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// A new folder.
    static func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hub-shell-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// What it prints when it is called with these words, at a home of its own. Throws where it is not there, or fails.
    static func output(of name: String, _ words: [String]) throws -> String {
        let home = try folder()
        defer { try? FileManager.default.removeItem(at: home) }
        let process = Process()
        process.executableURL = URL(filePath: path(of: name) ?? "/usr/bin/\(name)")
        process.arguments = words
        process.environment = [
            "HOME": home.path, "PATH": "/usr/local/bin:/usr/bin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8",
        ]
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw Failure(status: process.terminationStatus) }
        return String(decoding: data, as: UTF8.self)
    }

    /// A script for zsh: it types a line and a tabulator into a zsh that has completions from a folder, and prints
    /// what is offered, each in `<<>>`.
    static let zshAsks = #"""
        zmodload zsh/zpty || exit 3
        zpty z zsh -f -i
        zpty -w z "fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -D -u; LISTMAX=1000"
        zpty -w z "offers=${(q)1}/offers"
        zpty -w z 'compadd() {
            if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
            local -a offered; builtin compadd -A offered "$@"; print -lr -- "<<"$^offered">>" >>$offers
            builtin compadd "$@"
        }
        ask() { zle complete-word; print "ASK""ED" }; zle -N ask; bindkey "^I" ask'
        zpty -w z "print REA''DY"
        zpty -r -m z seen '*READY*' || exit 4
        : >$1/offers
        zpty -w -n z "$2"$'\t'
        zpty -r -m z seen '*ASKED*' || exit 5
        cat $1/offers
        zpty -d z
        """#
}
