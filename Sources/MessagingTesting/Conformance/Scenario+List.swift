extension Scenario {
    /// A part of the list of scenarios.
    public struct Chapter: Sendable {
        /// What its scenarios are about, in a word or three.
        public let title: String
        /// The numbers of its scenarios.
        public let numbers: ClosedRange<Int>
    }

    /// The list, in its parts.
    public static let chapters: [Chapter] = [
        Chapter(title: "Settlement", numbers: 1...12), Chapter(title: "Attempts and dead letters", numbers: 13...22),
        Chapter(title: "Time", numbers: 23...27), Chapter(title: "Publishing", numbers: 28...37),
        Chapter(title: "Receiving", numbers: 38...44), Chapter(title: "Sharing", numbers: 45...55),
        Chapter(title: "Replay", numbers: 56...60), Chapter(title: "Payload", numbers: 61...69),
        Chapter(title: "Context", numbers: 70...73), Chapter(title: "Close", numbers: 74...78),
        Chapter(title: "Failure", numbers: 79...89), Chapter(title: "Request and reply", numbers: 90...92),
        Chapter(title: "Deduplication", numbers: 93...95), Chapter(title: "Administration", numbers: 96...100),
        Chapter(title: "Forwarding", numbers: 101...103),
    ]
}
