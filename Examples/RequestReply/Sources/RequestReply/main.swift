import InMemoryBroker
import Messaging
import MessagingHub

struct Question: Codable { let number: Int }
struct Answer: Codable { let square: Int }

let squares = TypedTopic<Question>("squares")
let yaml = """
    brokers: { main: { type: inmemory } }
    routes: { squares: { topic: squares, kind: queue, broker: main, retry: { attempts: 2, delay: 100ms } } }
    """
let configuration = try HubConfiguration.load(text: yaml, environment: [:], profiles: [.inMemory])
try await withHub(configuration, brokers: [.inMemory()]) { hub in
    do { _ = try await hub.request(Question(number: 1), to: squares, as: Answer.self) } catch let error as BrokerError {
        print("nobody there: \(error.code)")
    }
    try await hub.respond(to: squares) { question, _ in
        if question.number > 100 { throw Reject("\(question.number) is too large") }
        return Answer(square: question.number * question.number)
    }
    let answer = try await hub.request(Question(number: 12), to: squares, as: Answer.self, within: .seconds(5))
    print("12 squared is \(answer.square)")
    do {
        _ = try await hub.request(Question(number: 1000), to: squares, as: Answer.self)
    } catch let failure as RequestFailure {
        print(failure)
    }
}
