import Messaging

/// Something that a test waits for.
final class Signalled: Sendable {
    private let waiter = Waiter<Void>()
    func fire() { waiter.resolve(()) }
    func wait() async { _ = await waiter.waitUncancelled() }
}
