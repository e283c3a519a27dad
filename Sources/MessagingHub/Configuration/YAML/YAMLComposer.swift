import Messaging

/// Makes a tree of one document, within limits. Anchors that contain themselves, a second document, repeated keys and
/// foreign tags are refused.
///
/// What can be gone on after (an unset variable, a repeated key) is collected; what cannot ends the composing.
struct YAMLComposer {
    /// A part of the tree with what it costs.
    private struct Part {
        var node: YAMLNode
        var nodes = 1
        var bytes = 0
    }

    private let handle: YAMLParserHandle
    private let limits: YAMLLimits
    private let interpolation: Interpolation
    private var anchors: [String: Part] = [:]
    private var open: Set<String> = []
    /// The keys that lead to the value that is read.
    private var keys: [String] = []
    private var nodes = 0
    private var bytes = 0
    /// What is wrong, in the order of the file.
    private(set) var problems: [YAMLProblem] = []

    private init(_ bytes: [UInt8], environment: [String: String], limits: YAMLLimits) throws(YAMLProblem) {
        if bytes.count > limits.bytes { throw YAMLProblem(mark: nil, sentence: limits.sentence(forBytes: bytes.count)) }
        if let mark = bytes.firstInvalidUTF8 {
            throw YAMLProblem(mark: mark, sentence: "is not UTF-8: save the file in that encoding")
        }
        handle = try YAMLParserHandle(bytes)
        self.limits = limits
        interpolation = Interpolation(environment, limit: limits.scalarBytes)
    }

    /// The tree of a document, and what is wrong in it; no tree where it cannot be read at all.
    static func compose(
        _ bytes: [UInt8], environment: [String: String], limits: YAMLLimits = YAMLLimits()
    ) -> (root: YAMLNode?, problems: [YAMLProblem]) {
        do throws(YAMLProblem) {
            var composer = try YAMLComposer(bytes, environment: environment, limits: limits)
            do throws(YAMLProblem) {
                return (try composer.document(), composer.problems)
            } catch {
                return (nil, composer.problems + [error])
            }
        } catch {
            return (nil, [error])
        }
    }

    private mutating func document() throws(YAMLProblem) -> YAMLNode {
        _ = try handle.next()
        let start = try handle.next()
        guard start.kind == .documentStart else {
            throw YAMLProblem(mark: nil, sentence: "is empty; a configuration has at least brokers and routes")
        }
        let root = try part(from: try handle.next(), depth: 0).node
        _ = try handle.next()
        let end = try handle.next()
        guard end.kind == .streamEnd else {
            throw YAMLProblem(mark: end.mark, sentence: "has a second document here; a configuration is one")
        }
        return root
    }

    private mutating func part(from event: YAMLEvent, depth: Int) throws(YAMLProblem) -> Part {
        if depth > limits.depth {
            throw problem("is nested deeper than \(limits.depth) levels; flatten it", at: event.mark)
        }
        checkTag(of: event)
        if let anchor = event.anchor { open.insert(anchor) }
        var part: Part
        switch event.kind {
        case .alias(let name): return try alias(name, at: event.mark)
        case .scalar(let text, let isPlain): part = try scalar(text, isPlain: isPlain, of: event)
        case .sequenceStart: part = try sequence(at: event.mark, depth: depth)
        case .mappingStart: part = try mapping(at: event.mark, depth: depth)
        default: throw problem("is not YAML: a value is missing here; give one", at: event.mark)
        }
        if let anchor = event.anchor {
            open.remove(anchor)
            anchors[anchor] = part
        }
        return part
    }

    private mutating func scalar(_ text: String, isPlain: Bool, of event: YAMLEvent) throws(YAMLProblem) -> Part {
        var part = Part(node: YAMLNode(mark: event.mark, content: .null))
        if text.utf8.count > limits.scalarBytes {
            let sentence = "is a text of \(text.utf8.count) bytes; at most \(limits.scalarBytes) are allowed"
            throw problem("\(sentence), shorten it", at: event.mark)
        }
        if !(isPlain && ["", "~", "null", "Null", "NULL"].contains(text)) {
            var scalar = YAMLNode.Scalar(text: text, style: isPlain ? .plain : .quoted)
            do throws(Interpolation.Problem) {
                (scalar.text, scalar.variables) = try interpolation.apply(to: text)
                scalar.written = scalar.variables.isEmpty ? nil : text
            } catch {
                problems.append(problem(error.sentence, at: event.mark))
                scalar.variables = error.variables
                scalar.isUnusable = true
            }
            part.node.content = .scalar(scalar)
            part.bytes = scalar.text.utf8.count
        }
        try count(nodes: 1, bytes: part.bytes, at: event.mark)
        return part
    }

