#if RabbitMQ
    import Messaging

    /// How a message waits on a server that has no delays: in a ladder of queues, each of which keeps what is in it for
    /// 50 ms times a power of two and passes it down. A delay goes through the steps of its binary digits.
    ///
    /// Step k is a headers exchange and a quorum queue bound to it. What has the header `hub-delay-k` goes into the queue, and
    /// from there, when its time is up, to the exchange below; what has not goes to the exchange below at once, its
    /// alternate. Every way goes through step 0, and from there to `hub.due`, to which each queue is bound by its name, the
    /// routing key all the way down. What is due for a queue that was deleted meanwhile ends in the queue `hub.lost`: it would
    /// keep the step from passing on what is behind it. Classic queues would lose messages while they expire; a quorum queue that dead-letters at
    /// least once does not.
    enum DelayLadder {
        /// What the lowest step keeps a message for.
        static let granularity = Duration.milliseconds(50)
        /// How many steps there are at most: 2^25 of 50 ms are 19 days, all together 38.
        static let most = 26
        /// Delays up to 51 s have their steps from the beginning, longer ones when they are asked for.
        static let usual = 10

        static func exchange(_ step: Int) -> String { step < 0 ? due : "hub.delay.\(step)" }

        /// Where what is due goes to its queue.
        static let due = "hub.due"
        private static let lost = "hub.lost"

        static func isStep(_ queue: String) -> Bool { queue.hasPrefix("hub.delay.") }

        /// The steps that a delay goes through, the highest first, and step 0 last; none where it is under 50 ms. What they
        /// leave, less than 100 ms, the receiver waits out.
        static func steps(for delay: Duration) -> [Int] {
            guard delay >= granularity else { return [] }
            let units = Int(min(delay.inMilliseconds / 50, Double((1 << most) - 1)))
            let digits = units & 1 == 1 ? units : units - 1
            return (0..<most).reversed().filter { digits >> $0 & 1 == 1 }
        }

        /// How many steps a ladder needs for delays up to this.
        static func count(for delay: Duration) -> Int { (steps(for: delay).first ?? -1) + 1 }

        /// What makes the steps of this range, lower ones first.
        static func requests(_ steps: Range<Int>) -> [Request] {
            steps.flatMap { step in
                let name = exchange(step)
                let milliseconds = Int64(50) << Int64(step)
                return [
                    Request.declareExchange(
                        name, type: "headers", step > 0 ? [("alternate-exchange", .text(exchange(step - 1)))] : []),
                    Request.declareQueue(name, arguments(milliseconds: milliseconds, below: exchange(step - 1))),
                    Request.bindQueue(
                        name, to: name, key: "",
                        [("x-match", .text("all")), (WireHeader.step + String(step), .flag(true))]),
                ]
            }
        }

        /// What makes the place below the steps.
        static let ground = [
            Request.declareExchange(lost, type: "fanout"),
            Request.declareQueue(lost, [("x-queue-type", .text("quorum")), ("x-delivery-limit", .integer(1_000_000))]),
            Request.bindQueue(lost, to: lost, key: ""),
            Request.declareExchange(due, type: "direct", [("alternate-exchange", .text(lost))]),
        ]

        /// What lets a queue get what is due for it.
        static func binding(of queue: String) -> Request { .bindQueue(queue, to: due, key: queue) }

        private static func arguments(milliseconds: Int64, below: String) -> [(String, WireValue)] {
            [
                ("x-queue-type", .text("quorum")), ("x-message-ttl", .integer(milliseconds)),
                ("x-dead-letter-exchange", .text(below)), ("x-dead-letter-strategy", .text("at-least-once")),
                ("x-overflow", .text("reject-publish")),
            ]
        }
    }

    extension Duration {
        /// In milliseconds.
        var inMilliseconds: Double {
            Double(components.seconds) * 1_000 + Double(components.attoseconds) / 1e15
        }

        /// In milliseconds, rounded up.
        var wholeMilliseconds: Int64 { Int64(inMilliseconds.rounded(.up)) }
    }
#endif
