import Testing

@testable import hub

@Suite struct LineBufferTests {
    private static let text = Array("one\n\nthree\r\nabcdefghijkl\nfive".utf8)

    /// Everything that comes out of pieces of this size, with the place behind each.
    private func read(by size: Int, longest: Int) -> [(LineBuffer.Element, Int)] {
        var (buffer, found, rest) = (LineBuffer(longest: longest), [(LineBuffer.Element, Int)](), Self.text[...])
        while true {
            while let element = buffer.next() { found.append((element, buffer.offset)) }
            if rest.isEmpty { break }
            buffer.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
            if rest.isEmpty {
                while let element = buffer.next() { found.append((element, buffer.offset)) }
                buffer.end()
            }
        }
        return found
    }

    private func words(_ found: [(LineBuffer.Element, Int)]) -> [String] {
        found.map { element, _ in
            if case .line(let bytes) = element { String(decoding: bytes, as: UTF8.self) } else { "too long" }
        }
    }

    @Test(arguments: 1...40) func linesAreTheSameWhateverThePieces(_ size: Int) {
        let found = read(by: size, longest: 12)
        #expect(words(found) == ["one", "", "three\r", "abcdefghijkl", "five"])
        #expect(found.map(\.1) == [4, 5, 12, 25, 29])
    }

    @Test(arguments: 1...40) func aLineThatIsTooLongIsToldOnceAndPassedOver(_ size: Int) {
        let found = read(by: size, longest: 6)
        #expect(words(found) == ["one", "", "three\r", "too long", "five"])
        #expect(found.last?.1 == 29)
    }

    @Test func nothingIsNoLine() {
        var buffer = LineBuffer(longest: 6)
        buffer.end()
        #expect(buffer.next() == nil)
    }

    @Test func itCountsFromWhereItIsToldTo() {
        var buffer = LineBuffer(longest: 6, offset: 100)
        buffer.append(Array("a\nb".utf8))
        #expect(buffer.next() != nil)
        #expect(buffer.offset == 102 && buffer.count == 1)
    }
}
