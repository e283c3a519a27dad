#if RabbitMQ
    import Foundation
    import Testing

    /// The same program on another broker: one line of its configuration is another.
    @Suite(
        .timeLimit(.minutes(5)),
        .enabled(if: RabbitMQPlace.isWanted, "RabbitMQ is not installed: apt-get install rabbitmq-server"))
    struct DemoSwapTests {
        /// What does not depend on how fast a broker is.
        private struct Row: Decodable, Hashable {
            let destination, kind: String
            let groups, sent, handled, deadLettered, filtered, lost, duplicated: Int
        }

        private func rows(_ arguments: String...) async throws -> [Row] {
            let result = try await HubProcess.run(["demo", "--json", "--count", "3000"] + arguments)
            #expect(result.status == 0 && result.errors == "", "\(result.errors)")
            return try result.output.split(separator: "\n").map {
                try JSONDecoder().decode(Row.self, from: Data($0.utf8))
            }
        }

        @Test func theDemonstrationRunsOnRabbitMQWhereOneLineIsChanged() async throws {
            let folder = try TestFolder()
            let shipped = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../configs/development.yaml")
            let text = try String(contentsOf: shipped.standardized, encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let url = try await RabbitMQPlace.url
            let swapped = lines.map { $0 == "    type: inmemory" ? "    url: \(url)" : $0 }
            #expect(zip(lines, swapped).count { $0 != $1 } == 1)
            let file = try folder.write("swapped.yaml", swapped.joined(separator: "\n"))
            let there = try await rows("--config", file)
            #expect(there == (try await rows()))
            #expect(there.map(\.sent) == [3000, 3000, 3000])
            #expect(there.allSatisfy { $0.lost == 0 && $0.duplicated == 0 })
        }
    }
#endif
