/// A step of libyaml's parser, copied out of its memory.
struct YAMLEvent: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(text: String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
        case other
    }

    var kind: Kind
    var mark: YAMLMark
    var anchor: String?
    var tag: String?
}
