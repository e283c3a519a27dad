#if EventLoop
    import CEvent
    import Glibc

    /// What lives on a base and must be gone before it.
    protocol LoopMember: AnyObject, Sendable {
        /// Frees what it has on the base, and tells its owner.
        func endWithLoop()
    }

    /// The base, the thread and the queue of one event loop.
    ///
    /// `@unchecked Sendable`: `queue` and what stands with it is touched under the mutex; `base`, `members` and `batch` on
    /// the thread alone, of which there is at most one at a time.
    final class LoopHandle: @unchecked Sendable {
        enum Work: Sendable {
            case job(UnownedJob)
            case action(@Sendable () -> Void)
        }

        let name: String
        // A pthread mutex, because the thread sanitizer sees it.
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private var queue: [Work] = []
        /// Keeps the loop while it has work that is not done.
        private var owner: EventLoop?
        private var thread: pthread_t?
        private var hasThread = false
        private var isEnding = false
        private var isWoken = false
        private var wakeUp: Int32 = -1
        private var enders: [CheckedContinuation<Void, Never>] = []

        private(set) var base: OpaquePointer?
        private var wakeEvent: OpaquePointer?
        private var members: [ObjectIdentifier: any LoopMember] = [:]
        private var batch: [Work] = []

        init(_ name: String) {
            self.name = name
            pthread_mutex_init(mutex, nil)
        }

        deinit {
            pthread_mutex_destroy(mutex)
            mutex.deallocate()
        }

        private func locked<Result>(_ body: () -> Result) -> Result {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            return body()
        }

        var isCurrent: Bool {
            locked { thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
        }

        /// Adds work, and starts a thread where there is none.
        func add(_ work: Work, of loop: EventLoop) {
            let starts = locked {
                queue.append(work)
                owner = loop
                if hasThread {
                    wake()
                    return false
                }
                hasThread = true
                return true
            }
            if starts { start() }
        }

        /// Ends the thread once its work is done; there is none where nothing has run.
        func end(then ender: CheckedContinuation<Void, Never>? = nil) {
            let isOver = locked {
                isEnding = true
                if !hasThread { return true }
                if let ender { enders.append(ender) }
                wake()
                return false
            }
            if isOver { ender?.resume() }
        }

        /// One write until the thread has seen it. Under the mutex.
        private func wake() {
            if isWoken || wakeUp < 0 { return }
            isWoken = true
            eventfd_write(wakeUp, 1)
        }

        /// A thread that takes no signals: those of the process are for others, and a pipe that is closed is an error here,
        /// never the end of the process. Where the system has none left, the caller does the work.
        private func start() {
            var (all, before) = (sigset_t(), sigset_t())
            sigfillset(&all)
            pthread_sigmask(SIG_SETMASK, &all, &before)
            let context = Unmanaged.passRetained(self)
            var thread = pthread_t()
            let status = pthread_create(&thread, nil, loopThread, context.toOpaque())
            pthread_sigmask(SIG_SETMASK, &before, nil)
            if status == 0 { return }
            context.release()
            run(withBase: false)
        }

        fileprivate func run(withBase: Bool) {
            let opens = locked {
                thread = pthread_self()
                return withBase && !isEnding
            }
            if opens { open() }
            repeat {
                drain()
                if let base, !locked({ isEnding }) { event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY) }
            } while !leaves()
        }

        /// Makes base and wake-up; without both there is neither, and what needs them fails.
        private func open() {
            let descriptor = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
            guard descriptor >= 0 else { return }
            base = event_base_new()
            let context = Unmanaged.passUnretained(self).toOpaque()
            let flags = Int16(truncatingIfNeeded: EV_READ | EV_PERSIST)
            wakeEvent = base.flatMap { event_new($0, descriptor, flags, wakeCallback, context) }
            if let wakeEvent, event_add(wakeEvent, nil) == 0 {
                locked { wakeUp = descriptor }
            } else {
                Glibc.close(descriptor)
                free()
            }
        }

        private func free() {
            if let wakeEvent { event_free(wakeEvent) }
            wakeEvent = nil
            if let base { event_base_free(base) }
            base = nil
        }

        /// Does the work that there is now; what it adds waits for the next turn, behind the descriptors.
        fileprivate func drain() {
            var loop: EventLoop?
            let ends = locked {
                if isWoken {
                    var count = eventfd_t()
                    eventfd_read(wakeUp, &count)
                    isWoken = false
                }
                swap(&queue, &batch)
                swap(&loop, &owner)
                return isEnding
            }
            for work in batch {
                switch work {
                case .action(let action): action()
                case .job(let job): if let loop { job.runSynchronously(on: loop.asUnownedSerialExecutor()) }
                }
            }
            batch.removeAll(keepingCapacity: batch.capacity <= 1_024)
            if ends, let base { event_base_loopbreak(base) }
        }

        /// Ends what is on the base, and the thread unless that has made work.
        private func leaves() -> Bool {
            while let member = members.values.first {
                leave(member)
                member.endWithLoop()
            }
            free()
            let ended: [CheckedContinuation<Void, Never>]? = locked {
                if wakeUp >= 0 { Glibc.close(wakeUp) }
                (wakeUp, isWoken) = (-1, false)
                if !queue.isEmpty { return nil }
                (thread, hasThread) = (nil, false)
                defer { enders = [] }
                return enders
            }
            guard let ended else { return false }
            for ender in ended { ender.resume() }
            return true
        }

        /// A member that must end before the base. On the thread.
        func join(_ member: any LoopMember) { members[ObjectIdentifier(member)] = member }

        /// A member that has ended. On the thread.
        func leave(_ member: any LoopMember) { members[ObjectIdentifier(member)] = nil }
    }

    private let loopThread: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        guard let context else { return nil }
        let handle = Unmanaged<LoopHandle>.fromOpaque(context).takeRetainedValue()
        CEvent_name_thread(String(decoding: handle.name.utf8.prefix(15), as: UTF8.self))
        pthread_detach(pthread_self())
        handle.run(withBase: true)
        return nil
    }

    private let wakeCallback: @convention(c) (Int32, Int16, UnsafeMutableRawPointer?) -> Void = {
        _, _, context in
        guard let context else { return }
        Unmanaged<LoopHandle>.fromOpaque(context).takeUnretainedValue().drain()
    }
#endif
