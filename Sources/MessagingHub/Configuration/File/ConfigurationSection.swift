import Messaging

/// A mapping of a configuration file, read by its shape. What could not be read is at its default and has been said.
struct ConfigurationSection: Sendable {
    var path: ConfigurationPath
    var values = OptionValues()
    /// The sections that are there, by their key.
    var sections: [String: ConfigurationSection] = [:]
    /// The entries that the writer has named, in their order.
    var entries: [(name: String, section: ConfigurationSection)] = []
    /// The texts that the writer has named.
    var texts: [String: String] = [:]

    subscript(name: String) -> ConfigurationSection? { sections[name] }

    /// The entries of a section that has such.
    func entries(of name: String) -> [(name: String, section: ConfigurationSection)] { sections[name]?.entries ?? [] }
}
