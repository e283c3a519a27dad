/// What becomes of a delivery.
public enum RunDecision: Hashable, Sendable {
    /// It is done.
    case accept
    /// It goes back at once, uncounted.
    case release
    /// The broker hands it out again after this time.
    case retry(after: Duration)
    /// It stays held, and is run again here after this time: the destination keeps order.
    case runAgain(after: Duration)
    /// It goes to the dead-letter destination, and only once it is there it is accepted.
    case deadLetter(DeadLetter.Reason)
    /// The broker dead-letters it by its own policy.
    case discard(DeadLetter.Reason)
    /// It is dropped and counted: a live broadcast promises no more.
    case drop(DeadLetter.Reason)
    /// Nobody takes dead letters: an alarm is raised, and the broker hands it out again after the longest delay.
    case keep(retryAfter: Duration, DeadLetter.Reason)
    /// The same where order is kept: an alarm is raised, the subscription gives everything back and begins again after
    /// this time.
    case pause(for: Duration, DeadLetter.Reason)
}
