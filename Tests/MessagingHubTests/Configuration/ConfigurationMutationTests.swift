import Foundation
import Testing

@testable import MessagingHub

/// Valid files with seeded damage: whatever comes in, problems or a configuration come out, and nothing traps.
@Suite struct ConfigurationMutationTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../configs").standardized

    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    @Test(
        "Damaged files never trap, and every problem has a place or a path", arguments: ["messaging.yaml", "test.yaml"])
    func damage(_ name: String) throws {
        let original = Array(try Data(contentsOf: Self.folder.appending(path: name)))
        let splinters = [
            "&a", "*a", "<<: *quick", "${X}", "${", "- ", "[", "}", "\"", "\0", "999999999999999999999", "-1", "~",
            "\t", "%",
        ]
        var (loaded, refused) = (0, 0)
        for seed in 0..<1500 {
            var random = Generator(state: UInt64(seed))
            var bytes = original
            for _ in 0...Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let end = min(bytes.count, place + Int.random(in: 1...40, using: &random))
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place..<end)
                case 2: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
                case 3: bytes.removeSubrange(place...)
                default: bytes.insert(contentsOf: (splinters.randomElement(using: &random) ?? "").utf8, at: place)
                }
            }
            let problems = Loading.problems(bytes)
            if problems.isEmpty { loaded += 1 } else { refused += 1 }
            #expect(problems.allSatisfy { $0.hasPrefix("hub.yaml:") }, "seed \(seed)")
        }
        #expect(loaded > 50 && refused > 500)
    }
}
