public import Messaging

/// What is promised for the messages of a route or of a bridge, and why it is no more.
public struct Promise: Hashable, Sendable {
    /// Something that limits what is promised, or that is to be known of it.
    public struct Reason: Hashable, Sendable {
        /// The most that can be promised where it holds; nil where it lowers nothing.
        public let limit: Guarantee?
        /// What it is, in a sentence without a full stop.
        public let sentence: String
        /// What to change so that it does not hold; empty where it lowers nothing.
        public let remedy: String
        /// The same sentence without the values in it, which may have come from variables.
        let withoutValues: String

        init(_ limit: Guarantee?, _ sentence: String, _ remedy: String = "", withoutValues: String? = nil) {
            self.limit = limit
            self.sentence = sentence
            self.remedy = remedy
            self.withoutValues = withoutValues ?? sentence
        }
    }

    /// How often a message whose publish has returned is handled, or, of a bridge, arrives.
    public let guarantee: Guarantee
    /// Which messages keep their order; of a bridge, on the whole way.
    public let order: DestinationDeclaration.Order
    /// Whether that ends with this process, because a broker does.
    public let endsWithProcess: Bool
    /// Why it is no more, and what is to be known of it.
    public let reasons: [Reason]
    /// Everything that lowers it, also below what it is.
    let all: [Reason]

    /// The least of what these reasons leave.
    init(order: DestinationDeclaration.Order, endsWithProcess: Bool, _ all: [Reason]) {
        let guarantee = all.compactMap(\.limit).min() ?? .effectivelyOnce
        self.guarantee = guarantee
        self.order = order
        self.endsWithProcess = endsWithProcess && guarantee != .atMostOnce
        self.all = all
        reasons = all.filter { $0.limit == nil || $0.limit == guarantee }
    }

    /// `at least once, while the process lives`.
    public var words: String { endsWithProcess ? "\(guarantee.words), while the process lives" : guarantee.words }

    /// What leaves less than this.
    func shortfalls(below asked: Guarantee) -> [Reason] {
        all.filter { $0.limit.map { $0 < asked } ?? false }
    }
}

extension DestinationDeclaration.Order {
    /// The weaker of two: what is left of an order on a way over both.
    func weaker(_ other: DestinationDeclaration.Order) -> DestinationDeclaration.Order {
        let strength: [DestinationDeclaration.Order] = [.none, .perKey, .all]
        return strength.first { $0 == self || $0 == other } ?? .none
    }
}
