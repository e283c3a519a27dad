extension Message {
    /// Whether a seldom used field is set.
    @inlinable package var hasExtras: Bool { extras != nil }

    /// What `byteCount` is for a message without headers.
    @inlinable package var plainSize: Int { body.count &+ type.utf8.count &+ (key?.utf8.count ?? 0) }
}

extension BrokerLimits {
    /// What is too much in the name of a topic for a broker, which the text names; to be read after the name itself.
    package func problem(in topic: Topic, for broker: String) -> String? {
        let size = topic.name.utf8.count
        if size > maximumTopicBytes {
            return "has \(size) bytes; \(broker) carries at most \(maximumTopicBytes), shorten it"
        }
        if nameGrammar == .ascii, let odd = topic.name.unicodeScalars.first(where: { !$0.isInPlainName }) {
            let allowed = "ASCII letters, digits, dots, hyphens and underscores"
            return "contains \(String(odd).quoted); \(broker) carries \(allowed) alone, rename it"
        }
        return nil
    }

    @usableFromInline func carefulRefusal(of message: Message, at now: Timestamp) -> BrokerError? {
        func error(_ code: BrokerError.Code, _ sentence: String) -> BrokerError {
            BrokerError(code, "message \(message.id): \(sentence)", during: .publish)
        }
        if message.body.count > maximumBodyBytes {
            let (size, limit) = (message.body.count, maximumBodyBytes)
            return error(
                .tooLarge, "body of \(size) bytes is over the limit of \(limit); store it elsewhere, send a link")
        }
        if message.priority > maximumPriority {
            let (priority, limit) = (message.priority, maximumPriority)
            return error(.invalidArgument, "priority \(priority) is out of range; 0 to \(limit) are allowed")
        }
        if let expiration = message.expiration, expiration <= now {
            return error(.expired, "expired at \(expiration), which is past; set a later expiration")
        }
        if let notBefore = message.notBefore, notBefore - now > maximumDelay {
            return error(.invalidArgument, "delay until \(notBefore) is over the limit of \(maximumDelay)")
        }
        return fieldProblem(of: message).map { error($0, $1) } ?? headerProblem(of: message).map { error($0, $1) }
    }

    private func fieldProblem(of message: Message) -> (BrokerError.Code, String)? {
        let fields = [
            ("key", message.key), ("type", message.type), ("correlation id", message.correlationID),
            ("reply-to", message.replyTo), ("content type", message.contentType.name),
            ("content encoding", message.contentEncoding),
        ]
        for (name, value) in fields {
            guard let value else { continue }
            if value.utf8.count > maximumFieldBytes {
                return (.tooLarge, "\(name) of \(value.utf8.count) bytes is over the limit of \(maximumFieldBytes)")
            }
            if value.hasControlCharacter {
                return (.invalidArgument, "\(name) \(value.quoted) contains a control character; remove it")
            }
        }
        return nil
    }

    private func headerProblem(of message: Message) -> (BrokerError.Code, String)? {
        if message.headers.count > maximumHeaders {
            return (.tooLarge, "\(message.headers.count) headers are over the limit of \(maximumHeaders)")
        }
        for field in message.headers.fields {
            if let problem = problem(inName: field.name.text) {
                return (.invalidArgument, "header name \(field.name.text.quoted) \(problem)")
            }
            if field.value.byteCount > maximumHeaderValueBytes {
                let (size, limit) = (field.value.byteCount, maximumHeaderValueBytes)
                return (.tooLarge, "header \(field.name.text.quoted) of \(size) bytes is over the limit of \(limit)")
            }
            if let problem = problem(inValue: field.value) {
                return (.invalidArgument, "header \(field.name.text.quoted) \(problem)")
            }
        }
        return nil
    }

    private func problem(inName name: String) -> String? {
        if name.isEmpty { return "is empty; name it" }
        if name.utf8.count > maximumHeaderNameBytes {
            return "has \(name.utf8.count) bytes; at most \(maximumHeaderNameBytes) are allowed, shorten it"
        }
        if name.hasControlCharacter { return "contains a control character; remove it" }
        if headerGrammar == .line, name.utf8.contains(where: { $0 == 0x20 || $0 == 0x3A }) {
            return "contains a colon or a space, which this broker cannot carry; use a hyphen"
        }
        return nil
    }

    private func problem(inValue value: HeaderValue) -> String? {
        if headerGrammar == .bytes { return nil }
        guard let text = value.text else { return "is not valid UTF-8, which this broker cannot carry; encode it" }
        if text.utf8.contains(0) { return "contains a NUL, which this broker cannot carry; remove it" }
        if headerGrammar == .line, text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
            return "contains a line break, which this broker cannot carry; encode it"
        }
        return nil
    }
}

extension Unicode.Scalar {
    fileprivate var isInPlainName: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": true
        default: false
        }
    }
}

extension String {
    /// Whether there is an ASCII control character in it: a byte below 0x20, or 0x7F. Eight bytes at a time, because it is
    /// asked for every message.
    @inlinable var hasControlCharacter: Bool {
        let bytes = utf8.span.bytes
        let count = bytes.byteCount
        if count < 8 { return bytes.hasControlCharacter(from: 0) }
        var index = 0
        while index &+ 8 <= count {
            if bytes.hasControlCharacter(inEightFrom: index) { return true }
            index &+= 8
        }
        return index < count && bytes.hasControlCharacter(inEightFrom: count &- 8)
    }
}

extension RawSpan {
    @inlinable func hasControlCharacter(from first: Int) -> Bool {
        for index in first..<byteCount {
            let byte = unsafeLoad(fromByteOffset: index, as: UInt8.self)
            if byte < 0x20 || byte == 0x7F { return true }
        }
        return false
    }

    /// Each byte has its highest bit to itself: it is borrowed where the byte is too small. A byte of 0x80 or more, of which
    /// UTF-8 beyond ASCII consists, is neither; the carry that it might pass on is stopped by setting its highest bit first.
    @inlinable func hasControlCharacter(inEightFrom first: Int) -> Bool {
        let bytes = unsafeLoadUnaligned(fromByteOffset: first, as: UInt64.self)
        let high: UInt64 = 0x8080_8080_8080_8080
        let isAboveControl = (bytes | high) &- 0x2020_2020_2020_2020
        let isNotDelete = ((bytes ^ 0x7F7F_7F7F_7F7F_7F7F) | high) &- 0x0101_0101_0101_0101
        return (isAboveControl & isNotDelete | bytes) & high != high
    }
}
