import Messaging
import Testing

@Suite struct BodyTests {
    @Test func nullIsNotEmpty() {
        #expect(Body.null != Body.empty)
        #expect(Body.null.isNull)
        #expect(!Body.empty.isNull)
        #expect(Body.null.count == 0)
        #expect(Body.empty.count == 0)
        #expect(Body.null.text == nil)
        #expect(Body.empty.text == "")
        #expect(Body.null.array == [])
        #expect(Body.null.withBytes { $0.count } == 0)
        #expect(Body.null.description == "null")
        #expect(Body.empty.description == "0 bytes")
        #expect(Set([Body.null, .empty]).count == 2)
    }

    @Test func anArrayIsNotCopied() {
        let bytes = [UInt8](repeating: 7, count: 100)
        let body = Body(bytes)
        let copyOfBody = body
        let original = bytes.withUnsafeBytes { $0.baseAddress }
        #expect(body.withBytes { $0.baseAddress } == original)
        #expect(copyOfBody.withBytes { $0.baseAddress } == original)
        #expect(body.array.withUnsafeBytes { $0.baseAddress } == original)
    }

    @Test func copyingCopies() {
        var bytes: [UInt8] = [1, 2, 3]
        let body = bytes.withUnsafeBytes { Body(copying: $0) }
        bytes[0] = 9
        #expect(body.array == [1, 2, 3])
    }

    @Test func textIsValidUTF8OrNil() {
        #expect(Body("grün").text == "grün")
        #expect(Body([0xC3]).text == nil)
        #expect(("literal" as Body).text == "literal")
        #expect(([1, 2] as Body).array == [1, 2])
    }

    @Test func foreignBytesAreNeitherCopiedNorReleasedEarlyNorTwice() {
        let releases = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        releases.initialize(to: 0)
        defer { releases.deallocate() }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 7, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: "foreign".utf8)
        let owner = ForeignBytes(UnsafeRawBufferPointer(memory), handle: OpaquePointer(releases)) { handle in
            if let handle { UnsafeMutablePointer<Int>(handle).pointee += 1 }
        }
        var bodies = [Body(owner: consume owner)]
        bodies.append(bodies[0])
        #expect(bodies[1].withBytes { $0.baseAddress } == UnsafeRawPointer(memory.baseAddress))
        #expect(bodies[1].text == "foreign")
        #expect(bodies[1].count == 7)
        #expect(bodies[1] == Body("foreign"))
        #expect(bodies[1].hashValue == Body("foreign").hashValue)
        bodies.removeLast()
        #expect(releases.pointee == 0)
        bodies.removeAll()
        #expect(releases.pointee == 1)
    }

    @Test func errorsOfTheClosureComeThrough() {
        struct Stop: Error {}
        for body in [Body.null, .empty, "text"] {
            #expect(throws: Stop.self) { try body.withBytes { _ throws(Stop) in throw Stop() } }
        }
    }

    @Test func descriptionsHideTheBytes() {
        #expect(Body("secret").description == "6 bytes")
        #expect("\(Body("secret"))" == "6 bytes")
    }

    @Test func equalityIsByByte() {
        #expect(Body("\u{E9}") != Body("e\u{301}"))
        #expect(Body([1, 2]) == Body([1, 2]))
        #expect(Body([1, 2]) != Body([1, 3]))
        #expect(Body([1]) != Body([1, 0]))
    }
}
