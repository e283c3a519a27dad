import Messaging

/// What a worker does with a delivery when all is said.
enum Verdict: Sendable {
    /// It accepts it, together with others.
    case accept
    /// It settles it so, together with others.
    case settle(Settlement)
    /// It is settled already.
    case done
    /// It leaves it unsettled: the end of the consumer gives it back.
    case leave
    /// It leaves it, and the subscription pauses.
    case pause(Duration)
    /// The worker's task was ended because the run took too long: a new task goes on from here.
    case struck(RunEnd)
}
