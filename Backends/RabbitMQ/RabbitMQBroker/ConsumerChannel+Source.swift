#if RabbitMQ
    import Messaging

    extension ConsumerChannel {
        /// What a consumer consumes from, once it is there.
        struct Source: Sendable {
            var feeds: [Feed]
            /// Requests of this channel that come before.
            var preparing: [Request] = []
            /// Whether what came before is lost with the connection: a gap.
            var isTransient = false
            /// The topic is each message's own.
            var isPattern = false
            /// The streams that it receives from, whichever are declared.
            var streams: Streams?
            /// Whether it is known that no queue of it has a single active consumer.
            var isShared = false
            /// Whether it ends at the end as it is when it begins.
            var isUntilEnd = false
        }

        /// A group of every declared stream that a pattern selects.
        struct Streams: Sendable {
            let pattern: TopicPattern
            let group: GroupName
        }

        /// A queue to consume from.
        struct Feed: Sendable {
            /// Its name; empty for the one that was made last on the channel.
            let queue: String
            /// What is consumed first, where it is there.
            var past: String?
            var destination: Destination?
            var group: GroupName?
            var filter: HeaderFilter?
            /// Whether this process has declared the group, and so knows its filter.
            var isDeclared = true
            /// One consumer at a time receives.
            var isOrdered = false
        }

        /// What is consumed by one tag.
        struct Tap: Sendable {
            enum Role: Sendable {
                case messages
                /// Questions to the members of a group.
                case members
                /// Answers to what this consumer has asked.
                case answers
            }

            let tag: String
            let feed: Feed
            let queue: String
            var role = Role.messages
        }
    }
#endif
