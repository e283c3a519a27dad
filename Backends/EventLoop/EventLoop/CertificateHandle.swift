#if EventLoop
    import CEvent
    import Glibc

    /// Makes certificates to throw away: for tests of TLS, on machines without the command `openssl`.
    package enum CertificateHandle {
        /// Writes a certificate that signs itself and names these, as OpenSSL writes names (`DNS:localhost,IP:127.0.0.1`), and
        /// its key. Valid for a day from an hour ago. Throws `.system` where a file cannot be written.
        package static func write(_ names: String, certificate: String, key: String) throws(StreamError) {
            let failure = StreamError(.system, "no certificate could be written to \(certificate) and \(key)")
            guard let maker = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil) else { throw failure }
            defer { EVP_PKEY_CTX_free(maker) }
            var pair: OpaquePointer?
            guard EVP_PKEY_keygen_init(maker) == 1, EVP_PKEY_keygen(maker, &pair) == 1 else { throw failure }
            defer { EVP_PKEY_free(pair) }
            guard let paper = X509_new() else { throw failure }
            defer { X509_free(paper) }
            X509_set_version(paper, 2)
            ASN1_INTEGER_set(X509_get_serialNumber(paper), 1)
            X509_gmtime_adj(X509_getm_notBefore(paper), -3_600)
            X509_gmtime_adj(X509_getm_notAfter(paper), 86_400)
            X509_set_pubkey(paper, pair)
            let subject = X509_get_subject_name(paper)
            X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, "throw-away", -1, -1, 0)
            X509_set_issuer_name(paper, subject)
            guard let extent = X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, names) else { throw failure }
            defer { X509_EXTENSION_free(extent) }
            X509_add_ext(paper, extent, -1)
            guard X509_sign(paper, pair, EVP_sha256()) > 0 else { throw failure }
            let wrote = file(certificate) { PEM_write_X509($0, paper) == 1 }
            let wroteKey = file(key) { PEM_write_PrivateKey($0, pair, nil, nil, 0, nil, nil) == 1 }
            if !wrote || !wroteKey { throw failure }
        }

        private static func file(_ path: String, _ write: (UnsafeMutablePointer<FILE>) -> Bool) -> Bool {
            guard let stream = fopen(path, "wex") else { return false }
            let wrote = write(stream)
            return fclose(stream) == 0 && wrote
        }
    }
#endif
