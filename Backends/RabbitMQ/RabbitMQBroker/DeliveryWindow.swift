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
            var tag: UInt64
            var message: Message
            var tries = Tries()
            var position = Position.none
            var topic: Topic?
            /// When a retry is due.
            var due: Timestamp?
            /// Until when its queue keeps it.
            var keptUntil: Timestamp?
            /// When it came, in uptime.
            var arrived = Duration.zero

            /// Whether it has expired.
            func isOver(at now: Timestamp) -> Bool {
                message.expiration.map { $0 <= now } ?? false || keptUntil.map { $0 <= now } ?? false
            }
        }

        /// What is held.
        struct Held: Sendable {
            let tag: UInt64
            let sequence: UInt64
            /// Until when, in uptime.
            let until: Duration
            let message: Message
            let attempt: Int32
            let topic: Topic?
            var isClaimed = false
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
            waitingBytes += pending.message.byteCount
            if let due = [pending.message.notBefore, pending.due].compactMap(\.self).max(), due > now {
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
            while found.deliveries.count < limit, let pending = ready.first {
                let size = pending.message.byteCount
                if heldCount > 0, heldBytes + size > bytes { break }
                _ = ready.popFirst()
                waitingBytes -= size
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
                tag: pending.tag, sequence: sequence, until: until, message: pending.message,
                attempt: pending.tries.attempt, topic: pending.topic)
            heldCount += 1
            heldBytes += pending.message.byteCount
            ends.append(End(slot: slot, sequence: sequence, until: until))
            return Delivery(
                message: pending.message, attempt: pending.tries.attempt,
                receipt: Receipt(sequence: sequence, slot: UInt32(clamping: slot), epoch: epoch),
                position: pending.position, topic: pending.topic)
        }

        /// Whether a receipt is of something that is held.
        func holds(_ receipt: Receipt) -> Bool { held(receipt) != nil }

        private func held(_ receipt: Receipt) -> Held? {
            guard receipt.epoch == epoch, Int(receipt.slot) < slots.count, let held = slots[Int(receipt.slot)],
                held.sequence == receipt.sequence
            else { return nil }
            return held
        }

        /// Takes what a receipt is of out of the reach of every other settlement; nil where it is stale.
        mutating func claim(_ receipt: Receipt) -> Held? {
            guard var held = held(receipt), !held.isClaimed else { return nil }
            held.isClaimed = true
            slots[Int(receipt.slot)] = held
            return held
        }

        /// What was claimed is settled; its tag, nil where it went with its channel meanwhile.
        mutating func finish(_ receipt: Receipt) -> UInt64? {
            guard let held = held(receipt) else { return nil }
            empty(Int(receipt.slot), held)
            return held.tag
        }

        private mutating func empty(_ slot: Int, _ held: Held) {
            slots[slot] = nil
            free.append(slot)
            heldCount -= 1
            heldBytes -= held.message.byteCount
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
                empty(end.slot, held)
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
            for tag in accepted { settled.insert(tag) }
            var last = first
            while settled.remove(last) != nil { last += 1 }
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
