import Messaging
import Testing

@Suite("A fault plan") struct FaultPlanTests {
    @Test func theSameSeedGivesTheSameSchedule() {
        for fault in FaultPlan.Fault.allCases {
            let first = FaultPlan.everything(seed: 7, share: 0.2).schedule(of: fault, first: 1000)
            #expect(first == FaultPlan.everything(seed: 7, share: 0.2).schedule(of: fault, first: 1000))
            #expect(first != FaultPlan.everything(seed: 8, share: 0.2).schedule(of: fault, first: 1000))
            #expect((140...260).contains(first.count), "\(fault) strikes \(first.count) of 1,000 calls, not about 200")
        }
    }

    @Test func faultsAreDrawnApart() {
        let plan = FaultPlan.everything(seed: 7, share: 0.2)
        let schedules = Set(FaultPlan.Fault.allCases.map { plan.schedule(of: $0, first: 1000) })
        #expect(schedules.count == FaultPlan.Fault.allCases.count)
    }

    @Test func aShareIsFromNothingToEverything() {
        let plan = FaultPlan(seed: 7, [.publishFails: 1, .confirmLost: 0, .slowReceive: -3, .settleFails: 9])
        #expect(plan.schedule(of: .publishFails, first: 100).count == 100)
        #expect(plan.schedule(of: .settleFails, first: 100).count == 100)
        for fault in [FaultPlan.Fault.confirmLost, .slowReceive, .disconnect] {
            #expect(plan.schedule(of: fault, first: 100).isEmpty)
        }
    }

    @Test func itSaysWhatRepeatsIt() {
        let plan = FaultPlan(seed: 7, [.confirmLost: 0.05, .publishFails: 0.1, .disconnect: 0])
        #expect("\(plan)" == "fault plan, seed 7: publishFails 0.1, confirmLost 0.05")
        #expect("\(FaultPlan(seed: 1, [:]))" == "fault plan, seed 1: nothing")
    }
}
