/// What the command's exit status says, documented in its help.
enum ExitStatus: Int32, CaseIterable, Sendable {
    case success = 0
    case failure = 1
    case usage = 2
    case configuration = 3
    case interrupted = 130
    case unread = 141
    case terminated = 143

    /// What it means, in one line.
    var meaning: String {
        switch self {
        case .success: "everything was done"
        case .failure: "the work failed, or not everything was delivered"
        case .usage: "the command was not understood"
        case .configuration: "the configuration is wrong, or cannot be read"
        case .interrupted: "interrupted (Ctrl-C); what was begun was finished or given back"
        case .unread: "nobody reads the output any longer (SIGPIPE)"
        case .terminated: "ended by SIGTERM; what was begun was finished or given back"
        }
    }
}
