/// The command.
@main struct Hub {
    static func main() {}
}
