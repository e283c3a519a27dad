import MessagingTesting

/// A class of defects that others have shipped and paid for, and the mutants that plant it here.
struct BugClass {
    /// What goes wrong, in a few words.
    let what: String
    /// Brokers that do so, as `Mutant.flaw` says it.
    let flaws: [String]

    /// The scenarios that turn red, each once, in their order.
    var catches: [Mutant.Catch] {
        var seen: Set<String> = []
        return Mutant.all.filter { flaws.contains($0.flaw) }.flatMap(\.catches)
            .filter { seen.insert($0.name).inserted }
            .sorted { ($0.scenario, $0.level.rawValue) < ($1.scenario, $1.level.rawValue) }
    }

    static let all: [BugClass] = [
        BugClass(
            what: "an accept covers a message that failed, or another's",
            flaws: [
                "accepting one accepts all that were received before it",
                "a position goes no further than the first that failed",
            ]),
        BugClass(
            what: "deduplication takes work that failed, or that still goes on, for done",
            flaws: [
                "a key is done before its handler has run", "a key stays done though its handler failed",
                "a lease is not renewed while its handler works",
            ]),
        BugClass(
            what: "one bad message takes its batch with it",
            flaws: ["one bad message refuses its whole batch", "every message is published twice"]),
        BugClass(
            what: "accepted at the source before it is durable at the target",
            flaws: [
                "a forward accepts the original, then publishes",
                "what is published for the second time is kept in memory alone",
                "what a full queue refuses is called confirmed",
            ]),
        BugClass(
            what: "empty for the moment is taken for finished",
            flaws: [
                "a subscription until the end ends when everything was handed out",
                "a subscription until the end forgets what is retried",
            ]),
        BugClass(
            what: "a consumer stops, and nobody is told",
            flaws: [
                "a consumer is silent once a connection was lost", "a silent connection is never noticed",
                "a consumer that has ended as deleted receives nothing for ever",
                "whoever waits beside a receive that is cancelled hears nothing for two seconds",
            ]),
        BugClass(
            what: "what is held comes again while it is worked on",
            flaws: [
                "a hold ends with a lease that nobody renews", "a lease is renewed by receiving, and by nothing else",
            ]),
        BugClass(
            what: "a publish to nowhere is confirmed",
            flaws: ["a publish to what was deleted is confirmed", "publish makes a missing destination"]),
        BugClass(
            what: "TLS is asked for, and plain text is sent",
            flaws: ["a greeting goes out in plain before TLS begins"]),
        BugClass(what: "a secret stands in a text", flaws: ["a failed connect tells the password"]),
        BugClass(
            what: "a header breaks the frame, is dropped or is changed",
            flaws: [
                "a line break in a header is carried as a space", "a header name that is too long is cut",
                "a header value that is not UTF-8 is repaired", "of headers of one name only the last is carried",
                "in one call the delivery mode of a message is that of the one before",
            ]),
        BugClass(
            what: "replies go in circles, to the wrong request, or do what they say",
            flaws: [
                "replies are resolved in the order in which they come",
                "whoever knows the address of a request is believed",
                "a reply that comes late, or twice, goes to the next request",
                "a reply topic that nobody listens to any more may be published to later",
            ]),
        BugClass(
            what: "a wrapper swallows what goes through it",
            flaws: [
                "a consumer that ends is not told why", "a retry comes at once, whatever its delay",
                "accept is answered settled and does nothing",
            ]),
        BugClass(
            what: "who starts at the same time fails, or wins over the other",
            flaws: [
                "a declaration beside another one of the same destination fails",
                "who declares second is told of a conflict",
                "who creates beside another empties what that one has made",
            ]),
        BugClass(
            what: "memory without a bound: what waits, what was, who came and went",
            flaws: [
                "a buffer is kept for each destination that is published to",
                "a consumer makes room for 100 messages, whatever their size", "what is closed is never let go of",
                "a subscription makes a group of its own, and leaves it there",
            ]),
        BugClass(
            what: "a close hangs, or a cancelled call loses a message",
            flaws: [
                "close waits until no receive does", "close waits for a connect that hangs",
                "a cancelled receive drops what it had just got",
            ]),
        BugClass(
            what: "a null body wedges a consumer, or comes as an empty one",
            flaws: ["a null body arrives as an empty one"]),
        BugClass(
            what: "two messages are taken for one because their ids look alike",
            flaws: [
                "of an id the first half is compared", "of an id the sum is compared",
                "ids and topics are compared without regard to case",
            ]),
    ]
}
