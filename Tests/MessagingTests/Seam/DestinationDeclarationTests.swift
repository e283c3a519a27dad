import Messaging
import Testing

@Suite struct DestinationDeclarationTests {
    @Test func defaultsAreTheDocumentedOnes() {
        let declaration = DestinationDeclaration(.queue("orders"))
        #expect(declaration.groups.isEmpty)
        #expect(declaration.bindings.isEmpty)
        #expect(declaration.order == .none)
        #expect(declaration.maximumPriority == 0)
        #expect(declaration.longestDelay == nil)
        #expect(declaration.retention == nil)
        #expect(declaration.maximumMessages == nil)
        #expect(declaration.maximumBytes == nil)
        #expect(declaration.whenFull == .wait)
        #expect(declaration.durable)
        #expect(declaration.deadLetters == .hub)
        #expect(DestinationDeclaration.Group().start == .earliest)
        #expect(DestinationDeclaration.Group().filter == nil)
    }

    @Test func filtersOnAllAndOnAny() {
        let headers: Headers = ["Region": "eu", "tier": "gold", "tier": "silver", "raw": .bytes([0xFF])]
        #expect(HeaderFilter(["region": "eu", "TIER": "silver"]).matches(headers))
        #expect(!HeaderFilter(["region": "eu", "tier": "bronze"]).matches(headers))
        #expect(!HeaderFilter(["region": "EU"]).matches(headers))
        #expect(!HeaderFilter(["missing": ""]).matches(headers))
        #expect(!HeaderFilter(["raw": ""]).matches(headers))
        #expect(HeaderFilter(.any, ["region": "us", "tier": "gold"]).matches(headers))
        #expect(!HeaderFilter(.any, ["region": "us", "tier": "bronze"]).matches(headers))
    }

    @Test func aFilterComparesBytes() {
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        let headers: Headers = ["name": .text(composed)]
        #expect(HeaderFilter(["name": composed]).matches(headers))
        #expect(!HeaderFilter(["name": decomposed]).matches(headers))
        #expect(HeaderFilter(["name": composed]) != HeaderFilter(["name": decomposed]))
        #expect(HeaderFilter(["name": composed]) == HeaderFilter(["NAME": composed]))
        #expect(HeaderFilter(["name": composed]) != HeaderFilter(["name": composed, "other": ""]))
    }

    @Test func aFilterWithoutConditions() {
        #expect(HeaderFilter(.all, [:]).matches([:]))
        #expect(!HeaderFilter(.any, [:]).matches(["a": "b"]))
    }
}
