import Messaging

extension Command {
    /// `hub completion SHELL`.
    static let completion = Command(
        name: "completion", summary: "prints what makes a shell complete hub's commands, options and words",
        details: """
            Where the shell finds it, once it is there:

                hub completion bash > ~/.local/share/bash-completion/completions/hub
                hub completion zsh > ~/.zfunc/_hub        # with ~/.zfunc in fpath
                hub completion fish > ~/.config/fish/completions/hub.fish
            """,
        arguments: [
            Argument(
                name: "SHELL", meaning: "bash, zsh or fish", defaultText: nil,
                values: .words { CompletionShell.allCases.map(\.rawValue) })
        ],
        examples: [Example(line: "hub completion bash", meaning: "for bash")]
    ) { invocation, console in
        let word = invocation["SHELL"]
        guard let shell = CompletionShell(rawValue: word) else {
            let names = CompletionShell.allCases.map(\.rawValue)
            let hint =
                word.nearest(in: names).map { "did you mean \($0)?" } ?? "there are \(names.joined(separator: ", "))"
            console.writeError("hub completion: \(word.quoted) is not a shell that it knows; \(hint)")
            return .usage
        }
        console.write(shell.script(for: Hub.commands))
        return .success
    }

    /// `hub man`.
    static let man = Command(
        name: "man", summary: "prints the manual page, made of the same descriptions as the help",
        details: """
            Where man finds it, once it is there:

                hub man > ~/.local/share/man/man1/hub.1
            """,
        examples: [Example(line: "hub man", meaning: "the page, for man -l -")]
    ) { _, console in
        console.write(ManualPage.text(Hub.commands))
        return .success
    }
}
