/// How a connection is encrypted: the same options for every broker that can be.
public struct TLSConfiguration: Hashable, Sendable {
    /// `tls`: whether the connection is encrypted.
    public static let isOn = Option("tls", default: false, "whether the connection is encrypted").inURL(.secureScheme)
    /// `tls-verify`: whether the broker must prove who it is.
    public static let verify = Option("tls-verify", default: true, "whether the broker must prove who it is")
        .caution {
            $0 ? nil : OptionCaution("tls-verify: false lets anybody stand in for the broker; set tls-authority")
        }
    /// `tls-authority`: the file of the authorities that are trusted.
    public static let authority = Option<String?>(
        "tls-authority", default: nil, "the file with the certificates that are trusted; the system's where not set")
    /// `tls-certificate`: the file of the client's certificate.
    public static let certificate = Option<String?>(
        "tls-certificate", default: nil, "the file with the client's certificate; goes with tls-key")
    /// `tls-key`: the file of the client's key.
    public static let key = Option<String?>("tls-key", default: nil, "the file with the client's key")

    /// The options, each described once.
    public static let options = BoundOptions<TLSConfiguration>([
        OptionBinding(isOn, \.isOn), OptionBinding(verify, \.verify), OptionBinding(authority, \.authority),
        OptionBinding(certificate, \.certificate), OptionBinding(key, \.key),
    ])

    /// Whether the connection is encrypted. Default: it is not.
    public var isOn = false
    /// Whether the broker must prove who it is. Default: it must.
    public var verify = true
    /// The file with the certificates that are trusted. Default: the system's.
    public var authority: String?
    /// The file with the client's certificate. Default: none.
    public var certificate: String?
    /// The file with the client's key. Default: none.
    public var key: String?

    /// No encryption; with `isOn` true, as strict as can be.
    public init() {}

    /// What does not go together: half of a certificate and key, or any of them without TLS; and credentials that are
    /// sent in plain text to these hosts, where one is another machine.
    public func findings(username: String?, password: String?, hosts: [String]) -> [OptionFinding] {
        var found = OptionFinding.together(("tls-certificate", certificate != nil), ("tls-key", key != nil))
        if !isOn, certificate != nil || authority != nil {
            let name = certificate != nil ? "tls-certificate" : "tls-authority"
            found.append(.problem(name, "is set, but tls is not on; set tls: true", with: "tls"))
        }
        if !isOn, password != nil || username != nil, hosts.contains(where: { !Self.isLocal($0) }) {
            found.append(.caution("tls", "credentials go in plain text to another machine; set tls: true"))
        }
        return found
    }

    /// Whether a host, with or without scheme and port, is this machine.
    private static func isLocal(_ host: String) -> Bool {
        let name = host.firstRange(of: "://").map { host[$0.upperBound...] } ?? host[...]
        if name == "::1" || name == "[::1]" || name.hasPrefix("[::1]:") { return true }
        let host = name.prefix { $0 != ":" }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
