import Messaging
import MessagingHub

// Read by `scripts/check-types`. A middleware that never calls `next`, or swallows what it threw, has no result to return.

struct Silent: Middleware {
    func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
        PublishReceipt()  // expected-error {{cannot convert return expression of type 'PublishReceipt'}}
    }

    func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        print(call.delivery)  // expected-error {{cannot convert return expression of type '()'}}
    }
}

struct Swallowing: Middleware {
    func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        try? await next(call)  // expected-error {{value of optional type 'Handled?' not unwrapped}}
    }
}

struct Right: Middleware {
    func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled { try await next(call) }
}
