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
            if asJSON {
                for status in seen.running { console.write(String(decoding: status.json, as: UTF8.self)) }
                for notice in seen.notices { console.writeError("hub status: note: \(notice)") }
            } else {
                console.write((watches ? console.style.clearScreen : "") + StatusText.text(seen, console.style))
            }
            if !watches { break }
        } while await isToGoOn(interrupts?.note)
        return .success
    }

    /// Waits for a second; false once somebody has asked for the end.
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
