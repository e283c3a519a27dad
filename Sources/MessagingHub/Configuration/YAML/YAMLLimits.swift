/// How large a configuration may be. They bound memory and time whatever the file says.
struct YAMLLimits: Sendable {
    /// The largest file, and the most text that a document may have once aliases and variables are resolved.
    var bytes = 10 << 20
    /// How deep mappings and lists may stand in each other.
    var depth = 32
    /// How many values and keys there may be, those behind an alias counted each time.
    var nodes = 100_000
    /// The longest single text.
    var scalarBytes = 64 << 10
}
