import Messaging
import MessagingHub
import MessagingTesting

/// One run of `hub verify`: every chosen scenario against every chosen broker.
struct VerifyRun: Sendable {
    private let options: VerifyOptions
    private let console: Console

    init(_ options: VerifyOptions, _ console: Console) {
        self.options = options
        self.console = console
    }

    /// Runs it, away from the main actor, and prints what came of it.
    @concurrent func run() async -> ExitStatus {
        do {
            let plan = try VerifyPlan(options.scenarios, kind: options.kind)
            let configuration = try HubConfiguration.load(
                path: options.file, environment: console.environment, profiles: Backends.profiles)
            let subjects = try VerifySubject.all(of: configuration, options, console.environment)
            let interrupts = console.answersSignals ? Interrupts { console.progress?.end() } : nil
            let status = await verify(subjects, plan, interrupts?.note)
            withExtendedLifetime(interrupts) {}
            console.progress?.end()
            return status
        } catch let error as ConfigurationError {
            for problem in error.problems { console.writeError("hub verify: \(problem)") }
            return .configuration
        } catch {
            console.writeError("hub verify: \((error as? VerifyProblem)?.sentence ?? "\(error)")")
            return .usage
        }
    }

    /// Verifies one broker after the other.
    func verify(_ subjects: [VerifySubject], _ plan: VerifyPlan, _ interrupts: Interrupts.Note?) async -> ExitStatus {
        var status = ExitStatus.success
        for subject in subjects where interrupts?.status == nil {
            do { try await subject.tryConnecting() } catch {
                let why = (error as? BrokerError)?.sentence ?? "\(error)"
                console.writeError("hub verify: broker \(subject.name) cannot be connected to: \(why)")
                status = .failure
                continue
            }
            let start = SystemTime.shared.uptime
            if !options.json { console.write(VerifyText.heading(subject, seed: options.seed, console.style)) }
            var chapter = ""
            let suite = VerifySuite(subject: subject, lines: plan.lines, seed: options.seed)
            let count = await suite.run(until: { interrupts?.status != nil }, showing: show) { outcomes in
                console.progress?.remove()
                if options.json { return outcomes.forEach { console.write(VerifyJSON.text($0)) } }
                if let text = VerifyText.chapter(of: outcomes, after: &chapter, console.style) { console.write(text) }
                console.write(VerifyText.promise(outcomes, console.style))
            }
            if count.failed > 0 { status = .failure }
            console.progress?.remove()
            let time = SystemTime.shared.uptime - start
            if !options.json { console.write(VerifyText.verdict(on: subject, count, in: time, console.style)) }
            if count.ended < count.all {
                let rest = "\(count.all - count.ended) of \(count.all) scenarios were not finished"
                let removal = count.remains.isEmpty ? "what was made is removed" : "not all that was made is removed"
                console.writeError("hub verify: interrupted, \(rest); \(removal)")
                for sentence in count.remains { console.writeError("hub verify: \(sentence)") }
            }
        }
        return interrupts?.status ?? status
    }

    @Sendable private func show(_ subject: VerifySubject, _ count: VerifyCount) {
        console.progress?.show(VerifyText.progress(subject, count))
    }
}
