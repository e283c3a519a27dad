import CYAML

/// libyaml's parser over bytes in memory: the one place that knows its pointers. Freed with the object.
final class YAMLParserHandle {
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// A parser over these bytes, which it copies.
    init(_ bytes: [UInt8]) throws(YAMLProblem) {
        input = .allocate(capacity: bytes.count)
        _ = input.initialize(from: bytes)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.initialize(to: yaml_parser_t())
            throw YAMLProblem(mark: nil, sentence: "cannot be read: there is no memory for a YAML parser")
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next step. After `.streamEnd` there is none: it comes again.
    func next() throws(YAMLProblem) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem }
        defer { yaml_event_delete(&event) }
        let start = event.start_mark
        var copy = YAMLEvent(kind: .other, mark: Self.mark(start))
        switch event.type {
        case YAML_STREAM_START_EVENT: copy.kind = .streamStart
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: copy.kind = .streamEnd
        case YAML_DOCUMENT_START_EVENT: copy.kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: copy.kind = .documentEnd
        case YAML_SEQUENCE_END_EVENT: copy.kind = .sequenceEnd
        case YAML_MAPPING_END_EVENT: copy.kind = .mappingEnd
        case YAML_ALIAS_EVENT: copy.kind = .alias(Self.text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT: scalar(event.data.scalar, into: &copy)
        case YAML_SEQUENCE_START_EVENT:
            copy.kind = .sequenceStart
            copy.anchor = Self.text(event.data.sequence_start.anchor)
            copy.tag = Self.text(event.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            copy.kind = .mappingStart
            copy.anchor = Self.text(event.data.mapping_start.anchor)
            copy.tag = Self.text(event.data.mapping_start.tag)
        default: break
        }
        return copy
    }

    private func scalar(_ scalar: yaml_event_t.__Unnamed_union_data.__Unnamed_struct_scalar, into copy: inout YAMLEvent)
    {
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.value == nil ? 0 : scalar.length)
        copy.kind = .scalar(
            text: String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        copy.anchor = Self.text(scalar.anchor)
        copy.tag = Self.text(scalar.tag)
    }

    private var problem: YAMLProblem {
        let failed = parser.pointee
        let hasPlace = failed.problem_mark.line > 0 || failed.problem_mark.column > 0
        var fault = YAMLFault()
        fault.context = failed.context.map { String(cString: $0) } ?? ""
        fault.problem = failed.problem.map { String(cString: $0) } ?? ""
        fault.contextMark = Self.mark(failed.context_mark)
        fault.mark = Self.mark(hasPlace ? failed.problem_mark : failed.mark)
        if failed.error == YAML_READER_ERROR {
            fault.character = (UInt32(bitPattern: failed.problem_value), Int(clamping: failed.problem_offset))
        }
        return fault.problem(in: Array(input))
    }

    private static func mark(_ mark: yaml_mark_t) -> YAMLMark {
        YAMLMark(line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
    }

    private static func text(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        text.map { String(decodingCString: $0, as: UTF8.self) }
    }
}
