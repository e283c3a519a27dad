public import Foundation
import Messaging

/// That a hub is to be seen by `hub status`: it writes how it is to a file of this user's, each second while it runs, and
/// removes it at the end. No server, no port.
///
/// The file is in `$XDG_RUNTIME_DIR/swift-messaging-hub`, or `/tmp/swift-messaging-hub-UID` where that is not set, and
/// nobody else can read it. Where it cannot be written one warning is logged, and the hub works on.
public struct StatusReporting: Sendable {
    /// What the process is called there: the name of its command.
    public var command: String
    /// The configuration's file. Default: none.
    public var configuration: String?
    /// Where it writes.
    package var directory: StatusDirectory

    /// A hub of this command. `environment` are the variables that say where. Default: the process's own.
    public init(
        command: String, configuration: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.command = command
        self.configuration = configuration
        directory = StatusDirectory(environment)
    }

    /// How often it writes, and asks the brokers.
    static let interval = Duration.seconds(1)
    /// How long a broker may take to answer a question.
    static let patience = Duration.seconds(3)
    /// How many destinations of a broker are asked for at a time.
    static let mostPlaces = 100
}
