import Messaging
import MessagingHub

// Read by `scripts/check-types`. A middleware that never calls `next`, or swallows what it threw, has no result to return.

struct Silent: Middleware {
    func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
        Published(receipt: PublishReceipt())  // expected-error {{initializer is inaccessible}}
    }

    func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        Handled(forwarded: [])  // expected-error {{initializer is inaccessible}}
    }
}

struct Swallowing: Middleware {
    func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        try? await next(call)  // expected-error {{value of optional type 'Handled?' must be unwrapped}}
    }
}

struct Right: Middleware {
    func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled { try await next(call) }
}
