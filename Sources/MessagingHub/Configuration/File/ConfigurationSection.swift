package import Messaging

/// A mapping of a configuration file, read by its shape. What could not be read is at its default and has been said.
package struct ConfigurationSection: Sendable {
    package var path: ConfigurationPath
    package var values = OptionValues()
    /// The sections that are there, by their key.
    package var sections: [String: ConfigurationSection] = [:]
    /// The entries that the writer has named, in their order.
    package var entries: [(name: String, section: ConfigurationSection)] = []
    /// The texts that the writer has named.
    package var texts: [String: String] = [:]

    package subscript(name: String) -> ConfigurationSection? { sections[name] }

    /// The entries of a section that has such.
    package func entries(of name: String) -> [(name: String, section: ConfigurationSection)] {
        sections[name]?.entries ?? []
    }
}
