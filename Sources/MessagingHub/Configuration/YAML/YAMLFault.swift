import Messaging

/// What libyaml says of a text that it cannot parse, and what that means for who has written it. Pure.
struct YAMLFault: Sendable {
    /// What it was about to read, in its words; empty where it does not say.
    var context = ""
    /// What was wrong, in its words; empty where it does not say.
    var problem = ""
    /// Where that which it was about to read begins.
    var contextMark = YAMLMark(line: 1, column: 1)
    /// Where it stopped.
    var mark = YAMLMark(line: 1, column: 1)
    /// A character that no text may have, with the number of bytes before it.
    var character: (value: UInt32, offset: Int)?

    /// Where the writer of this text is to look, and what to do there.
    func problem(in bytes: [UInt8]) -> YAMLProblem {
        if let character {
            let digits = String(character.value, radix: 16, uppercase: true)
            let code = "U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
            return said(
                "the character \(code) is not allowed; remove it", at: Array(bytes.prefix(character.offset)).end)
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: mark.line, omittingEmptySubsequences: false)
        let text = String(decoding: lines.dropFirst(mark.line - 1).first.map(Array.init) ?? [], as: UTF8.self)
        let blanks = text.prefix { $0 == " " || $0 == "\t" }
        if let tab = blanks.firstIndex(of: "\t"), Self.causedByTabs.contains(where: problem.contains) {
            let column = text.distance(from: text.startIndex, to: tab) + 1
            return said(
                "a tab stands in the indentation; write spaces instead", at: YAMLMark(line: mark.line, column: column))
        }
        if problem.contains("cannot start any token"), let first = text.dropFirst(mark.column - 1).first {
            if first == "\t" { return said("a tab cannot stand here; write spaces instead", at: mark) }
            let shown = "%@`".contains(first) ? String(first).quoted : "this"
            return said("\(shown) cannot begin a text; put the text in quotation marks", at: mark)
        }
        guard let meaning = Self.meanings.first(where: { context.contains($0.words) || problem.contains($0.words) })
        else {
            let words = [context, problem].filter { !$0.isEmpty }.joined(separator: ", ")
            return said(
                "\(words.isEmpty ? "it cannot be parsed" : words); correct this line or the one before", at: mark)
        }
        let sentence = meaning.sentence.replacing("LINE", with: "line \(contextMark.line)")
        return said(sentence, at: meaning.isWhereItBegins && !context.isEmpty ? contextMark : mark)
    }

    private func said(_ sentence: String, at mark: YAMLMark) -> YAMLProblem {
        YAMLProblem(mark: mark, sentence: "is not YAML: \(sentence)")
    }

    /// What may be wrong only because a tab is no indentation.
    private static let causedByTabs = [
        "cannot start any token", "tab character", "mapping values are not allowed", "did not find expected key",
        "could not find expected ':'", "did not find expected '-'",
    ]

    private struct Meaning {
        /// What libyaml's context or problem contains.
        let words: String
        let sentence: String
        /// Whether the writer is to look where that begins which libyaml was about to read.
        var isWhereItBegins = false
    }

    /// The first that fits holds.
    private static let meanings = [
        Meaning(words: "found unexpected end of stream", sentence: quotes, isWhereItBegins: true),
        Meaning(words: "found unexpected document indicator", sentence: quotes, isWhereItBegins: true),
        Meaning(
            words: "unknown escape character",
            sentence: "\\ and this character mean nothing in double quotation marks; write \\\\, or use single ones"),
        Meaning(words: "hexdecimal number", sentence: digits),
        Meaning(words: "character escape code", sentence: digits),
        Meaning(
            words: "scanning a block scalar",
            sentence: "nothing stands behind | and > on their line; write the text below, or in quotation marks",
            isWhereItBegins: true),
        Meaning(words: "scanning an alias", sentence: names, isWhereItBegins: true),
        Meaning(words: "scanning an anchor", sentence: names, isWhereItBegins: true),
        Meaning(words: "irective", sentence: directives, isWhereItBegins: true),
        Meaning(words: "incompatible YAML", sentence: directives),
        Meaning(
            words: " tag",
            sentence: "! begins a tag, which is of no use here; remove it, or put the text in quotation marks",
            isWhereItBegins: true),
        Meaning(
            words: "could not find expected ':'", sentence: "a key has no colon behind it; write key: value",
            isWhereItBegins: true),
        Meaning(
            words: "mapping values are not allowed",
            sentence: "no key can stand before this colon; give each key its own line, indent the keys of one mapping"
                + " alike, and put a text with a colon in quotation marks"),
        Meaning(words: "mapping keys are not allowed", sentence: "no ? can stand here; write key: value"),
        Meaning(
            words: "block sequence entries",
            sentence: "no list can begin here; put each - on a line of its own below the key, or write [one, two]"),
        Meaning(
            words: "did not find expected key",
            sentence: "this is no key of the mapping that begins in LINE; indent its keys alike, and write key: value"),
        Meaning(
            words: "expected '-' indicator",
            sentence: "this is no item of the list that begins in LINE; indent its items alike, each behind a -"),
        Meaning(
            words: "',' or '}'", sentence: "the { of LINE is not closed, or a comma is missing; write } or a comma"),
        Meaning(
            words: "',' or ']'", sentence: "the [ of LINE is not closed, or a comma is missing; write ] or a comma"),
        Meaning(
            words: "expected node content", sentence: "a value is missing here; give one, or close what is still open"),
        Meaning(
            words: "expected <document start>",
            sentence: "this does not belong to what stands before it; a configuration is one mapping of keys"),
        Meaning(words: "unexpected ':'", sentence: "no colon can stand here; put the text in quotation marks"),
    ]

    private static let quotes = "a quotation mark is not closed; close it"
    private static let digits = "\\x, \\u and \\U have 2, 4 and 8 hexadecimal digits behind them; complete them"
    private static let names =
        "* and & have a name of letters and digits behind them; put a text that begins with one in quotation marks"
    private static let directives = "a line that begins with % is of no use here; remove it"
}
