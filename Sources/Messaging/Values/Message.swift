/// A message: a body and what is said about it. A value.
///
/// It does not know where it goes. Its layout is chosen for the hand-over from queue to queue, where each reference
/// costs a retain and a release: five references, the seldom used fields behind one of them.
public struct Message: Hashable, Sendable {
    /// The highest priority there is.
    public static let highestPriority: UInt8 = 10

    /// The identity, which stays the same through retries and dead letters. Default: a new one.
    public var id: MessageID
    /// What happened or is to be done, such as `order.created`. Default: empty.
    public var type: String
    /// What orders messages and spreads them over partitions: messages of one key keep their order. Default: none.
    public var key: String?
    /// The headers. Default: none.
    public var headers: Headers
    /// When the application made it; carried to the millisecond. Default: now.
    public var timestamp: Timestamp
    /// 0, the lowest and the default, to `highestPriority`, 10. Anything else fails the publish of this message and no other.
    public var priority: UInt8
    /// Whether it outlives its broker's process. Default: it does.
    public var deliveryMode: DeliveryMode
    var contentTypeCode: UInt8
    @usableFromInline var extras: Extras?
    /// The bytes.
    public var body: Body

    /// A message with this body; every other field has the default that its description states.
    public init(
        _ body: Body = .empty, type: String = "", key: String? = nil, headers: Headers = Headers(),
        contentType: ContentType = .octetStream, id: MessageID = MessageID(), timestamp: Timestamp = .now
    ) {
        self.id = id
        self.type = type
        self.key = key
        self.headers = headers
        self.timestamp = timestamp
        self.body = body
        priority = 0
        deliveryMode = .persistent
        contentTypeCode = 0
        extras = nil
        if contentType != .octetStream { self.contentType = contentType }
    }
}

extension Message {
    /// Not handed out before this moment: a floor, met within 250 ms when nothing else waits. Default: at once.
    public var notBefore: Timestamp? {
        get { extras?.notBefore }
        set { change { $0.notBefore = newValue } }
    }

    /// Not handed out after this moment. In the past when published: the publish fails. Default: never.
    public var expiration: Timestamp? {
        get { extras?.expiration }
        set { change { $0.expiration = newValue } }
    }

    /// What ties a reply to its request. Default: none.
    public var correlationID: String? {
        get { extras?.correlationID }
        set { change { $0.correlationID = newValue } }
    }

    /// Where a reply goes: an address that only the broker understands. Default: none.
    public var replyTo: String? {
        get { extras?.replyTo }
        set { change { $0.replyTo = newValue } }
    }

    /// How the body is encoded beyond its type, such as `gzip` (RFC 9110, §8.4). Default: not at all.
    public var contentEncoding: String? {
        get { extras?.contentEncoding }
        set { change { $0.contentEncoding = newValue } }
    }

    /// What the bytes of the body are. Default: `application/octet-stream`.
    public var contentType: ContentType {
        get { extras?.contentType ?? ContentType.known[Int(contentTypeCode)] }
        set {
            if let code = ContentType.known.firstIndex(of: newValue) {
                contentTypeCode = UInt8(truncatingIfNeeded: code)
                if extras?.contentType != nil { change { $0.contentType = nil } }
            } else {
                contentTypeCode = 0
                change { $0.contentType = newValue }
            }
        }
    }

    private mutating func change(_ edit: (inout Extras.Fields) -> Void) {
        var fields = extras?.fields ?? Extras.Fields()
        edit(&fields)
        extras = fields == Extras.Fields() ? nil : Extras(fields)
    }

    /// What a size limit is compared with: body, headers, key and type, in bytes.
    public var byteCount: Int {
        var sum = body.count &+ type.utf8.count &+ (key?.utf8.count ?? 0)
        if !headers.isEmpty {
            for field in headers.fields { sum &+= field.name.text.utf8.count &+ field.value.byteCount }
        }
        return sum
    }
}

/// The fields that most messages do not have, behind one reference that is then nil.
@usableFromInline final class Extras: Hashable, Sendable {
    struct Fields: Hashable, Sendable {
        var notBefore: Timestamp?
        var expiration: Timestamp?
        var correlationID: String?
        var replyTo: String?
        var contentEncoding: String?
        var contentType: ContentType?
    }

    let fields: Fields

    init(_ fields: Fields) { self.fields = fields }

    var notBefore: Timestamp? { fields.notBefore }
    var expiration: Timestamp? { fields.expiration }
    var correlationID: String? { fields.correlationID }
    var replyTo: String? { fields.replyTo }
    var contentEncoding: String? { fields.contentEncoding }
    var contentType: ContentType? { fields.contentType }

    @usableFromInline static func == (left: Extras, right: Extras) -> Bool { left.fields == right.fields }
    @usableFromInline func hash(into hasher: inout Hasher) { hasher.combine(fields) }
}

extension Message {
    /// Whether a field is set that makes a queue look twice: a delay or an expiration.
    @inlinable package var isTimed: Bool { hasExtras && hasTimes }
    @usableFromInline var hasTimes: Bool { notBefore != nil || expiration != nil }
}
