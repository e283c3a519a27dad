import Foundation

extension HubStatus {
    /// `4711-1.json`: the process, and which of its hubs.
    var fileName: String { "\(pid)-\(number).json" }

    /// As it is in a file, and in `hub status --json`.
    package var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
    }

    /// Every hub process of this user that runs, by pid. A file whose process is gone, also where another one has its pid now,
    /// is removed; what has another name than such files have is left alone. Blocks for as long as reading small files takes.
    /// Throws where the directory is not this user's alone.
    package static func running(in directory: StatusDirectory) throws(StatusDirectory.Problem) -> [HubStatus] {
        var found: [HubStatus] = []
        for (name, bytes) in try directory.files() {
            guard let pid = pid(in: name) else { continue }
            let status = try? JSONDecoder().decode(HubStatus.self, from: Data(bytes))
            let own = status.flatMap { $0.fileName == name ? $0 : nil }
            if !ProcessStart.lives(own?.pid ?? pid, startedAt: own?.processStart) {
                directory.remove(name)
            } else if let own {
                found.append(own)
            }
        }
        return found.sorted { ($0.pid, $0.number) < ($1.pid, $1.number) }
    }

    /// The process that a file is of, `4711-1.json`, or `.4711-1.json` while it is written; nil for any other name.
    private static func pid(in name: String) -> Int32? {
        guard let parts = name.wholeMatch(of: /\.?([0-9]+)-[0-9]+\.json/) else { return nil }
        return Int32(parts.1)
    }
}
