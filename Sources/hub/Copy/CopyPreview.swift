import Foundation
import Messaging
import MessagingHub

/// What `hub copy --dry-run` says: where from, where to, and how much there is.
struct CopyPreview: Sendable {
    private let plan: CopyPlan
    private let options: CopyOptions
    private let factories: [BrokerFactory]

    init(_ plan: CopyPlan, _ options: CopyOptions, _ factories: [BrokerFactory]) {
        self.plan = plan
        self.options = options
        self.factories = factories
    }

    /// Connects to brokers and reads files to their end. Throws what a copy could not begin for.
    func lines() async throws -> [String] {
        var lines = ["from \(try await source())", "to   \(try await target())"]
        if let filter = plan.filter {
            let headers = filter.values.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ", ")
            lines.append("only messages with \(headers)")
        }
        if let limit = options.limit { lines.append("at most \(limit.grouped) messages") }
        return lines + ["nothing was copied: --dry-run"]
    }

    private func source() async throws -> String {
        switch plan.source {
        case .topic(let place):
            let group = plan.group.map { " as group \($0)" } ?? ""
            return "\(place.kind) \(place.shown)\(group): \(try await state(of: place))"
        case .file("-"): return "standard input"
        case .file(let path):
            let input = try RecordInput(path, options.format, isInterrupted: { false })
            let track = try await FileTrack(path, input, options)
            var (messages, bad) = (0, 0)
            while case let elements = try await input.next(upTo: 1000), !elements.isEmpty {
                for element in elements {
                    guard case .bad(let line, let why, _, _) = element else {
                        messages += 1
                        continue
                    }
                    if options.onBadLine == .stop { throw track.problem(line, why) }
                    bad += 1
                }
            }
            let skipped = bad == 0 ? "" : ", and \(bad.grouped) lines that are none"
            let place = await track.place.offset
            return
                "file \(path)\(place > 0 ? " from byte \(place.grouped)" : ""): \(messages.grouped) messages\(skipped)"
        }
    }

    private func target() async throws -> String {
        switch plan.target {
        case .topic(let place): return "\(place.kind) \(place.shown): \(try await state(of: place))"
        case .file("-"): return "standard output"
        case .file(let path):
            let folder = (path as NSString).deletingLastPathComponent
            if access(folder.isEmpty ? "." : folder, W_OK) != 0 { throw Descriptor.failure(errno, path, "written") }
            return "file \(path)"
        }
    }

    private func state(of place: TopicPlace) async throws -> String {
        try await place.withBroker(factories) { broker in await state(of: place.destination, at: broker) }
    }

    private func state(of destination: Destination, at broker: any MessageBroker) async -> String {
        guard let topology = broker.topology else { return "connected" }
        do throws(BrokerError) {
            let group = destination.kind == .stream ? plan.group : nil
            let depth = try await topology.depth(of: destination, group: group)
            let held = depth.held.map { ", \($0.grouped) are held" } ?? ""
            return "\(depth.waiting.grouped) messages wait\(held)"
        } catch {
            return error.code == .noSuchDestination ? "not there yet" : "connected; \(error.sentence)"
        }
    }
}
