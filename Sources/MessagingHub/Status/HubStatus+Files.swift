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
    /// is removed. Blocks for as long as reading small files takes. Throws where the directory is not this user's alone.
    package static func running(in directory: StatusDirectory) throws(StatusDirectory.Problem) -> [HubStatus] {
        var found: [HubStatus] = []
        for (name, bytes) in try directory.files() {
            let status = try? JSONDecoder().decode(HubStatus.self, from: Data(bytes))
            if let status, status.fileName == name, ProcessStart.lives(status.pid, startedAt: status.processStart) {
                found.append(status)
            } else if status != nil || !ProcessStart.lives(pid(in: name), startedAt: nil) {
                directory.remove(name)
            }
        }
        return found.sorted { ($0.pid, $0.number) < ($1.pid, $1.number) }
    }

    /// The process that a file is of, by its name; also of one that is being written.
    private static func pid(in name: String) -> Int32 {
        let digits = name.drop { $0 == "." }.prefix { $0.isASCII && $0.isNumber }
        return Int32(digits) ?? 0
    }
}
