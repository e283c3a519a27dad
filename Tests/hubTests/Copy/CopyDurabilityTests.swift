import Foundation
import Testing

@testable import hub

#if os(Linux)
    /// What is on the disk, and what is only said to be: `fsync` of the copy's process is one of the test's own, which writes
    /// down each call, or fails.
    @Suite(.timeLimit(.minutes(5))) struct CopyDurabilityTests {
        private static let source = """
            #define _GNU_SOURCE
            #include <errno.h>
            #include <fcntl.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            #include <sys/stat.h>
            #include <unistd.h>

            int fsync(int number) {
                char link[64], path[4096] = "", text[256] = "";
                snprintf(link, sizeof link, "/proc/self/fd/%d", number);
                readlink(link, path, sizeof path - 1);
                const char *fails = getenv("SYNC_FAILS");
                if (fails && strstr(path, fails)) { errno = EIO; return -1; }
                struct stat status;
                fstat(number, &status);
                int file = open(path, O_RDONLY);
                if (strstr(path, ".new")) read(file, text, sizeof text - 1);
                close(file);
                int log = open(getenv("SYNC_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0600);
                char *name = strrchr(path, '/');
                dprintf(log, "%s %lld %s\\n", name ? name + 1 : path, (long long)status.st_size, strtok(text, "\\n"));
                close(log);
                return 0;
            }

            """

        /// Copies lines for a group, with this before the command.
        private func copy(_ folder: TestFolder, _ variables: String) async throws -> HubProcess.Result {
            try folder.write("in.txt", (0..<20_000).map { "line \($0)\n" }.joined())
            try folder.write("sync.c", Self.source)
            let words = "copy \(folder("in.txt")) \(folder("out.txt")) --format lines --group g --rate 40000"
            return try await HubProcess(
                shell: """
                    cc=$(command -v clang || command -v cc) || exit 99
                    $cc -w -shared -fPIC -o '\(folder("sync.so"))' '\(folder("sync.c"))' || exit 99
                    export SYNC_LOG='\(folder("log"))' \(variables)
                    LD_PRELOAD='\(folder("sync.so"))' exec $0 \(words)
                    """
            ).end()
        }

        @Test func aPositionIsOnTheDiskAfterWhatItStandsForIs() async throws {
            let folder = try TestFolder()
            let copy = try await copy(folder, "")
            #expect(copy.status == 0, "\(copy)")
            var (synced, positions) = (0, 0)
            for line in try folder.text("log").split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 2).map(String.init)
                let size = try #require(Int(words[1]))
                if words[0] == "out.txt" { synced = size }
                guard words[0] == "in.txt.g.pos.new" else { continue }
                let place = try #require(
                    try JSONSerialization.jsonObject(with: Data(words[2].utf8)) as? [String: Any])
                // A line of the one is as long as a line of the other.
                #expect(try #require(place["offset"] as? Int) <= synced, "\(line)")
                positions += 1
            }
            let all = try folder.bytes("in.txt").count
            #expect(positions > 1 && synced == all)
        }

        @Test func whatIsNotOnTheDiskIsNeitherReceivedNorPassed() async throws {
            let folder = try TestFolder()
            let copy = try await copy(folder, "SYNC_FAILS=out.txt")
            #expect(copy.status == 1 && copy.output.contains("received 0,"), "\(copy)")
            #expect(copy.errors.contains("cannot be written to the disk: Input/output error"))
            #expect(try PositionFile(of: folder("in.txt"), group: "g").load() == nil)
            #expect(try folder.bytes("out.txt").isEmpty)
        }
    }
#endif
