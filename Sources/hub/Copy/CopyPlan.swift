import Foundation
import Messaging
import MessagingHub

/// What a copy is to do, once its words are understood: nothing is opened and nothing connected to.
struct CopyPlan: Sendable {
    /// The end of a copy that messages come from or go to.
    enum Place: Sendable {
        case topic(TopicPlace)
        /// A file, or `-`.
        case file(String)

        /// What it is called in messages.
        var shown: String {
            switch self {
            case .topic(let place): place.shown
            case .file(let path): path
            }
        }
    }

    /// The group as which a stream is read where none is named.
    static let group: GroupName = "copy"
    /// How many messages of a topic are on their way at once where it is not said.
    static let concurrency = 256

    let options: CopyOptions
    let source: Place
    let target: Place
    /// As which group a stream is read.
    let group: GroupName?
    let filter: HeaderFilter?
    /// What is to be pointed out before it begins.
    let notes: [String]

    /// What is added to each message that has not got it.
    let additions: MessageAdditions

    /// Throws a `ConfigurationError` with every problem of a configuration or a URL, and `CopyProblems`.
    init(_ options: CopyOptions, environment: [String: String], profiles: [BrokerProfile]) throws {
        func place(_ word: String) throws -> Place {
            let endpoint = try Endpoint(word)
            let topic = try TopicPlace(
                endpoint, file: options.config, environment: environment, profiles: profiles)
            return topic.map { .topic($0) } ?? .file(endpoint.shown)
        }
        let (read, written) = (try place(options.source), try place(options.target))
        var problems = Self.problems(options, read) + Self.problems(options, from: read, to: written)
        if Self.isOne(read, written) {
            problems.append(
                "SOURCE and TARGET are the same, \(read.shown): nothing would ever end; name another target")
        }
        let (filter, wrong) = Self.filter(options.filter)
        problems += wrong
        if !problems.isEmpty { throw CopyProblems(problems) }
        self.options = options
        self.filter = filter
        additions = options.additions
        group =
            if case .topic(let place) = read, place.kind == .stream {
                options.group.map { GroupName($0) } ?? Self.group
            } else { nil }
        notes = Self.notes(options, read, written)
        source = Self.prepared(read, options, group)
        target = written
    }

    /// The source with what the options say of it.
    private static func prepared(_ place: Place, _ options: CopyOptions, _ group: GroupName?) -> Place {
        guard case .topic(let topic) = place else { return place }
        return .topic(
            topic.with { route in
                route.concurrency = options.concurrency ?? concurrency
                route.window = max(route.window, route.concurrency)
                guard let group else { return }
                if route.groups[group] == nil || options.from != nil {
                    route.groups[group, default: .init()].start = options.from ?? .earliest
                }
            })
    }

    private static func isOne(_ source: Place, _ target: Place) -> Bool {
        switch (source, target) {
        case (.file("-"), _), (_, .file("-")): return false
        case (.file(let source), .file(let target)):
            func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
            return resolved(source) == resolved(target)
        case (.topic(let source), .topic(let target)):
            return source.topic == target.topic && source.profile?.type == target.profile?.type
                && source.server == target.server
        case (.file, .topic), (.topic, .file): return false
        }
    }

    private static func problems(_ options: CopyOptions, from source: Place, to target: Place) -> [String] {
        var problems: [String] = []
        if options.format == .body {
            if case .topic = source {
                problems.append("--format: body is for a file that is one message; give another")
            }
            if case .file = target { problems.append("--format: body is for a topic as target; give ndjson or lines") }
        }
        if let path = options.deadLetters {
            let used = [source, target].contains { isOne(.file(path), $0) } || path == "-"
            if used { problems.append("--dead-letters: \(path) is SOURCE or TARGET, or a stream; name another file") }
        }
        if let group = options.group, group.isEmpty || group.contains("/") || group.utf8.contains(0) {
            problems.append("--group: \(group.quoted) is part of a file's name; give a word without a slash")
        }
        return problems
    }

    private static func problems(_ options: CopyOptions, _ source: Place) -> [String] {
        var problems: [String] = []
        switch source {
        case .topic(let place):
            if place.kind == .queue, !options.filter.isEmpty {
                let why = "what does not fit would be accepted, and gone"
                problems.append("--filter: a queue has no filter, because \(why); copy to a file, and filter that")
            }
            if place.kind != .stream, options.group != nil {
                problems.append("--group: a \(place.kind) has no groups; leave it out")
            }
            if place.kind != .stream, options.from != nil {
                problems.append("--from: a \(place.kind) is read from where it is; leave it out")
            }
            if options.untilEnd, let why = place.neverEnds { problems.append("--until-end: \(why)") }
            if options.deadLetters != nil {
                problems.append(
                    "--dead-letters: what the target refuses goes to the dead letters of the topic; leave it out")
            }
        case .file(let path):
            switch options.from {
            case nil, .earliest?, .position?: break
            case .latest?, .time?: problems.append("--from: a file begins at earliest, or at a number of bytes")
            }
            if path == "-", options.from != nil {
                problems.append("--from: standard input begins where it is; leave it out")
            }
        }
        return problems
    }

    private static func filter(_ texts: [String]) -> (HeaderFilter?, [String]) {
        var (values, problems) = ([HeaderName: String](), [String]())
        for text in texts {
            // Each is one text: a comma belongs to the value.
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                problems.append("--filter: \(text.quoted) is not allowed; give header=value")
                continue
            }
            if values.updateValue(String(parts[1]), forKey: HeaderName(String(parts[0]))) != nil {
                problems.append("--filter: \(parts[0]) is given twice, and a message has to fit both; give it once")
            }
        }
        return (values.isEmpty ? nil : HeaderFilter(values), problems)
    }

    private static func notes(_ options: CopyOptions, _ source: Place, _ target: Place) -> [String] {
        var notes: [String] = []
        if case .topic(let place) = source, let why = place.endsWithProcess {
            notes.append("\(place.shown) is empty: \(why), and this is a process of its own")
        }
        if case .topic(let place) = target, let why = place.endsWithProcess {
            notes.append("what is copied to \(place.shown) is gone at the end: \(why)")
        }
        if case .file("-") = source, options.untilEnd {
            notes.append("--until-end: standard input ends when whoever writes it does")
        }
        if case .topic(let place) = source, case .file("-") = target, place.kind != .pubSub {
            notes.append("a message is accepted once it is in the stream; what reads it may still lose it")
        }
        if case .file("-") = source, options.group != nil {
            notes.append(
                "--group: standard input keeps no position; started again, it begins with what it is given then")
        }
        return notes
    }
}

/// Why a copy does not begin: every reason at once.
struct CopyProblems: Error {
    let problems: [String]
    init(_ problems: [String]) { self.problems = problems }
}

extension TopicPlace {
    /// Where its broker is, as far as the options tell that.
    fileprivate var server: [String: String] {
        guard let settings, let broker = configuration.brokers[settings.broker], let profile else { return [:] }
        let parts: Set<URLPart> = [.host, .port, .hosts, .path]
        let options = profile.options.descriptions.filter { $0.urlPart.map(parts.contains) ?? false }
        return Dictionary(
            uniqueKeysWithValues: options.map { option in
                (option.name, broker.options[untyped: option.name]?.optionText ?? option.defaultText)
            })
    }

    /// Why reading it up to its end does not end; nil where it does.
    fileprivate var neverEnds: String? {
        if kind == .pubSub { return "a pubsub has no end; leave it out, or give --limit" }
        guard case .refused(let reason)? = profile?.capabilities[kind, .untilEnd] else { return nil }
        return "\(reason); leave it out, or give --limit"
    }
}
