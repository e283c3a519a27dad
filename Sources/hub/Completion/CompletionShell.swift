import Messaging

/// A shell that completes hub's command lines, with a script made of the commands' descriptions. Pure.
enum CompletionShell: String, CaseIterable, Sendable {
    case bash
    case zsh
    case fish

    /// What the shell reads.
    func script(for commands: [Command]) -> String {
        switch self {
        case .bash: BashCompletion.script(commands)
        case .zsh: ZshCompletion.script(commands)
        case .fish: FishCompletion.script(commands)
        }
    }
}

extension Command {
    /// Its options with their dashes, `--no-` before those that are on.
    var optionWords: [String] {
        options.descriptions.map { option in
            option.isFlag && option.defaultText == "true" ? "--no-\(option.name)" : "--\(option.name)"
        } + ["--help"]
    }
}

extension OptionDescription {
    /// The words that its value is one of; nil: there are others.
    var words: [String]? {
        if case .word(let words) = form { words } else { nil }
    }
}

/// Completion for bash.
enum BashCompletion {
    static func script(_ commands: [Command]) -> String {
        let names = (commands.map(\.name) + ["help", "--help", "--version"]).joined(separator: " ")
        let values = commands.flatMap { command in
            command.options.descriptions.filter { !$0.isFlag }.map { option in
                let words = option.words.map { " words=\"\($0.joined(separator: " "))\"" } ?? " files=any"
                return "            \"\(command.name) --\(option.name)\")\(words) ;;"
            }
        }
        let arguments = commands.map { command in
            "            \(command.name)) options=\"\(command.optionWords.joined(separator: " "))\""
                + (command.arguments.first.map { " " + assignment(of: $0.values) } ?? "") + " ;;"
        }
        return """
            # Completion of hub for bash, made by: hub completion bash
            _hub() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words="" files="" options=""
                # Bash makes a word of its own of the = between an option and its value.
                if [[ $word == "=" ]]; then word=""; elif [[ $before == "=" ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi
                COMPREPLY=()
                if ((COMP_CWORD == 1)); then
                    words="\(names)"
                else
                    case "${COMP_WORDS[1]} $before" in
            \(values.joined(separator: "\n"))
                        "help "*) words="\(commands.map(\.name).joined(separator: " "))" ;;
                        *)
                            case ${COMP_WORDS[1]} in
            \(arguments.map { "    \($0)" }.joined(separator: "\n"))
                            esac
                            if [[ $word == -* ]]; then words=$options files=""; fi
                            ;;
                    esac
                fi
                case $files in
                    any) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
                    yaml) mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.yaml' -- "$word"; compgen -f -X '!*.yml' -- "$word") ;;
                    *) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
                esac
                if [[ -n $files ]]; then compopt -o filenames 2>/dev/null; fi
                return 0
            }
            complete -F _hub hub
            """
    }

    private static func assignment(of values: Command.Argument.Values) -> String {
        switch values {
        case .any: "files=any"
        case .configurations: "files=yaml"
        case .words(let words): "words=\"\(words().joined(separator: " "))\""
        }
    }
}

/// Completion for zsh.
enum ZshCompletion {
    static func script(_ commands: [Command]) -> String {
        let names = commands.map { "        \(quoted("\(escaped($0.name)):\($0.summary)"))" }
        let cases = commands.map { command in
            let options = command.options.descriptions.map { option -> String in
                let name = option.isFlag && option.defaultText == "true" ? "--no-\(option.name)" : "--\(option.name)"
                let text = "\(name)\(option.isFlag ? "" : "=")[\(escaped(option.meaning))]"
                let value = option.words.map { ":(\($0.joined(separator: " ")))" } ?? ":_files"
                return "                \(quoted(option.isFlag ? text : "\(text):\(option.name)\(value)"))"
            }
            let arguments = command.arguments.enumerated().map { index, argument in
                "                \(quoted("\(index + 1):\(argument.name):\(values(of: argument.values))"))"
            }
            let lines = options + arguments + ["                '--help[explains it]'"]
            return
                "        \(command.name))\n            _arguments \\\n\(lines.joined(separator: " \\\n"))\n            ;;"
        }
        return """
            #compdef hub
            # Completion of hub for zsh, made by: hub completion zsh
            _hub() {
                local -a commands
                commands=(
            \(names.joined(separator: "\n"))
                )
                if ((CURRENT == 2)); then
                    _describe -t commands command commands
                    return
                fi
                local command=$words[2]
                shift words
                ((CURRENT--))
                case $command in
            \(cases.joined(separator: "\n"))
                    help) _describe -t commands command commands ;;
                esac
            }
            _hub "$@"
            """
    }

    private static func values(of values: Command.Argument.Values) -> String {
        switch values {
        case .any: "_files"
        case .configurations: "_files -g \"*.(yaml|yml)(-.)\""
        case .words(let words): "(\(words().joined(separator: " ")))"
        }
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("[", with: "\\[").replacing("]", with: "\\]")
            .replacing(":", with: "\\:")
    }

    private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }
}

/// Completion for fish.
enum FishCompletion {
    static func script(_ commands: [Command]) -> String {
        var lines = ["# Completion of hub for fish, made by: hub completion fish", "complete -c hub -f"]
        for command in commands {
            lines.append("complete -c hub -n __fish_use_subcommand -a \(command.name) -d \(quoted(command.summary))")
        }
        for command in commands {
            let head = "complete -c hub -n '__fish_seen_subcommand_from \(command.name)'"
            for option in command.options.descriptions {
                let name = option.isFlag && option.defaultText == "true" ? "no-\(option.name)" : option.name
                let value = option.words.map { " -x -a \(quoted($0.joined(separator: " ")))" } ?? " -r -F"
                lines.append("\(head) -l \(name)\(option.isFlag ? "" : value) -d \(quoted(option.meaning))")
            }
            for argument in command.arguments { lines.append("\(head) \(values(of: argument.values))") }
            lines.append("\(head) -l help -d 'explains it'")
        }
        let names = commands.map(\.name).joined(separator: " ")
        lines.append("complete -c hub -n '__fish_seen_subcommand_from help' -a \(quoted(names))")
        return lines.joined(separator: "\n")
    }

    private static func values(of values: Command.Argument.Values) -> String {
        switch values {
        case .any: "-F"
        case .configurations: "-k -a '(__fish_complete_suffix .yaml .yml)'"
        case .words(let words): "-a \(quoted(words().joined(separator: " ")))"
        }
    }

    private static func quoted(_ text: String) -> String {
        "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
    }
}
