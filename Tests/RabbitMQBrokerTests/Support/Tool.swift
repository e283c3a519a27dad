#if RabbitMQ
    import Foundation
    import Messaging
    import MessagingFaults

    /// A program that runs to its end, away from the threads of the tests.
    enum Tool {
        /// What it writes to its standard output. Throws where it ends otherwise than with 0.
        static func run(
            _ words: [String], _ environment: [String: String] = [:], input: Data = Data()
        ) async throws -> String {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(with: Result { try runHere(words, environment, input) })
                }
            }
        }

        private static func runHere(
            _ words: [String], _ environment: [String: String], _ input: Data
        ) throws -> String {
            let child = Process()
            child.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            child.arguments = words
            child.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            let (output, entry) = (Pipe(), Pipe())
            child.standardOutput = output
            child.standardError = output
            child.standardInput = entry
            try child.run()
            try entry.fileHandleForWriting.write(contentsOf: input)
            try entry.fileHandleForWriting.close()
            let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            child.waitUntilExit()
            if child.terminationStatus == 0 { return text }
            let name = words.first ?? ""
            throw BrokerError(.brokerFailure, "\(name) ended with \(child.terminationStatus): \(text.suffix(2_000))")
        }
    }

    extension ServerProcess {
        /// What a RabbitMQ answers to an expression in Erlang, which is what its own tools ask it: these take seconds to start.
        func evaluates(_ expression: String) async throws -> String {
            // It reads up to a point at the end of a line. Two at a time must not have one name.
            let cookie = try String(contentsOfFile: place.directory + "/.erlang.cookie", encoding: .utf8)
            return try await Tool.run(
                ["erl_call", "-h", "test\(MessageID())", "-c", cookie, "-n", "hub\(place.port)@localhost", "-e"],
                ["HOME": place.directory, "ERL_EPMD_PORT": "\(place.ports[2])"], input: Data((expression + "\n").utf8))
        }
    }
#endif
