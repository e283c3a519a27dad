import Foundation
import Messaging
import MessagingHub

/// `hub copy`: from its words to its exit status.
struct CopyJob: Sendable {
    private let options: CopyOptions
    private let console: Console
    private let factories: [BrokerFactory]

    init(_ options: CopyOptions, _ console: Console, factories: [BrokerFactory] = Backends.factories) {
        self.options = options
        self.console = console
        self.factories = factories
    }

    private var name: String { "hub \(options.command)" }

    func run() async -> ExitStatus {
        let plan: CopyPlan
        do {
            plan = try CopyPlan(options, environment: console.environment, profiles: Backends.profiles)
        } catch { return refuse(error) }
        if options.printConfig { return printConfiguration(plan) }
        for note in plan.notes { console.writeError("\(name): \(console.errorStyle.yellow("note")): \(note)") }
        return options.dryRun ? await tell(plan) : await copy(plan)
    }

    private func copy(_ plan: CopyPlan) async -> ExitStatus {
        let account = CopyAccount()
        let interrupts = console.answersSignals ? Interrupts { end(plan, account, nil) } : nil
        let run = CopyRun(plan, account, factories, console, interruptedBy: interrupts?.note)
        let problem: (any Error)? = await withTaskGroup(of: (any Error)?.self) { tasks in
            tasks.addTask { await CopyProgress(account, console).show() }
            tasks.addTask {
                do {
                    try await run.run()
                    return CopyEnd()
                } catch { return error }
            }
            // While it is still connecting there is nothing that could arrive.
            if let note = interrupts?.note {
                tasks.addTask {
                    await note.wait()
                    if !account.hasBegun.withLock({ $0 }) { return CopyEnd() }
                    try? await Task.sleep(for: .seconds(86_400 * 365))
                    return CopyEnd()
                }
            }
            let end = await tasks.next() ?? nil
            tasks.cancelAll()
            return end is CopyEnd ? nil : end
        }
        let interruption = interrupts?.note.status
        withExtendedLifetime(interrupts) {}
        let counts = end(plan, account, problem)
        if let interruption { return interruption }
        if problem is ConfigurationError { return .configuration }
        if case .file("-") = plan.target, (problem as? BrokerError)?.nativeCode == Int(EPIPE) { return .unread }
        return problem == nil && counts.lost == 0 ? .success : .failure
    }

    /// The copy has ended without an error.
    private struct CopyEnd: Error {}

    /// Writes what went wrong, and the ledger last.
    @discardableResult
    private func end(_ plan: CopyPlan, _ account: CopyAccount, _ problem: (any Error)?) -> CopyAccount.Counts {
        console.progress?.end()
        if let problem { for sentence in Self.sentences(of: problem) { console.writeError("\(name): \(sentence)") } }
        let counts = account.counts
        if counts.lost > 0 {
            let what = counts.lost == 1 ? "1 message was" : "\(counts.lost.grouped) messages were"
            let remedy = plan.remedy.map { "; \($0)" } ?? ""
            console.writeError("\(name): \(what) not confirmed by \(plan.target.shown)\(remedy)")
        }
        let text =
            options.json
            ? CopyText.json(counts, account.elapsed) : CopyText.ledger(counts, account.elapsed, console.style)
        // Standard output is the messages' own where they go there.
        if case .file("-") = plan.target { console.writeError(text) } else { console.write(text) }
        return counts
    }

    private func refuse(_ error: any Error) -> ExitStatus {
        for sentence in Self.sentences(of: error) { console.writeError("\(console.errorStyle.red(name)): \(sentence)") }
        return error is ConfigurationError ? .configuration : .usage
    }

    private static func sentences(of error: any Error) -> [String] {
        switch error {
        case let error as ConfigurationError: error.problems.map(\.description)
        case let error as CopyProblems: error.problems
        case let error as BrokerError: [error.sentence]
        default: ["\(error)"]
        }
    }

    private func printConfiguration(_ plan: CopyPlan) -> ExitStatus {
        do throws(BrokerError) {
            console.write(try CopyYAML(plan, options).text())
            return .success
        } catch {
            return refuse(error)
        }
    }

    /// What would be copied: both ends are opened and connected to, and nothing else.
    private func tell(_ plan: CopyPlan) async -> ExitStatus {
        do {
            let lines = try await CopyPreview(plan, options, factories).lines()
            console.write(lines.joined(separator: "\n"))
            return .success
        } catch {
            for sentence in Self.sentences(of: error) { console.writeError("\(name): \(sentence)") }
            return error is ConfigurationError ? .configuration : .failure
        }
    }
}

extension CopyPlan {
    /// What to do about messages that have not arrived; nil where they are gone with a stream of the process.
    fileprivate var remedy: String? {
        switch source {
        case .topic(let place):
            place.kind == .pubSub ? nil : "start again: \(place.shown) still has what was not accepted"
        case .file("-"): nil
        case .file: options.group == nil ? "start again; with --group it goes on where it was" : "start again"
        }
    }
}

/// How far a copy is, on the last line of a terminal.
struct CopyProgress: Sendable {
    private let account: CopyAccount
    private let console: Console

    init(_ account: CopyAccount, _ console: Console) {
        self.account = account
        self.console = console
    }

    /// Shows it until the task is cancelled.
    func show() async -> (any Error)? {
        while !Task.isCancelled {
            console.progress?.show(CopyText.progress(account.counts, account.elapsed))
            do { try await Task.sleep(for: .milliseconds(100)) } catch { break }
        }
        return nil
    }
}
