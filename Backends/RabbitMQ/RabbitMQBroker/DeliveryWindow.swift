#if RabbitMQ
    import Messaging

    /// What one consumer has been sent and has not settled. A value: what a delivery, a settlement or the end of a channel
    /// means is decided here.
    ///
    /// A delivery comes (`arrive`), waits until it is asked for and until its time has come, is handed out into a slot
    /// (`take`), is claimed by a settlement and leaves (`finish`), or stays (`release`).
    struct DeliveryWindow: Sendable {
        /// What has come and is not handed out.
        struct Pending: Sendable {
            let incoming: Incoming
            /// Its bytes, as limits count them.
            let size: Int
            var tries = Tries()
            var topic: Topic?
            /// When it came, in uptime.
            var arrived = Duration.zero

            init(_ incoming: Incoming) {
                self.incoming = incoming
                size = incoming.head.message.byteCount
            }

            var tag: UInt64 { incoming.deliver.tag }

            /// Whether it has expired.
            fileprivate func isOver(at now: Timestamp) -> Bool {
                let ends = (incoming.head.message.expiration, incoming.head.keptUntil)
                return ends.0.map { $0 <= now } ?? false || ends.1.map { $0 <= now } ?? false
            }

            /// The moment before which it is not handed out.
            fileprivate var due: Timestamp? {
                guard let due = incoming.head.due else { return incoming.head.message.notBefore }
                return incoming.head.message.notBefore.map { max($0, due) } ?? due
            }
        }

        /// What is held.
        struct Held: Sendable {
            let incoming: Incoming
            let sequence: UInt64
            /// Until when, in uptime.
            let until: Duration
            /// Its bytes, as limits count them.
            let size: Int
            let attempt: Int32
            let topic: Topic?
            var isClaimed = false

            var tag: UInt64 { incoming.deliver.tag }
            var message: Message { incoming.head.message }
        }

        /// What a look has found.
        struct Found: Sendable {
            var deliveries: [Delivery] = []
            /// What has expired: to be rejected, unseen.
            var expired: [UInt64] = []
            /// What has waited for so long that the server would take it back while it is held: to be given back, unseen.
            var stale: [Pending] = []
            /// When the next one may be handed out that is not yet due.
            var due: Timestamp?
        }

        private var ready = RingBuffer<Pending>()
        private var early = Heap<Early>()
        private var slots: [Held?] = []
        private var free: [Int] = []
        private var sequence: UInt64 = 0
        private(set) var epoch: UInt32 = 1
        /// How exact the server's lease is: it looks once a minute.
        private static let patience = Duration.seconds(60)
        /// Holds in the order of their ends, where all hold for equally long.
        private var ends = RingBuffer<End>()

        private struct Early: Comparable, Sendable {
            let due: Timestamp
            let pending: Pending
            static func < (left: Early, right: Early) -> Bool { left.due < right.due }
            static func == (left: Early, right: Early) -> Bool { left.due == right.due }
        }

        private struct End: Sendable {
            let slot: Int
            let sequence: UInt64
            let until: Duration
        }

        /// How many are held, and how many bytes they and what waits to be handed out have.
        private(set) var heldCount = 0
        private(set) var heldBytes = 0
        private(set) var waitingBytes = 0
        var isEmpty: Bool { ready.isEmpty && early.first == nil }

        mutating func arrive(_ pending: Pending, at now: Timestamp) {
            waitingBytes += pending.size
            if let due = pending.due, due > now {
                early.insert(Early(due: due, pending: pending))
            } else {
                ready.append(pending)
            }
        }

        /// Hands out what is due, at most `limit`, to be held until `until`, and no more than makes up so many held bytes; one
        /// is always handed out. The server takes back what is not settled `lease` after it was sent: what has waited for more
        /// than a minute, and could not be held until then, goes back to come anew.
        mutating func take(
            upTo limit: Int, ofAtMost bytes: Int, at now: Timestamp, uptime: Duration, holdingUntil until: Duration,
            lease: Duration
        ) -> Found {
            var found = Found()
            while let first = early.first, first.due <= now {
                _ = early.popFirst()
                ready.append(first.pending)
            }
            while found.deliveries.count < limit, let pending = ready.popFirst() {
                if heldCount > 0, heldBytes + pending.size > bytes {
                    ready.prepend(pending)
                    break
                }
                waitingBytes -= pending.size
                if pending.isOver(at: now) {
                    found.expired.append(pending.tag)
                    continue
                }
                if uptime - pending.arrived > Self.patience, pending.arrived + lease < until {
                    found.stale.append(pending)
                    continue
                }
                found.deliveries.append(hold(pending, until: until))
            }
            found.due = early.first?.due
            return found
        }

        private mutating func hold(_ pending: Pending, until: Duration) -> Delivery {
            sequence += 1
            let slot: Int
            if let last = free.popLast() {
                slot = last
            } else {
                slot = slots.count
                slots.append(nil)
            }
            slots[slot] = Held(
                incoming: pending.incoming, sequence: sequence, until: until, size: pending.size,
                attempt: pending.tries.attempt, topic: pending.topic)
            heldCount += 1
            heldBytes += pending.size
            if ends.count > 2 * slots.count + 64 { forgetEnds() }
            ends.append(End(slot: slot, sequence: sequence, until: until))
            return Delivery(
                message: pending.incoming.head.message, attempt: pending.tries.attempt,
                receipt: Receipt(sequence: sequence, slot: UInt32(clamping: slot), epoch: epoch),
                topic: pending.topic)
        }

        /// Lets go of the ends of what is not held any more: at most three are kept for each that was held at once.
        private mutating func forgetEnds() {
            let slots = slots
            ends.removeAll { slots[$0.slot]?.sequence != $0.sequence }
        }

        /// How many ends of holds are kept.
        var endCount: Int { ends.count }

        /// Whether a receipt is of something that is held.
        func holds(_ receipt: Receipt) -> Bool {
            receipt.epoch == epoch && Int(receipt.slot) < slots.count
                && slots[Int(receipt.slot)]?.sequence == receipt.sequence
        }

        private func held(_ receipt: Receipt) -> Held? { holds(receipt) ? slots[Int(receipt.slot)] : nil }

        /// Takes what a receipt is of out of the reach of every other settlement; nil where it is stale.
        mutating func claim(_ receipt: Receipt) -> Held? {
            guard var held = held(receipt), !held.isClaimed else { return nil }
            held.isClaimed = true
            slots[Int(receipt.slot)] = held
            return held
        }

        /// What was claimed is settled; its tag, nil where it went with its channel meanwhile.
        mutating func finish(_ receipt: Receipt) -> UInt64? { holds(receipt) ? empty(Int(receipt.slot)) : nil }

        /// Claims it and finishes it in one: its tag, nil where it is stale.
        mutating func settle(_ receipt: Receipt) -> UInt64? {
            guard holds(receipt), slots[Int(receipt.slot)]?.isClaimed == false else { return nil }
            return empty(Int(receipt.slot))
        }

        private mutating func empty(_ slot: Int) -> UInt64? {
            guard let held = slots[slot].take() else { return nil }
            free.append(slot)
            heldCount -= 1
            heldBytes -= held.size
            return held.tag
        }

        /// What was claimed stays held.
        mutating func release(_ receipt: Receipt) {
            if held(receipt) != nil { slots[Int(receipt.slot)]?.isClaimed = false }
        }

        /// Ends the holds whose time is up, but for what is being settled; their tags.
        mutating func expire(at uptime: Duration) -> [UInt64] {
            var tags: [UInt64] = []
            var kept: [End] = []
            while let end = ends.first, end.until <= uptime || slots[end.slot]?.sequence != end.sequence {
                _ = ends.popFirst()
                guard let held = slots[end.slot], held.sequence == end.sequence else { continue }
                if held.isClaimed {
                    kept.append(end)
                    continue
                }
                _ = empty(end.slot)
                tags.append(held.tag)
            }
            for end in kept.reversed() { ends.prepend(end) }
            return tags
        }

        /// When the next hold ends.
        mutating func nextEnd() -> Duration? {
            while let end = ends.first, slots[end.slot]?.sequence != end.sequence { _ = ends.popFirst() }
            return ends.first?.until
        }

        /// Whether something is held, or waits to be handed out, that came before this tag or, where that is asked, is not here
        /// for the first time.
        func hasOpen(before tag: UInt64, orReturned: Bool) -> Bool {
            func isMeant(_ pending: Pending?) -> Bool {
                pending.map { $0.tag < tag || orReturned && $0.tries.attempt > 1 } ?? false
            }
            return slots.contains { held in held.map { $0.tag < tag || orReturned && $0.attempt > 1 } ?? false }
                || early.elements.contains { isMeant($0.pending) } || (0..<ready.count).contains { isMeant(ready[$0]) }
        }

        /// What is not handed out, which then is not here any more.
        mutating func giveBack() -> [Pending] {
            var all: [Pending] = []
            while let pending = ready.popFirst() { all.append(pending) }
            while let first = early.popFirst() { all.append(first.pending) }
            waitingBytes = 0
            return all
        }

        /// The channel is gone, and with it whatever came by it: every receipt is stale.
        mutating func lose() {
            ready = RingBuffer()
            early = Heap()
            slots = []
            free = []
            ends = RingBuffer()
            (heldCount, heldBytes, waitingBytes) = (0, 0, 0)
            epoch &+= 1
        }
    }

    /// Acknowledgements in as few frames as can be: what is settled from the first open tag on goes by one.
    struct AckWindow: Sendable {
        enum Frame: Hashable, Sendable {
            case accept(UInt64, multiple: Bool)
            case giveBack(UInt64)
            case reject(UInt64)
        }

        /// The first tag that is not settled.
        private var first: UInt64 = 1
        /// Tags behind it that are.
        private var settled: Set<UInt64> = []

        /// The frames for what was settled since.
        mutating func frames(accepted: [UInt64], others: [Frame]) -> [Frame] {
            for frame in others {
                switch frame {
                case .accept(let tag, _), .giveBack(let tag), .reject(let tag): settled.insert(tag)
                }
            }
            var last = first
            for tag in accepted {
                // Most are settled in their order.
                if tag == last { last += 1 } else { settled.insert(tag) }
            }
            while !settled.isEmpty, settled.remove(last) != nil { last += 1 }
            var frames = others
            // Others are written first: an accept of all up to a tag must not take them with it.
            let run = accepted.filter { $0 < last }
            if let highest = run.max() { frames.append(.accept(highest, multiple: run.count > 1)) }
            for tag in accepted where tag >= last { frames.append(.accept(tag, multiple: false)) }
            first = last
            return frames
        }
    }
#endif
