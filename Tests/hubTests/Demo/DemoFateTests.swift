import Messaging
import MessagingHub
import Testing

@testable import hub

@Suite struct DemoFateTests {
    private func fates(_ seed: Int, rate: Double = 0.05, always: Bool = true) -> [DemoFate] {
        (0..<14_012).map { DemoFate.of($0, seed: seed, failRate: rate, mayFailAlways: always) }
    }

    @Test func theSeedDecides() {
        #expect(fates(1) == fates(1))
        #expect(fates(1) != fates(2))
        #expect(fates(.min) != fates(.max))
    }

    @Test func theShareIsWhatWasAskedFor() {
        let failing = fates(1).count { $0 != .handled }
        #expect(abs(failing - 700) < 100)
        #expect(fates(1).contains(.failsAlways))
        #expect(fates(1).contains(.fails(times: 1)) && fates(1).contains(.fails(times: 2)))
        #expect(fates(1, rate: 0).allSatisfy { $0 == .handled })
        #expect(fates(1, rate: 1).allSatisfy { $0 != .handled })
        #expect(!fates(1, rate: 1, always: false).contains(.failsAlways))
    }

    @Test func theDemonstrationIsTheDevelopmentConfiguration() throws {
        let file = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let loaded = try HubConfiguration.load(
            path: "/\(file)/configs/development.yaml", environment: [:], profiles: Backends.profiles)
        for (name, route) in HubConfiguration.demo.routes {
            let other = try #require(loaded.routes[name])
            #expect(route.pattern == other.pattern)
            #expect(route.kind == other.kind)
            #expect(route.retry == other.retry)
            #expect(route.groups == other.groups)
            #expect(route.concurrency == other.concurrency)
            #expect(route.deadLetter == other.deadLetter)
        }
        #expect(HubConfiguration.demo.grace == loaded.grace)
    }
}
