import Messaging

/// The list of promises: what the suite is measured by, written beside it and not made from it. A line that begins with a
/// number is a promise, with the letters of its kinds; the lines below go on with it.
///
/// A scenario is named by its sentence of this list. Whoever changes a promise changes it here first.
enum PromiseList {
    struct Promise: Equatable {
        let number: Int
        let kinds: [DestinationKind]
        let sentence: String
    }

    static var all: [Promise] {
        var words: [[Substring]] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ")
            if line.first?.isNumber == true || words.isEmpty { words.append([]) }
            words[words.count - 1] += parts
        }
        return words.compactMap { words in
            guard words.count > 2, let number = Int(words[0]) else { return nil }
            let kinds = words[1].compactMap { letter -> DestinationKind? in
                switch letter {
                case "Q": .queue
                case "S": .stream
                case "P": .pubSub
                default: nil
                }
            }
            return Promise(number: number, kinds: kinds, sentence: words[2...].joined(separator: " "))
        }
    }

    private static let text = """
        1 QS A delivery that was accepted never comes back: not on this consumer, not on a new connection, neither
          before nor after a later message.
        2 QS A delivery whose handler says `.reject` is dead-lettered once and never comes back; at the seam, neither
          does one that was forwarded or discarded.
        3 QS On a destination without order, a delivery retried comes again, with attempt + 1, not before its delay.
        4 QS A delivery released, or no longer held (consumer cancelled or let go, process killed), comes again; after
          `cancel` at once, not after a lease; after `stop` what is held can still be settled.
        5 QS Accepting the third of three held deliveries settles only the third; the first two come back after the
          consumer goes, also on a log broker, whose position cannot say so by itself.
        6 QS Failing message k and accepting k+1 … k+n, then being killed after `settleLag`, brings back k and none of
          the others.
        7 QS Settling 100 receipts of which one is stale settles the other 99 and names the one.
        8 QS A receipt whose hold is gone (reconnect, take-over, `maxHold` passed, `cancel`, `close`, a revoked lane
          after its grace) answers `stale`, changes nothing (also where the broker would accept it), and `holds` says
          false. From `revoked` on `holds` is false for the lane; what was begun before still settles within the grace.
        9 QS A second settlement of one receipt, whatever it says, answers `stale`, changes nothing and publishes
          nothing.
        10 QS Settlements of many tasks at once, out of order, all hold.
        11 QS One failed element of a batch comes back alone.
        12 QS A handler that runs longer than every renewable time-out of the broker (ack wait, poll interval, idle
          time), up to `maxHold`, runs once; a route that asks for more than the broker's `limits.maxHold` is refused at
          start-up.
        13 QS Attempt is 1, exactly one more after a retry, as `crashCount` says after a lost hold or a crash, and the
          same (or one more, as `releaseCounts` says) after release or cancel.
        14 S Attempts of two groups are counted apart.
        15 S A retry in one group is never seen by another group.
        16 QS With a limit of n a handler that fails runs exactly n times, the dead letter arrives once, nothing
          follows; a message is never dead-lettered as exhausted without a failed run in this process just before; where
          `crashCount` is `exact` or `deliveries`, one that kills its process again and again is dead-lettered as
          `crashed` after the limit and 16 more.
        17 Q The same with a dead-letter policy of the broker's own beside it: still once.
        18 QS A dead letter carries reason, origin, attempt, error, first failure time (of this process where a retry
          is not a copy) and last, and body, headers and key unchanged.
        19 QS When the dead-letter destination refuses or is slow, the original stays; killed between dead letter and
          accept: a duplicate, never a loss.
        20 QS With `deadLetter: none` a handler that always fails runs 50 times (virtual clock) at the policy's
          delays, then its longest, each met within 250 ms, one alarm standing; it is never accepted; on an ordered
          destination the subscription pauses instead and no later message of it runs.
        21 QS After a failed run the next run is never earlier than the policy's first delay, also where the broker
          returns the message at once; a release or a crash has no such floor.
        22 QS An undecodable message is dead-lettered at its first attempt.
        23 Q A delay (`notBefore`) is a floor: 1.5 s never comes after 1 s, a short one is not held up behind a long
          one; it is met within 250 ms when nothing else waits.
        24 Q A delayed message survives the end of its publisher and a restart of the broker.
        25 QS `receive` never hands out an expired message, nor one that has waited in a queue for its retention; the
          broker dead-letters them where it is to, and those the backend removes are in `health`, where the capability
          says that it can tell.
        26 QSP A message whose expiration is in the past fails its publish.
        27 QSP Timestamps set by the publisher arrive to the millisecond.
        28 QS A publish that returned is there: the broker is killed right after, and it is delivered.
        29 QS A publish of many answers for each message: `confirmed` (it is delivered), `refused` (it never is, here
          is why), `unknown` (it may be); `unknown` only when the connection went, the time was up or the caller was
          cancelled after sending.
        30 QS An oversized or illegal message within 500 fails alone, for good; its neighbours are confirmed once (on
          an ordered destination those of its key aside, see 33).
        31 QS A publish to a destination that does not exist is refused as `noSuchDestination` and does not end the
          publishing of neighbours; neither publish nor subscribe makes anything durable.
        32 QSP A thousand tasks that publish one message each at the same time all get their own answer.
        33 QS Messages of one publisher and one key arrive in the order of publishing; where the declaration asks for
          order, a refused message refuses the later ones of its key in the same call.
        34 QS A cancelled publish either happened or did not; what was confirmed is delivered, and later publishes
          work.
        35 QS A publish in flight while the connection breaks is confirmed and delivered, or thrown; never silent.
        36 QSP Publishing to 1,000 destinations uses no more connections than for one, and at most 64 MiB more memory.
        37 QS A full destination makes publish wait or fail as asked; nothing is dropped to make room.
        38 QSP `receive` returns as soon as one message is there, not when the limit is reached.
        39 QSP It returns empty after its wait, never earlier, at most 250 ms later.
        40 QS Cancelling a waiting receive ends it within 100 ms and loses nothing, at whatever point it is cancelled
          (seeded over 200 points).
        41 QS The window is kept: never more unsettled deliveries than it allows; settling opens it.
        42 QSP A consumer that stops receiving costs at most its window in bytes + 32 MiB while 100,000 messages of 1
          KiB wait, or 200 of 1 MiB.
        43 QSP Publish, settle and cancel go on while a receive waits.
        44 QSP A consumer that can receive no more throws `ended` with the reason; it is never silent.
        45 Q Two consumers of a queue share its messages; each message goes to one of them.
        46 Q Of 1,000 messages with windows of 10, a consumer that settles nothing keeps at most 10; the other handles
          990 within 5 s.
        47 S Every group of a stream sees every message; members of a group share.
        48 QS A member that joins or leaves loses nothing and repeats only what was not settled.
        49 QS Where the declaration asks for order, order per key holds while members join and leave and after a
          redelivery.
        50 P Every subscriber of pubSub sees what is published after it subscribed; one without subscribers is gone.
        51 QSP A queue, or a stream with a declared group that starts at earliest, keeps what was published before the
          first subscription; pubSub does not; on every broker alike.
        52 QSP Twenty processes that start at once on a virgin broker agree on one topology.
        53 Q Priority 0–10: of waiting messages the higher goes first; where the capability says `fair` the lower
          still gets its share within the stated bound, where it says `strict` it may starve and `hub check` says so.
        54 SP Patterns select as AMQP (`*`, `#`) and NATS (`*`, `>`) say, in their own style: on pubSub any topic, on
          a stream among the declared destinations.
        55 S A group's filter on headers lets through exactly what matches and counts the rest; declaring the group
          with another filter is a conflict, a filter on a queue is refused.
        56 S From earliest, latest, a captured position and a time (when the broker appended it): begins with exactly
          that message.
        57 S From a position that is gone it throws, says what is the first, and the reader has not moved.
        58 S A replay leaves the live groups where they are.
        59 S The start in a group's declaration holds for its first delivery, and only where the group did not exist
          yet.
        60 QS A subscription with `until: .end` throws `ended(.reachedEnd)` once its group has settled everything up
          to the end as it was at subscribe, also what a dead peer still held; a bounded replay ends at that position
          and waits for nobody.
        61 QSP Bodies of 0 bytes, 1 byte, 64 KiB, 1 MiB and non-UTF-8 arrive byte for byte.
        62 QSP A body of exactly the limit arrives; one byte more is refused, the sentence names the limit, and the
          connection lives on.
        63 QSP 64 headers with non-ASCII values, empty values, repeated names and 8 KiB values arrive; the values of
          one name in their order.
        64 QSP A header that the broker cannot carry (NUL, CR LF, invalid UTF-8, name too long) fails the publish and
          the message never arrives.
        65 QSP Every field of the message survives: id, type, key, timestamp, priority, expiration, correlation id,
          reply-to, content type, content encoding, delivery mode.
        66 S A null body is not an empty body, both ways.
        67 QSP An option set on one message is gone on the next; an option out of range fails that message and no
          other.
        68 QSP Messages of a foreign client, without any of our headers, are delivered with attempt 1 and what the
          broker knows.
        69 QS Bridging A → B → A keeps every field, or `hub check` names beforehand what is lost.
        70 QSP Subscribing, publishing and settling from a task that is cancelled or finished right after, from
          another actor and from a custom executor works, and later calls from elsewhere work.
        71 QSP Creating a broker opens no socket and starts no thread.
        72 QSP Connecting to nothing, to a black hole, to another protocol, with wrong credentials, with TLS to plain
          and plain to TLS fails within the time-out, with one clear sentence each; where TLS is required, not one byte
          goes out in plain.
        73 QS A sink that sleeps 100 ms a call delays 1,000 publishes and settlements by less than 50 ms in all (a
          bounded queue stands between); what it could not take is counted.
        74 QS An accept followed at once by `close()` holds.
        75 QSP After `close()`, receive and subscribe throw, publish answers `refused`, settle answers `stale`, within
          1 s, on every handle, from every task; none reconnects.
        76 QSP `close()` during a connect that hangs, during a receive, during a publish, and twice at once returns
          within the grace period.
        77 QS A graceful shutdown finishes the handlers in flight and settles them; what is unfinished after the grace
          period comes again.
        78 QSP 200 open/close cycles leave no thread, descriptor, connection, temporary queue, group or memory behind.
        79 QS The broker restarts under load: 0 confirmed lost, duplicates ≤ in flight + settled within `settleLag`,
          messages flow within 5 s of its return, no user code runs for it.
        80 QSP The broker is down at subscribe time, for longer than every time-out, and comes up: the subscription
          lives without a restart.
        81 QS The broker is frozen for 2 heartbeats and thawed: as 79.
        82 QSP A black-holed connection with no traffic is noticed within 2 heartbeats.
        83 QS The connection is cut in the middle of a frame, both ways: as 79.
        84 QS A publisher is killed with SIGKILL under load: every confirmed message is delivered.
        85 QS A consumer is killed with SIGKILL holding n and nothing settled within `settleLag`: exactly those n come
          again, with attempt 2 where crashes are counted.
        86 QSP 100 seeded reconnects: no silent consumer, no lost subscription, no leak.
        87 QSP One subscription's failure (its queue deleted, its permission gone) does not touch its neighbours.
        88 QS 1 % of handlers failing retryably causes no reconnect, and no receive or settle round trips beyond one
          each per failure.
        89 P A pub/sub subscriber that was away reports the gap.
        90 QSP A thousand requests at once get their own replies, in whatever order these come.
        91 QSP A reply after its time-out resolves nothing; a reply from a stranger resolves nothing; a hostile reply
          body does nothing else.
        92 QSP A request to nobody fails at once where the broker can tell, else at its time-out; the requester's end
          does not leave the responder in a loop.
        93 QS The same id twice within the window is handled once, also in two processes where the store is shared,
          also with a crash between the done-mark and the accept, also when the first copy failed: then it is handled.
        94 QS A handler slower than the lease is not run twice at once.
        95 QS Ids are compared whole and per topic: look-alikes are different.
        96 QS Declaring the same topology twice changes nothing; a conflict with what exists is explained: what is,
          what was asked, what to do.
        97 QS Depth, consumers and lag agree with the history once nothing moves; oldest age where the capability says
          so.
        98 Q Purge removes what waits and nothing that is held.
        99 QSP Health says connected, degraded or not, with live consumers counted, within one heartbeat of the truth.
        100 QS With nothing configured but the broker's URL: publish returns after the confirm, an unroutable one is
          an error, positions are tracked, reconnect goes on past 20 tries, the window is bounded, a throw is retried up
          to the limit. (The README's table of defaults names the scenario of each.)
        101 QS What a settlement forwards is confirmed before the original is accepted: killed at any point between, a
          duplicate at most; where the capability says atomic, none, and nothing is visible before.
        102 QS A forward that is refused (full, unroutable, oversized) leaves the original, publishes nothing of
          itself where atomic, and touches no neighbour of its batch.
        103 QS A producer or consumer that was fenced gets its own error and can do no harm.
        """
}
