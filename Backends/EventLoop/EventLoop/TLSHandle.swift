#if EventLoop
    import CEvent

    /// OpenSSL's context of a client or a server, of which sessions are made.
    ///
    /// `@unchecked Sendable`: it is complete when it is made, and OpenSSL counts its users itself.
    final class TLSHandle: @unchecked Sendable {
        private let context: OpaquePointer
        private let verifies: Bool
        private let isServer: Bool

        /// Reads the files; throws `.untrusted` where one cannot be used.
        init(_ tls: StreamTLS, isServer: Bool) throws(StreamError) {
            guard let context = SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
                throw StreamError(.system, "OpenSSL has no memory for a context")
            }
            self.context = context
            self.isServer = isServer
            verifies = tls.verify && !isServer
            SSL_CTX_set_verify(context, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
            if CEvent_require_tls_1_2(context) != 1 { throw Self.failure("TLS 1.2 is not available") }
            if let authority = tls.authority {
                if SSL_CTX_load_verify_locations(context, authority, nil) != 1 {
                    throw Self.failure("the certificates of \(authority) cannot be read")
                }
            } else if verifies, SSL_CTX_set_default_verify_paths(context) != 1 {
                throw Self.failure("the system's trusted certificates cannot be read")
            }
            if let certificate = tls.certificate, SSL_CTX_use_certificate_chain_file(context, certificate) != 1 {
                throw Self.failure("the certificate \(certificate) cannot be read")
            }
            guard let key = tls.key else { return }
            if SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 {
                throw Self.failure("the key \(key) cannot be read")
            }
            if SSL_CTX_check_private_key(context) != 1 {
                throw Self.failure("the key \(key) is not that of the certificate")
            }
        }

        deinit { SSL_CTX_free(context) }

        /// A session, which its bufferevent frees. A client's asks for the host, and accepts no certificate of another.
        func session(with host: String) throws(StreamError) -> OpaquePointer {
            guard let session = SSL_new(context) else {
                throw StreamError(.system, "OpenSSL has no memory for a session")
            }
            if isServer { return session }
            let isNumber = (try? SocketAddress.look(up: host, port: 0, isNumeric: true)) != nil
            var isReady = isNumber || CEvent_ask_for(session, host) == 1
            if verifies {
                let named =
                    isNumber
                    ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) : SSL_set1_host(session, host)
                isReady = isReady && named == 1
            }
            if isReady { return session }
            SSL_free(session)
            throw StreamError(.untrusted, "\(host) cannot be the name of a certificate")
        }

        /// Why a session failed, as OpenSSL says it; nil where it does not say.
        static func reason(_ code: UInt, session: OpaquePointer?) -> String? {
            let verified = session.flatMap { SSL_get_verify_mode($0) == SSL_VERIFY_PEER ? $0 : nil }
            let verdict = verified.map { SSL_get_verify_result($0) } ?? Int(X509_V_OK)
            if verdict != Int(X509_V_OK) { return X509_verify_cert_error_string(verdict).map { String(cString: $0) } }
            return code == 0 ? nil : ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        }

        private static func failure(_ sentence: String) -> StreamError {
            let reason = reason(ERR_get_error(), session: nil).map { ": \($0)" } ?? ""
            ERR_clear_error()
            return StreamError(.untrusted, sentence + reason)
        }
    }
#endif
