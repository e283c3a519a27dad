import Messaging

/// Reads the options that a broker URL sets, by its parts and by its query. Pure; no part of the URL is in what it says,
/// because any may be a secret.
struct BrokerURLReading: Sendable {
    private let url: BrokerURL
    private let profile: BrokerProfile
    private let profiles: [BrokerProfile]

    /// A reading of this URL, which is one of this type's.
    init(_ url: BrokerURL, _ profile: BrokerProfile, _ profiles: [BrokerProfile]) {
        self.url = url
        self.profile = profile
        self.profiles = profiles
    }

    /// What the URL sets, what is wrong in it, and the options that are set elsewhere too.
    func values(isSetBeside: (String) -> Bool) -> (values: OptionValues, problems: [String], doubled: [String]) {
        let (texts, found) = texts
        var (values, problems, doubled) = (OptionValues(), found, [String]())
        for option in profile.options.descriptions {
            guard let text = texts[option.name] else { continue }
            if isSetBeside(option.name) {
                doubled.append(option.name)
            } else if let value = option.read(text) {
                values.set(option.name, value)
            } else {
                problems.append("sets \(option.name) to what is not allowed; \(option.remedy(for: nil))")
            }
        }
        return (values, problems, doubled)
    }

    /// What the URL says, by the options that take its parts.
    private var texts: (texts: [String: String], problems: [String]) {
        var (texts, problems) = ([String: String](), [String]())
        let options = profile.options
        func set(_ part: URLPart, _ text: String?, _ name: String) {
            guard let text else { return }
            if let option = options.option(for: part) {
                texts[option.name] = text
            } else {
                problems.append("has a \(name), which \(profile.type) has no use for; remove it")
            }
        }
        set(.username, url.username, "user name")
        set(.password, url.password, "password")
        set(.path, url.path, "path")
        if url.scheme != profile.scheme { set(.secureScheme, "true", "scheme") }
        if let endpoint = url.endpoint, options.option(for: .host) != nil {
            set(.host, endpoint.host, "host")
            set(.port, endpoint.port, "port")
        } else if !url.hosts.isEmpty {
            set(.hosts, url.hosts.joined(separator: ","), "host")
            if url.hosts.contains(where: { !BrokerURL.hasPlainPort($0) }) {
                problems.append("has a host whose port is not a number; write host:port, and user:password@ before it")
            }
        }
        for (name, value) in url.query {
            if let option = options[name], texts[option.name] == nil {
                texts[option.name] = value
            } else if options[name] != nil {
                problems.append("sets \(name) in its query and before it; set it once")
            } else {
                let names = options.descriptions.map(\.name).joined(separator: ", ")
                let hint = UnknownOption(of: profile, among: profiles).hint(for: name) ?? "there are \(names)"
                problems.append("sets an option that is not known; \(hint)")
            }
        }
        return (texts, problems)
    }
}
