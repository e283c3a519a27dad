#if RabbitMQ
    import Foundation
    import Messaging

    /// An authority with certificates of its own, made for a test and gone with it.
    final class Certificates: Sendable {
        private let folder: String

        private init(_ folder: String) { self.folder = folder }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        /// A file of theirs: `authority.pem`, and of `server` (for 127.0.0.1), `expired` (the same until yesterday) and `client`
        /// (whose name is `hub-client`) `NAME.pem` and `NAME.key`.
        func path(_ name: String) -> String { "\(folder)/\(name)" }

        static func make() async throws -> Certificates {
            let folder = NSTemporaryDirectory() + "hub-certificates-" + MessageID().description
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let certificates = Certificates(folder)
            _ = try await Tool.run(["sh", "-e", "-c", script, folder])
            return certificates
        }

        /// `openssl ca` alone can make one that is over.
        private static let script = """
            cd "$0"
            mkdir new; : > index.txt; echo 01 > serial
            printf '%s\\n' '[ca]' 'default_ca=own' '[own]' 'dir=.' 'database=index.txt' 'new_certs_dir=new' 'serial=serial' \
                'default_md=sha256' 'policy=any' 'unique_subject=no' '[any]' 'commonName=supplied' \
                '[server]' 'subjectAltName=IP:127.0.0.1,DNS:localhost' '[client]' 'extendedKeyUsage=clientAuth' > ca.conf
            openssl req -x509 -newkey rsa:2048 -nodes -keyout authority.key -out authority.pem -days 30 -subj /CN=hub-authority
            sign() {
                openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2"
                openssl ca -batch -config ca.conf -cert authority.pem -keyfile authority.key -in "$1.csr" -out "$1.pem" \
                    -extensions "$3" -startdate 20200101000000Z -enddate "$4" -notext
            }
            sign server 127.0.0.1 server 20990101000000Z
            sign expired 127.0.0.1 server 20210101000000Z
            sign client hub-client client 20990101000000Z
            chmod a+r *.key
            """
    }
#endif
