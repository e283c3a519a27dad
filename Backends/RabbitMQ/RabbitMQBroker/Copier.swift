#if RabbitMQ
    import Messaging

    /// A copy that is to be published: for a retry, or because a settlement forwards it.
    struct CopyOrder: Sendable {
        enum Target: Sendable {
            case destination(Destination)
            /// A queue by its name on the server.
            case queue(String)
        }

        let message: Message
        let target: Target
        var posting = Posting()

        init(_ message: Message, to target: Target, _ posting: Posting = Posting()) {
            self.message = message
            self.target = target
            self.posting = posting
        }
    }

    /// Publishes copies for settlements: the broker.
    protocol Copier: Sendable {
        /// The copy for a retry, or why there is none.
        func retry(
            _ held: DeliveryWindow.Held, after delay: Duration, _ subscription: Subscription
        ) -> Result<CopyOrder, BrokerError>
        /// Publishes each group of copies; for each nil once all of it is confirmed, else why not.
        func publish(_ groups: [[CopyOrder]]) async -> [BrokerError?]
    }
#endif
