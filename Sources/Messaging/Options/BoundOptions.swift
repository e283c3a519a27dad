/// The options of a configuration struct, each tied to the property that it sets: reading values into the struct and
/// writing them out again are both derived from this list.
public struct BoundOptions<Root: Sendable>: Sendable {
    /// The options, in the order of the documentation.
    public let group: OptionGroup
    private let bindings: [OptionBinding<Root>]

    /// These options.
    public init(_ bindings: [OptionBinding<Root>]) {
        self.bindings = bindings
        group = OptionGroup(bindings.map(\.description))
    }

    /// The same options, of a struct that has these as a property.
    public func inside<Outer>(_ property: any WritableKeyPath<Outer, Root> & Sendable) -> [OptionBinding<Outer>] {
        bindings.map { binding in
            OptionBinding(binding.description) { values, outer in
                binding.apply(values, &outer[keyPath: property])
            } collect: { outer, values in
                binding.collect(outer[keyPath: property], &values)
            }
        }
    }

    /// Sets the properties whose options were set; the others keep what they are.
    public func apply(_ values: OptionValues, to root: inout Root) {
        for binding in bindings where values.isSet(binding.description.name) { binding.apply(values, &root) }
    }

    /// The values of all properties.
    public func values(of root: Root) -> OptionValues {
        var values = OptionValues()
        for binding in bindings { binding.collect(root, &values) }
        return values
    }
}

/// An option, and the property that it sets.
public struct OptionBinding<Root: Sendable>: Sendable {
    /// The option.
    public let description: OptionDescription
    let apply: @Sendable (OptionValues, inout Root) -> Void
    let collect: @Sendable (Root, inout OptionValues) -> Void

    init(
        _ description: OptionDescription, apply: @escaping @Sendable (OptionValues, inout Root) -> Void,
        collect: @escaping @Sendable (Root, inout OptionValues) -> Void
    ) {
        self.description = description
        self.apply = apply
        self.collect = collect
    }

    /// An option of a property of the same type. A property that is nil leaves its option unset.
    public init<Value>(_ option: Option<Value>, _ property: any WritableKeyPath<Root, Value> & Sendable) {
        self.init(option, get: { $0[keyPath: property] }, set: { $0[keyPath: property] = $1 })
    }

    /// An option of a property of another type.
    public init<Value>(
        _ option: Option<Value>, get: @escaping @Sendable (Root) -> Value,
        set: @escaping @Sendable (inout Root, Value) -> Void
    ) {
        description = option.description
        apply = { values, root in set(&root, values[option]) }
        collect = { root, values in
            let value = get(root)
            if !value.isAbsent { values[option] = value }
        }
    }
}
