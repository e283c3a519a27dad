import Foundation

/// A pipe that a program reads while a test writes to it, and no other program has an end of.
struct OpenPipe {
    /// The program's end, for its standard input or output.
    let reader: FileHandle
    let writer: FileHandle

    init() throws {
        var ends: [Int32] = [0, 0]
        if pipe(&ends) != 0 { throw CocoaError(.fileWriteUnknown) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reader = FileHandle(fileDescriptor: ends[0])
        writer = FileHandle(fileDescriptor: ends[1])
    }

    func write(_ text: String) throws { try writer.write(contentsOf: Data(text.utf8)) }

    /// Writes until nothing more fits.
    func fill() throws {
        let (number, flags) = (writer.fileDescriptor, fcntl(writer.fileDescriptor, F_GETFL))
        _ = fcntl(number, F_SETFL, flags | O_NONBLOCK)
        let bytes = [UInt8](repeating: 0x78, count: 4096)
        while Foundation.write(number, bytes, bytes.count) > 0 {}
        _ = fcntl(number, F_SETFL, flags)
    }

    /// How many bytes wait to be read.
    var waiting: Int {
        var count: Int32 = 0
        _ = ioctl(reader.fileDescriptor, UInt(FIONREAD), &count)
        return Int(count)
    }
}
