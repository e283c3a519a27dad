import Foundation
import Testing

@testable import MessagingHub

@Suite struct StatusDirectoryTests {
    /// A directory for a test, which is removed with it.
    private final class Runtime {
        let path = FileManager.default.temporaryDirectory.appending(path: "hub-status-\(UUID().uuidString)").path
        var status: StatusDirectory { StatusDirectory(["XDG_RUNTIME_DIR": path]) }

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func mode(_ name: String = "") -> Int? {
            let attributes = try? FileManager.default.attributesOfItem(atPath: status.path + name)
            return (attributes?[.posixPermissions] as? NSNumber)?.intValue
        }
    }

    @Test func itIsInTheRuntimeDirectoryOrInOneOfTheUsersInTmp() {
        #expect(StatusDirectory(["XDG_RUNTIME_DIR": "/run/user/7"]).path == "/run/user/7/swift-messaging-hub")
        for environment in [[:], ["XDG_RUNTIME_DIR": ""], ["XDG_RUNTIME_DIR": "here"]] {
            #expect(StatusDirectory(environment).path == "/tmp/swift-messaging-hub-\(getuid())")
        }
    }

    @Test func whatIsWrittenIsForThisUserAloneAndReplacedWhole() throws {
        let runtime = try Runtime()
        #expect(try runtime.status.files().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: runtime.status.path), "reading made the directory")
        try runtime.status.write(Array("one".utf8), to: "1-1.json")
        try runtime.status.write(Array("two".utf8), to: "1-1.json")
        #expect(runtime.mode() == 0o700 && runtime.mode("/1-1.json") == 0o600)
        let files = try runtime.status.files()
        #expect(files.map(\.name) == ["1-1.json"] && files.first?.bytes == Array("two".utf8))
        runtime.status.remove("1-1.json")
        runtime.status.remove("1-1.json")
        #expect(try runtime.status.files().isEmpty)
    }

    @Test func aDirectoryThatOthersCanOpenIsClosedToThem() throws {
        let runtime = try Runtime()
        try FileManager.default.createDirectory(
            atPath: runtime.status.path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        #expect(try runtime.status.files().isEmpty)
        #expect(runtime.mode() == 0o700)
    }

    @Test func aLinkAFileAndAnothersDirectoryAreRefused() throws {
        for what in ["link", "file", "another's"] {
            let runtime = try Runtime()
            let path = runtime.status.path
            switch what {
            case "link":
                let elsewhere = runtime.path + "/elsewhere"
                try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: false)
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: elsewhere)
            case "file": try Data().write(to: URL(filePath: path))
            default:
                // Only root can give a directory away.
                guard getuid() == 0 else { continue }
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                try #require(chown(path, 4711, 4711) == 0)
            }
            let problem = #expect(throws: StatusDirectory.Problem.self) {
                try runtime.status.write([1], to: "1-1.json")
            }
            #expect(throws: StatusDirectory.Problem.self) { try runtime.status.files() }
            let why = what == "another's" ? "belongs to another user" : "is a link or a file"
            #expect(problem?.description.contains(why) == true, "\(what)")
            #expect(problem?.description.hasPrefix(path) == true)
        }
    }

    @Test func aFileThatIsALinkIsNeitherFollowedNorRead() throws {
        let runtime = try Runtime()
        let target = runtime.path + "/target"
        try Data("mine".utf8).write(to: URL(filePath: target))
        try runtime.status.write([1], to: "2-1.json")
        for name in ["1-1.json", ".1-1.json"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(runtime.status.path)/\(name)", withDestinationPath: target)
        }
        #expect(try runtime.status.files().map(\.name) == ["2-1.json"])
        try runtime.status.write(Array("new".utf8), to: "1-1.json")
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "mine")
        #expect(try runtime.status.files().map(\.name) == ["1-1.json", "2-1.json"])
    }
}
