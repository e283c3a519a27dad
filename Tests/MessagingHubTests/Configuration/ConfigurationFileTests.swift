import Foundation
import Testing

@testable import MessagingHub

@Suite struct ConfigurationFileTests {
    private func problems(_ path: String) -> [String] {
        do throws(ConfigurationError) {
            _ = try HubConfiguration.load(path: path, environment: [:], profiles: Loading.profiles)
            return []
        } catch {
            return error.problems.map { $0.description.replacing(path, with: "FILE") }
        }
    }

    private func temporary(_ fill: (FileHandle) throws -> Void) throws -> String {
        let url = FileManager.default.temporaryDirectory.appending(path: "hub-\(UUID().uuidString).yaml")
        try Data().write(to: url)
        let handle = try FileHandle(forWritingTo: url)
        try fill(handle)
        try handle.close()
        return url.path
    }

    @Test("A file that is missing, a directory, or not a path is named with what to do")
    func notThere() throws {
        #expect(problems("/nowhere/hub.yaml") == ["FILE: does not exist; check the path"])
        #expect(problems("/").first?.contains("is a directory; name the file in it") == true)
        #expect(problems("a\0b").first?.contains("is not a path") == true)
    }

    @Test("A file of 100 MB is refused before it is read")
    func large() throws {
        let path = try temporary { try $0.truncate(atOffset: 100 << 20) }
        defer { try? FileManager.default.removeItem(atPath: path) }
        let sentence = "has 104857600 bytes; a configuration has at most 10485760, so this is probably another file"
        #expect(problems(path) == ["FILE: \(sentence)"])
    }

    @Test("A file that never ends is read up to the limit")
    func endless() { #expect(problems("/dev/zero").first?.contains("more than 10485760 bytes") == true) }

    @Test("An empty file says so")
    func empty() throws {
        let path = try temporary { _ in }
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(problems(path) == ["FILE: is empty; a configuration has at least brokers and routes"])
    }

    @Test("A file that may not be read says so") func permission() throws {
        let path = try temporary { _ in }
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        let found = problems(path)
        #expect(found == ["FILE: may not be read; give this user the permission"] || getuid() == 0)
    }
}
