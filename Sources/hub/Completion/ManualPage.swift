import Messaging

/// The manual page, made of the commands' descriptions like their help. Pure.
enum ManualPage {
    static func text(_ commands: [Command]) -> String {
        var lines = [".TH HUB 1 \"\" \"hub \(LibraryVersion.current)\" \"swift\\-messaging\\-hub\"", ".SH NAME"]
        lines += ["hub \\- \(escaped(HelpText.summary))", ".SH SYNOPSIS", ".B hub", ".I command", "[\\fIoptions\\fR]"]
        lines += [".SH COMMANDS"] + commands.flatMap(section)
        lines += [".SH EXIT STATUS"]
        for status in ExitStatus.allCases { lines += [".TP", ".B \(status.rawValue)", escaped(status.meaning)] }
        lines += [".SH ENVIRONMENT", ".TP", ".B NO_COLOR", "where it is not empty, nothing is coloured"]
        return lines.joined(separator: "\n")
    }

    private static func section(_ command: Command) -> [String] {
        var lines = [".SS hub \(escaped(command.name))", escaped(command.summary) + ".", ".PP"]
        let arguments = command.arguments.map { $0.defaultText == nil ? "\\fI\($0.name)\\fR" : "[\\fI\($0.name)\\fR]" }
        lines.append(
            (["\\fBhub \(escaped(command.name))\\fR"] + arguments + ["[\\fIoptions\\fR]"]).joined(separator: " "))
        lines += details(command)
        for argument in command.arguments {
            let standard = argument.defaultText.map { "; default \($0)" } ?? ""
            lines += [".TP", ".I \(argument.name)", escaped(argument.meaning + standard)]
        }
        for option in command.options.descriptions {
            lines += [".TP", ".B \(escaped(HelpText.form(of: option)))", escaped(HelpText.explanation(of: option))]
        }
        for example in command.examples {
            lines += [".PP", ".nf", "\\fB\(escaped(example.line))\\fR", ".fi", ".RS", escaped(example.meaning), ".RE"]
        }
        return lines
    }

    private static func details(_ command: Command) -> [String] {
        command.paragraphs.flatMap { paragraph -> [String] in
            switch paragraph {
            case .text(let text): return [".PP", escaped(text)]
            case .lines(let lines):
                let least = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
                let kept = lines.map { escaped(String($0.dropFirst(least))) }
                return [".PP", ".RS 4", ".nf"] + kept + [".fi", ".RE"]
            }
        }
    }

    /// A text that stands for itself, whatever begins it.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "\"": result += "\\(dq"
            case "'": result += "\\(aq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            case "\u{80}"...: result += "\\[u\(hexadecimal(scalar))]"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result.hasPrefix(".") ? "\\&\(result)" : result
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
