import Foundation
import Messaging

/// Where messages come from or go to, as it is written on a command line.
enum Endpoint: Hashable, Sendable {
    /// A topic of the configuration.
    case topic(String)
    /// A topic of a broker, by a URL: `amqp://host/vhost?topic=orders&kind=queue`.
    case url(EndpointURL)
    /// A file.
    case file(String)
    /// Standard input, or output: `-`.
    case standard

    private static let suffixes = [".ndjson", ".jsonl", ".json", ".txt", ".log", ".gz", ".zst"]

    /// What a word means: `-`, a URL, a file where it has a slash or the end of a file's name, else a topic. `topic:` or
    /// `file:` before it says which.
    init(_ word: String) throws(BrokerError) {
        if word == "-" {
            self = .standard
        } else if word.hasPrefix("file:") {
            let path = word.dropFirst(5)
            self = .file(path.hasPrefix("//") ? String(path.dropFirst(2)) : String(path))
        } else if word.hasPrefix("topic:") {
            self = .topic(String(word.dropFirst(6)))
        } else if word.contains("://") {
            self = .url(try EndpointURL(word))
        } else if word.contains("@"), word.contains(":") {
            // It may have a password in it: it is not shown, and no file is made of it.
            throw BrokerError(
                .invalidArgument, "a word looks like a URL and is none; write scheme://…, or file: before a file's name"
            )
        } else if word.contains("/") || Self.suffixes.contains(where: word.hasSuffix) {
            self = .file(word)
        } else {
            self = .topic(word)
        }
    }

    /// What it is called in messages; nothing of a URL that may be a secret.
    var shown: String {
        switch self {
        case .topic(let name): name
        case .url(let url): url.topic.name
        case .file(let path): path
        case .standard: "-"
        }
    }
}

/// A broker's URL with a topic: `topic`, `kind` and `order` stand in the query among the broker's own options.
struct EndpointURL: Hashable, Sendable {
    static let topic = Option("topic", default: "", "the topic", required: true).examples("orders.created")
    static let kind = Option("kind", default: DestinationKind.queue, "what the topic is")
    static let order = Option(
        "order", default: DestinationDeclaration.Order.none, "which messages keep their order")
    /// The options of a topic in a URL.
    static let options = OptionGroup([topic.description, kind.description, order.description])

    /// The URL without these options, its variables still in it.
    let broker: String
    let topic: Topic
    let kind: DestinationKind
    let order: DestinationDeclaration.Order

    init(_ text: String) throws(BrokerError) {
        let (place, query) = Self.split(text)
        var texts: [String: String] = [:]
        var others: [Substring] = []
        for pair in Self.pairs(query) {
            let name = String(pair.prefix { $0 != "=" })
            guard Self.options[name] != nil else {
                if let meant = Self.meant(by: name) {
                    throw BrokerError(
                        .invalidArgument, "a URL sets an option that is not known; did you mean \(meant)?")
                }
                others.append(pair)
                continue
            }
            let value = String(pair.dropFirst(name.count + 1))
            if value.contains("${") {
                throw BrokerError(
                    .invalidArgument, "\(name) in a URL has a variable, which is for the broker's own; write it out")
            }
            if texts.updateValue(value.removingPercentEncoding ?? value, forKey: name) != nil {
                throw BrokerError(.invalidArgument, "a URL sets \(name) twice; set it once")
            }
        }
        broker = others.isEmpty ? place : "\(place)?\(others.joined(separator: "&"))"
        let (values, problems) = Self.options.read(texts)
        if let (name, problem) = problems.min(by: { $0.key < $1.key }) {
            let example = "\(text.prefix { $0 != ":" })://…?topic=orders.created&kind=queue"
            throw BrokerError(.invalidArgument, "\(name) in a URL \(problem), such as \(example)")
        }
        topic = try Topic(values[Self.topic])
        kind = values[Self.kind]
        order = values[Self.order]
    }

    /// The option of a topic that is meant by a name which no type of broker has either; nil where none is near.
    private static func meant(by name: String) -> String? {
        let known = Backends.profiles.flatMap(\.options.descriptions).flatMap { [$0.name] + $0.otherNames }
        let written = name.lowercased()
        return known.contains(written) ? nil : written.nearest(in: options.descriptions.map(\.name))
    }

    /// A URL before and after the `?` of its query. That of a variable, `${VAR:?message}`, is none.
    private static func split(_ text: String) -> (place: String, query: Substring) {
        var depth = 0
        for index in text.indices {
            switch text[index] {
            case "{": depth += 1
            case "}": depth -= 1
            case "?" where depth <= 0: return (String(text[..<index]), text[index...].dropFirst())
            default: continue
            }
        }
        return (text, "")
    }

    private static func pairs(_ query: Substring) -> [Substring] {
        var (pairs, start, depth) = ([Substring](), query.startIndex, 0)
        for index in query.indices {
            switch query[index] {
            case "{": depth += 1
            case "}": depth -= 1
            case "&" where depth <= 0:
                pairs.append(query[start..<index])
                start = query.index(after: index)
            default: continue
            }
        }
        return (pairs + [query[start...]]).filter { !$0.isEmpty }
    }
}
