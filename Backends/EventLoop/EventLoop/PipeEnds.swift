#if EventLoop
    import CEvent
    import Glibc

    /// A pipe whose ends no child process inherits unless it is given them. The caller closes both.
    package struct PipeEnds: Sendable {
        /// What is read from; it does not block.
        package let reading: Int32
        /// What is written to.
        package let writing: Int32

        /// Throws `.system` where there is none left.
        package init() throws(StreamError) {
            var (reading, writing): (Int32, Int32) = (-1, -1)
            if CEvent_pipe(&reading, &writing) != 0 {
                throw StreamError(.system, "there is no pipe", number: errno)
            }
            (self.reading, self.writing) = (reading, writing)
        }
    }
#endif
