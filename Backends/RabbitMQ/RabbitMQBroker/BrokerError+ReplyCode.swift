#if RabbitMQ
    import Messaging

    extension BrokerError {
        /// The reply codes of AMQP 0-9-1 (§1.3, and those that RabbitMQ adds) as this seam's codes.
        static func refusedByServer(code: Int, text: String) -> BrokerError {
            let meaning: Code =
                switch code {
                case 403: .unauthorized
                case 404: .noSuchDestination
                case 405, 406: .conflict
                case 311: .tooLarge
                case 312: .noSuchDestination
                case 320: .unavailable
                case 402, 503, 530: .invalidConfiguration
                case 540: .unsupported
                case 506: .resourceExhausted
                default: .brokerFailure
                }
            let words = text.unicodeScalars.prefix(400).map { $0.value < 0x20 ? " " : String($0) }.joined()
            return BrokerError(meaning, "RabbitMQ says: \(words)", nativeCode: code)
        }

        /// Why the server has ended a connection.
        static func closedByServer(code: Int, text: String, by peer: String) -> BrokerError {
            var error = refusedByServer(code: code, text: text)
            error.sentence = "\(peer) has ended the connection: \(error.sentence)"
            return error
        }
    }
#endif
