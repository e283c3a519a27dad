extension HeaderFilter {
    /// A filter, or none, for error sentences: `the filter all of colour = "red"`.
    package static func words(_ filter: HeaderFilter?) -> String {
        guard let filter else { return "no filter" }
        let values = filter.values.map { "\($0.key) = \($0.value.quoted)" }.sorted()
        return "the filter \(filter.match.rawValue) of \(values.joined(separator: ", "))"
    }
}
