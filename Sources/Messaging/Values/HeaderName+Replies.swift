extension HeaderName {
    /// On a reply that says that there is none: the sentence of why. Ours, removed when an application replies.
    public static let replyError: HeaderName = "hub-reply-error"
    /// Beside `hub-reply-error`, why the request was given up, in a word: `exhausted`, `rejected`, `undecodable` or
    /// `crashed`.
    public static let replyErrorReason: HeaderName = "hub-reply-error-reason"
}
