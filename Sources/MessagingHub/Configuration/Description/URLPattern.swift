/// A regular expression of ECMAScript for a broker's URL, as far as such an expression can tell: its scheme, and where `#`, `%`,
/// `@` and `=` may stand. Which options its type has, and what they may be, it does not tell. Pure.
enum URLPattern {
    /// The URLs of these schemes.
    static func expression(_ schemes: [String]) -> String {
        let escape = "%[0-9A-Fa-f]{2}"
        let (user, hosts) = ("([^/?#%]|\(escape))*@", #"[^/?#%@\s]*"#)
        let path = "(/([^?#%@]|\(escape))*)?"
        func query(without other: String) -> String {
            let pair = "([^&=#%\(other)]|\(escape))*=([^&#%\(other)]|\(escape))*"
            return "([?]&*(\(pair)(&+\(pair))*&*)?)?"
        }
        let rest = "\(user)\(hosts)\(path)\(query(without: ""))|\(hosts)\(path)\(query(without: "@"))"
        return "^(\(Self.schemes(schemes)))://(\(rest))$"
    }

    /// Any of these schemes, in capital letters or small ones.
    static func schemes(_ schemes: [String]) -> String {
        schemes.map { scheme in
            scheme.map { $0.isLetter ? "[\($0.uppercased())\($0.lowercased())]" : "[\($0)]" }.joined()
        }.joined(separator: "|")
    }
}
