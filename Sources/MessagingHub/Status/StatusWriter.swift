import Messaging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes the status of a hub each second, on a thread of its own, and removes it at the end.
struct StatusWriter: Sendable {
    private static let hubs = Atomic(0)

    let reporting: StatusReporting
    let time: any TimeSource
    let log: BufferedLog
    let number = hubs.wrappingAdd(1, ordering: .relaxed).newValue
    /// The status at this moment, without what the writer itself knows.
    let current: @Sendable () -> HubStatus

    /// Writes at once, then after each interval, until `end` fires. To be run where it may block.
    func run(until end: Signal) async {
        let (start, beginning) = (time.now, time.uptime)
        let (pid, ticks, space) = (getpid(), ProcessStart.ticks(of: getpid()), ProcessSpace.own)
        var name: String?
        var (last, lastTime) = (current(), beginning)
        var hasWarned = false
        while !end.isFired {
            var status = current()
            let now = time.uptime
            let seconds = Double((now - lastTime).nanoseconds) / 1e9
            if seconds > 0 {
                status.publishedPerSecond = Double(status.published - last.published) / seconds
                status.handledPerSecond = Double(status.handled - last.handled) / seconds
            }
            (last, lastTime) = (status, now)
            (status.pid, status.processStart, status.number) = (pid, ticks, number)
            (status.boot, status.pidNamespace) = (space.boot, space.namespace)
            (status.command, status.configuration) = (reporting.command, reporting.configuration)
            (status.since, status.written) = (start.description, time.now.description)
            status.uptime = Double((now - beginning).nanoseconds) / 1e9
            name = status.fileName
            write(status, &hasWarned)
            await end.wait(atMost: StatusReporting.interval, on: time)
        }
        if let name { reporting.directory.remove(name) }
    }

    /// A failure is said once; the next second it is tried again.
    private func write(_ status: HubStatus, _ hasWarned: inout Bool) {
        do throws(StatusDirectory.Problem) {
            try reporting.directory.write(status.json, to: status.fileName)
        } catch {
            if !hasWarned {
                log.log(LogRecord(.warning, "status not written", [("error", error.description)], at: time.now))
            }
            hasWarned = true
        }
    }
}