    private mutating func sequence(at mark: YAMLMark, depth: Int) throws(YAMLProblem) -> Part {
        var items: [YAMLNode] = []
        var sum = Part(node: YAMLNode(mark: mark, content: .null))
        try count(nodes: 1, bytes: 0, at: mark)
        while true {
            let event = try handle.next()
            if event.kind == .sequenceEnd { break }
            let item = try part(from: event, depth: depth + 1)
            items.append(item.node)
            sum.nodes += item.nodes
            sum.bytes += item.bytes
        }
        sum.node.content = .sequence(items)
        return sum
    }

    private mutating func mapping(at mark: YAMLMark, depth: Int) throws(YAMLProblem) -> Part {
        var entries = YAMLEntries()
        var sum = Part(node: YAMLNode(mark: mark, content: .null))
        try count(nodes: 1, bytes: 0, at: mark)
        while true {
            let event = try handle.next()
            if event.kind == .mappingEnd { break }
            guard case .scalar(let key, let isPlain) = event.kind else {
                throw problem("is not a key; give a single word, without an alias", at: event.mark)
            }
            try count(nodes: 1, bytes: key.utf8.count, at: event.mark)
            keys.append(key)
            defer { keys.removeLast() }
            let value = try part(from: try handle.next(), depth: depth + 1)
            sum.nodes += value.nodes + 1
            sum.bytes += value.bytes + key.utf8.count
            if key == "<<" && isPlain {
                if let (mark, sentence) = entries.merge(value.node) { problems.append(problem(sentence, at: mark)) }
            } else if let first = entries.set(key, at: event.mark, to: value.node) {
                let sentence = "is set twice in one mapping, first in line \(first.line); remove one of them"
                problems.append(problem(sentence, at: event.mark))
            }
        }
        sum.node.content = .mapping(entries.list)
        return sum
    }

    private mutating func alias(_ name: String, at mark: YAMLMark) throws(YAMLProblem) -> Part {
        if open.contains(name) {
            throw problem("the alias *\(name) stands inside its own anchor; a cycle has no end", at: mark)
        }
        guard let part = anchors[name] else {
            let remedy = "define &\(name) first, or put a text that begins with * in quotation marks"
            throw problem("the alias *\(name) has no anchor before it; \(remedy)", at: mark)
        }
        try count(nodes: part.nodes, bytes: part.bytes, at: mark)
        return part
    }

    private mutating func count(nodes more: Int, bytes moreBytes: Int, at mark: YAMLMark) throws(YAMLProblem) {
        nodes += more
        bytes += moreBytes
        if nodes > limits.nodes {
            let sentence = "has more than \(limits.nodes) values once its aliases are resolved; make it smaller"
            throw problem(sentence, at: mark)
        }
        if bytes > limits.bytes {
            let sentence = "has more than \(limits.bytes) bytes once its aliases and variables are resolved"
            throw problem("\(sentence); make it smaller", at: mark)
        }
    }

    private mutating func checkTag(of event: YAMLEvent) {
        guard let tag = event.tag else { return }
        let known = ["str", "int", "float", "bool", "null", "map", "seq"].map { "tag:yaml.org,2002:\($0)" }
        if tag != "!", !known.contains(tag) {
            problems.append(problem("the tag \(tag.quoted) is not known; remove it", at: event.mark))
        }
    }

    private func problem(_ sentence: String, at mark: YAMLMark) -> YAMLProblem {
        YAMLProblem(mark: mark, keys: keys, sentence: sentence)
    }
}

extension YAMLLimits {
    /// What to say of a file that is too large.
    func sentence(forBytes count: Int) -> String {
        "has \(count) bytes; a configuration has at most \(bytes), so this is probably another file"
    }
}

extension [UInt8] {
    /// Where the first byte stands that is not UTF-8; nil where all are.
    var firstInvalidUTF8: YAMLMark? { String(validating: self, as: UTF8.self) == nil ? end : nil }

    /// The place behind the last character, or at the first byte that is not UTF-8.
    var end: YAMLMark {
        var decoder = UTF8()
        var iterator = makeIterator()
        var mark = YAMLMark(line: 1, column: 1)
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            mark =
                scalar == "\n"
                ? YAMLMark(line: mark.line + 1, column: 1) : YAMLMark(line: mark.line, column: mark.column + 1)
        }
        return mark
    }
}
