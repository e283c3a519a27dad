#if EventLoop
    import MessagingTesting

    /// Which way bytes go through a proxy.
    public enum ProxyDirection: String, Hashable, Sendable, CaseIterable {
        /// From those who connect to the server.
        case toServer
        /// From the server to those who connect.
        case toClient
    }

    /// How a proxy disturbs what goes through it.
    public enum ProxyFault: Hashable, Sendable {
        /// Ends every connection with a reset, at once. New ones are let through.
        case cut
        /// Passes this many bytes more in a direction, all connections counted together, and then ends every connection. The
        /// other side gets exactly these bytes. New connections are let through.
        case cutAfter(Int, ProxyDirection)
        /// Passes half of what comes next in a direction, and then ends every connection: in the middle of a frame where a
        /// frame is sent in one piece. New connections are let through.
        case cutWithin(ProxyDirection)
        /// Passes everything on this much later, both ways.
        case delay(Duration)
        /// Passes at most this many bytes a second in each direction of each connection. At least 1.
        case throttle(bytesPerSecond: Int)
        /// Passes nothing on, either way, and says nothing of it: neither bytes nor ends. Connections stay open, and new ones
        /// are taken. What came meanwhile is passed on when the fault ends.
        case blackHole
        /// Ends every connection with a reset, and refuses new ones.
        case refuse
    }

    /// When a proxy disturbs how: the same seed makes the same plan.
    public struct ProxyPlan: Hashable, Sendable {
        /// One fault of a plan.
        public struct Step: Hashable, Sendable {
            /// How long all goes well before it.
            public let pause: Duration
            /// What happens then.
            public let fault: ProxyFault
            /// How long it lasts.
            public let length: Duration

            /// This fault, so long after the one before, for so long.
            public init(after pause: Duration, _ fault: ProxyFault, for length: Duration) {
                self.pause = pause
                self.fault = fault
                self.length = length
            }
        }

        /// The faults, one after the other.
        public let steps: [Step]

        /// A plan of these steps.
        public init(_ steps: [Step]) { self.steps = steps }

        /// A plan drawn from a seed: `count` of these faults, in any order, each after and for a time within the bounds, which
        /// are meant in milliseconds. No faults make a plan of none.
        public init(
            seed: UInt64, count: Int, of faults: [ProxyFault], after pause: ClosedRange<Int> = 50...500,
            for length: ClosedRange<Int> = 50...500
        ) {
            var generator = SeededGenerator(seed: seed)
            var steps: [Step] = []
            for _ in 0..<max(0, count) {
                guard let fault = faults.randomElement(using: &generator) else { break }
                let rest = Duration.milliseconds(Int.random(in: pause, using: &generator))
                steps.append(Step(after: rest, fault, for: .milliseconds(Int.random(in: length, using: &generator))))
            }
            self.steps = steps
        }
    }
#endif
