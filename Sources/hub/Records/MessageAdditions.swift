import Messaging

/// What a command line adds to the messages that it publishes, where they have not got it themselves.
struct MessageAdditions: Hashable, Sendable {
    var key: String?
    var type: String?
    var headers = Headers()

    /// A message with what it lacks of these.
    func applied(to message: Message) -> Message {
        var message = message
        if message.key == nil { message.key = key }
        if message.type.isEmpty, let type { message.type = type }
        for field in headers.fields where message.headers[field.name] == nil {
            message.headers.append(field.name, field.value)
        }
        return message
    }
}
