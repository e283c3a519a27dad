// swift-tools-version:6.2
import PackageDescription

let hub = "swift-messaging-hub"

// The programs of the pages in docs, word for word, each in a file of the name of its page.
let package = Package(
    name: "Pages",
    dependencies: [.package(name: hub, path: "../.."), .package(path: "StandIns")],
    targets: [
        .executableTarget(
            name: "Pages",
            dependencies: [
                .product(name: "Messaging", package: hub), .product(name: "MessagingHub", package: hub),
                .product(name: "InMemoryBroker", package: hub), .product(name: "MessagingTesting", package: hub),
                .product(name: "Logging", package: "StandIns"), .product(name: "Metrics", package: "StandIns"),
                .product(name: "ServiceLifecycle", package: "StandIns"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
