public import Messaging

/// The options of the embedded broker: a SQLite file that several processes of one machine may share.
public struct EmbeddedConfiguration: Hashable, Sendable {
    /// When what was written is on the disk.
    public enum Synchronous: String, Hashable, Sendable, CaseIterable, OptionValue {
        /// Before a publish or a settlement returns.
        case full
        /// Soon after: the end of the process loses nothing, the end of the machine may.
        case normal
    }

    /// `path`: the file.
    public static let path = Option(
        "path", default: "hub.db", "the file; made where it does not exist"
    ).concept("address", knownAs: "file", "filename").inURL(.path).examples("hub.db", "/var/lib/hub/hub.db")
    /// `synchronous`: when what was written is on the disk.
    public static let synchronous = Option(
        "synchronous", default: Synchronous.full, "when what was written is on the disk"
    ).concept("confirmation", knownAs: "fsync").caution { synchronous in
        let sentence = "synchronous: normal may lose the last messages when the machine loses its power"
        return synchronous == .full ? nil : OptionCaution(sentence, losesMessages: true)
    }
    /// `busy-timeout`: how long a call waits for another process.
    public static let busyTimeout = Option(
        "busy-timeout", default: .seconds(5), in: .zero...Duration.seconds(300),
        "how long a call waits for another process that writes")
    /// `lease`: when what a dead process held is handed out again.
    public static let lease = Option(
        "lease", default: .seconds(30), in: .seconds(1)...Duration.seconds(3600),
        "how long after its last sign of life a process's deliveries go to another one"
    ).concept("time until a delivery is taken back")
    /// `max-body`: the largest body.
    public static let maximumBody = Option(
        "max-body", default: ByteCount(16 << 20), in: ByteCount(0)...ByteCount(512 << 20),
        "the largest body of a message"
    ).concept("largest body", knownAs: "max-payload")

    /// The options, each described once and tied to its property.
    public static let options = BoundOptions<EmbeddedConfiguration>([
        OptionBinding(path, \.path), OptionBinding(synchronous, \.synchronous),
        OptionBinding(busyTimeout, \.busyTimeout), OptionBinding(lease, \.lease),
        OptionBinding(maximumBody, \.maximumBody),
    ])

    /// The file. Default: `hub.db` in the working directory.
    public var path = Self.path.defaultValue
    /// When what was written is on the disk. Default: before a call returns.
    public var synchronous = Self.synchronous.defaultValue
    /// How long a call waits for another process that writes. Default: 5 s.
    public var busyTimeout = Self.busyTimeout.defaultValue
    /// When the deliveries of a silent process go to another one. Default: after 30 s.
    public var lease = Self.lease.defaultValue
    /// The largest body. Default: 16 MiB.
    public var maximumBody = Self.maximumBody.defaultValue

    /// A file in the working directory; change what differs.
    public init() {}

    /// The configuration of these option values.
    public init(_ values: OptionValues) {
        self.init()
        Self.options.apply(values, to: &self)
    }

    fileprivate var findings: [OptionFinding] {
        path.isEmpty ? [.problem("path", "is empty; name the file")] : []
    }
}

extension BrokerProfile {
    /// What is known of the embedded broker.
    public static let embedded = BrokerProfile(
        type: .embedded, scheme: "sqlite", trait: "Embedded", package: "libsqlite3-dev",
        options: EmbeddedConfiguration.options.group, capabilities: .embedded,
        limits: BrokerLimits().with {
            $0.maximumBodyBytes = EmbeddedConfiguration.maximumBody.defaultValue.bytes
            $0.headerGrammar = .bytes
        },
        adapting: { limits, values in
            limits.with { $0.maximumBodyBytes = values[EmbeddedConfiguration.maximumBody].bytes }
        }, findings: { EmbeddedConfiguration($0).findings })
}

extension BrokerCapabilities {
    fileprivate static let embedded: BrokerCapabilities = {
        let common: [Operation: Support] = [
            .serve: .native, .expiration: .native, .binaryHeaders: .native, .nullBody: .native, .durable: .native,
        ]
        let stored: [Operation: Support] = [
            .retry: .native, .expiredCount: .native, .atomicForward: .native, .brokerDeadLetters: .native,
            .bindings: .native, .bounded: .native, .heldCount: .native, .delayCount: .native,
            .order: .emulated(cost: "one consumer at a time receives, the others stand by"),
        ]
        let queue: [Operation: Support] = [
            .delay: .native, .priority: .native,
            .pattern: .refused(reason: "a queue is subscribed to by its name; bind it to a pattern instead"),
        ]
        let stream: [Operation: Support] = [
            .pattern: .native, .untilEnd: .native, .filter: .native, .replay: .native,
        ]
        let pubSub: [Operation: Support] = [
            .serve: .emulated(cost: "subscribers of other processes look for messages several times a second"),
            .pattern: .native, .durable: .refused(reason: "what nobody hears is gone"),
        ]
        return BrokerCapabilities(
            [
                .queue: common.merging(stored) { $1 }.merging(queue) { $1 },
                .stream: common.merging(stored) { $1 }.merging(stream) { $1 },
                .pubSub: common.merging(pubSub) { $1 },
            ], crashCount: .exact, releaseCounts: false, priorityOrder: .strict)
    }()
}
