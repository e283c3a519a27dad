import Messaging
import MessagingHub

/// A middleware of two closures.
struct Around: Middleware {
    typealias Publishing = @Sendable (PublishCall, Next<PublishCall, Published>) async throws -> Published
    typealias Handling = @Sendable (HandleCall, Next<HandleCall, Handled>) async throws -> Handled

    var handling: Handling = { try await $1($0) }
    var publishing: Publishing = { try await $1($0) }

    func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
        try await publishing(call, next)
    }

    func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        try await handling(call, next)
    }
}
