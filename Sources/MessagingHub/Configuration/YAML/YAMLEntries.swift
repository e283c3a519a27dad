/// The entries of a mapping while it is read: repeated keys are found, merged ones give way.
struct YAMLEntries {
    private(set) var list: [YAMLNode.Entry] = []
    private var places: [String: Int] = [:]
    private var merged: Set<String> = []

    /// Adds an entry of the mapping itself; where its key stands already, where that was, and nothing is changed.
    mutating func set(_ key: String, at mark: YAMLMark, to value: YAMLNode) -> YAMLMark? {
        let entry = YAMLNode.Entry(key: key, keyMark: mark, value: value)
        guard let place = places[key] else {
            places[key] = list.count
            list.append(entry)
            return nil
        }
        guard merged.remove(key) != nil else { return list[place].keyMark }
        list[place] = entry
        return nil
    }

    /// Adds what a merge key `<<` brings: one mapping, or a list of them of which the earlier win. What the mapping
    /// sets itself stays.
    mutating func merge(_ node: YAMLNode) -> (mark: YAMLMark, sentence: String)? {
        let sources: [YAMLNode] = if case .sequence(let items) = node.content { items } else { [node] }
        for source in sources {
            guard let entries = source.entries else {
                return (source.mark, "<< merges mappings; this \(source.kindInWords), give an alias of a mapping")
            }
            for entry in entries where places[entry.key] == nil {
                places[entry.key] = list.count
                merged.insert(entry.key)
                list.append(entry)
            }
        }
        return nil
    }
}
