public import MessagingHub

/// Which scenarios of the suite show, with a killed process, that a guarantee which the hub computes is kept.
public struct GuaranteeProof: Sendable {
    /// What is computed.
    public let guarantee: Guarantee
    /// The numbers of the scenarios that kill a process and show it.
    public let scenarios: [Int]
    /// What is to be shown with the first durable backend, because in memory everything ends with the process that is killed;
    /// nil where the scenarios show all of it.
    public let toCome: String?

    /// One for each guarantee, the weaker first.
    public static let all: [GuaranteeProof] = [
        GuaranteeProof(
            guarantee: .atMostOnce, scenarios: [],
            toCome: "a subscriber of pubsub is killed, and what it missed never comes"),
        GuaranteeProof(guarantee: .atLeastOnce, scenarios: [28, 84, 85], toCome: nil),
        GuaranteeProof(
            guarantee: .effectivelyOnce, scenarios: [101],
            toCome: "hub run is killed while it bridges, and each message is in the target once"),
    ]
}
