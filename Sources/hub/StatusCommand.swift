import Messaging
import MessagingHub

extension Command {
    /// `hub status`.
    static let status = Command(
        name: "status", summary: "shows every running hub process of this user",
        details: """
            Each process writes how it is to a file that this user alone can read, in
            $XDG_RUNTIME_DIR/swift-messaging-hub, else in /tmp/swift-messaging-hub-UID.
            Rates are those of the last second; held and waiting is what the brokers say
            of its destinations. A file whose process is gone is removed.
            """,
        options: OptionGroup([StatusOptions.watch.description, StatusOptions.json.description]),
        examples: [
            Example(line: "hub status", meaning: "what runs now"),
            Example(line: "hub status --watch", meaning: "the same each second, until Ctrl-C"),
            Example(line: "hub status --json", meaning: "one JSON object a process, for machines"),
        ]
    ) { invocation, console in
        let (watches, asJSON) = (invocation.options[StatusOptions.watch], invocation.options[StatusOptions.json])
        let interrupts = watches && console.answersSignals ? Interrupts {} : nil
        defer { withExtendedLifetime(interrupts) {} }
        let directory = StatusDirectory(console.environment)
        repeat {
            let seen: HubStatus.Seen
            do throws(StatusDirectory.Problem) { seen = try HubStatus.seen(in: directory) } catch {
                console.writeError("hub status: \(error)")
                return .failure
            }
            let text = StatusText.text(seen, console.style)
            let lines =
                asJSON
                ? seen.running.map { String(decoding: $0.json, as: UTF8.self) }
                : [(watches ? console.style.clearScreen : "") + text]
            if await !isWritten(lines, console, unless: interrupts?.note) { break }
            if asJSON { for notice in seen.notices { console.writeError("hub status: note: \(notice)") } }
            if !watches { break }
        } while await isToGoOn(interrupts?.note)
        return .success
    }

    /// Writes lines; false where the process is asked to end before somebody has read them.
    private static func isWritten(_ lines: [String], _ console: Console, unless note: Interrupts.Note?) async -> Bool {
        await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                do { for line in lines { try await console.print(line) } } catch { return false }
                return true
            }
            tasks.addTask {
                while await isToGoOn(note) {}
                return false
            }
            let isWritten = await tasks.next() ?? false
            tasks.cancelAll()
            return isWritten
        }
    }

    /// Waits for a second; false once somebody has asked for the end, or the task is cancelled.
    private static func isToGoOn(_ note: Interrupts.Note?) async -> Bool {
        for _ in 0..<20 {
            if note?.status != nil { return false }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return false }
        }
        return note?.status == nil
    }
}

/// The options of `hub status`.
enum StatusOptions {
    static let watch = Option("watch", default: false, "shows it again each second, until Ctrl-C")
    static let json = Option("json", default: false, "prints one JSON object a process instead of tables")
}
