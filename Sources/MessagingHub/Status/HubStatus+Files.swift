import Foundation

extension HubStatus {
    /// What `seen` has found.
    package struct Seen: Sendable {
        /// The hub processes that run, by pid.
        package var running: [HubStatus] = []
        /// What could not be shown, and why: a sentence each.
        package var notices: [String] = []
    }

    /// How old the file of a process may be that cannot be looked at from here, in seconds: it writes each second.
    static let mostAge = 60

    /// `4711-1-1f2e3d4c-4026531836.json`: the process, which of its hubs, and where that pid means this.
    var fileName: String { "\(pid)-\(number)-\(space.name).json" }

    /// Where its pid means what it means.
    var space: ProcessSpace { ProcessSpace(boot: boot, namespace: pidNamespace) }

    /// Whether it runs on another machine, or in another container.
    package var isElsewhere: Bool { space != .own }

    /// As it is in a file, and in `hub status --json`.
    package var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
    }

    /// Every hub process of this user that runs. A file whose process is gone, also where another one has its pid now, is
    /// removed; of a process of another PID namespace, or another boot, which cannot be looked at, the one that was not
    /// written for a minute. What has another name than such files have is left alone. Blocks for as long as reading small
    /// files takes. Throws where the directory is not this user's alone.
    package static func seen(
        in directory: StatusDirectory, at now: Int = Int(Date().timeIntervalSince1970)
    ) throws(StatusDirectory.Problem) -> Seen {
        var seen = Seen()
        for file in try directory.files() {
            guard let owner = Owner(file.name) else { continue }
            if let refusal = file.refusal {
                seen.notices.append("\(file.name) is not read, because it \(refusal); remove it")
                continue
            }
            let status = try? JSONDecoder().decode(HubStatus.self, from: Data(file.bytes))
            let own = status.flatMap { $0.version == format && $0.fileName == file.name ? $0 : nil }
            if !owner.lives(startedAt: own?.processStart, written: file.written, at: now) {
                directory.remove(file.name)
            } else if let own {
                seen.running.append(own)
            } else if !owner.isBeingWritten {
                seen.notices.append(notice(of: file, owner))
            }
        }
        seen.running.sort { ($0.pid, $0.number, $0.space.name) < ($1.pid, $1.number, $1.space.name) }
        return seen
    }

    private static func notice(of file: StatusDirectory.File, _ owner: Owner) -> String {
        struct Versioned: Decodable { let version: Int }
        let version = (try? JSONDecoder().decode(Versioned.self, from: Data(file.bytes)))?.version
        guard let version, version != format else {
            return "process \(owner.pid) is not shown: \(file.name) is no status of a hub"
        }
        return "process \(owner.pid) is not shown: it writes format \(version), and this hub reads \(format)"
    }

    /// Whom a file is of, by its name: `4711-1-1f2e3d4c-4026531836.json`, with a dot before it while it is written.
    private struct Owner {
        let pid: Int32
        let isBeingWritten: Bool
        private let isHere: Bool

        /// Nil for any other name.
        init?(_ name: String) {
            guard let parts = name.wholeMatch(of: /(\.?)([0-9]+)-[0-9]+-([0-9a-f]+-[0-9]+)\.json/),
                let pid = Int32(parts.2)
            else { return nil }
            self.pid = pid
            isBeingWritten = !parts.1.isEmpty
            isHere = parts.3 == ProcessSpace.own.name
        }

        /// Whether it runs; in doubt, whether it wrote not long ago.
        func lives(startedAt ticks: UInt64?, written: Int, at now: Int) -> Bool {
            isHere ? ProcessStart.lives(pid, startedAt: ticks) : now - written <= HubStatus.mostAge
        }
    }
}
