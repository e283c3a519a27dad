extension Scenario {
    /// Every scenario of the suite, by number.
    public static let all: [Scenario] =
        (SettlementScenarios.all + ConcurrentSettlement.all + AttemptScenarios.all + TimeScenarios.all
        + PublishingScenarios.all
        + ReceivingScenarios.all + SharingScenarios.all + ReplayScenarios.all + GroupPositionScenarios.all
        + PayloadScenarios.all
        + CloseScenarios.all + ForwardingScenarios.all + SentOn.all
        + FailureScenarios.all + LostPublisherScenarios.all + BrokenConnectionScenarios.all
        + FailedBeforeAccepted.all + LostHold.all + LongHold.all + GroupAttempts.all + BrokerDeadLetters.all
        + KeptForEver.all + Undecodable.all + LazyNeighbour.all + ComingAndGoing.all + Bridging.all
        + FailureTraffic.all + StatedDefaults.all
        + CarriedScenarios.all + HeaderScenarios.all + CancelledPublish.all + PriorityScenarios.all
        + ResourceScenarios.all + ConnectScenarios.all
        + EndScenarios.all + SelectionScenarios.all + AdministrationScenarios.all + ContextScenarios.all
        + RequestScenarios.all + DeduplicationScenarios.all + SlowSinks.all)
        .sorted { ($0.number, $0.level.rawValue) < ($1.number, $1.level.rawValue) }

    /// The scenario of this number and level.
    public static func numbered(_ number: Int, _ level: Level = .seam) -> Scenario? {
        all.first { $0.number == number && $0.level == level }
    }
}
