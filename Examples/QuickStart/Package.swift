// swift-tools-version:6.2
import PackageDescription

let hub = "swift-messaging-hub"

let package = Package(
    name: "QuickStart",
    dependencies: [.package(name: hub, path: "../..")],
    targets: [
        .executableTarget(
            name: "QuickStart",
            dependencies: [
                .product(name: "Messaging", package: hub), .product(name: "MessagingHub", package: hub),
                .product(name: "InMemoryBroker", package: hub),
            ]),
        .testTarget(
            name: "QuickStartTests",
            dependencies: [
                .product(name: "Messaging", package: hub), .product(name: "MessagingHub", package: hub),
                .product(name: "InMemoryBroker", package: hub), .product(name: "MessagingTesting", package: hub),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
