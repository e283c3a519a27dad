// swift-tools-version:6.2
import PackageDescription

let hub = "swift-messaging-hub"

let package = Package(
    name: "RequestReply",
    dependencies: [.package(name: hub, path: "../..")],
    targets: [
        .executableTarget(
            name: "RequestReply",
            dependencies: [
                .product(name: "Messaging", package: hub), .product(name: "MessagingHub", package: hub),
                .product(name: "InMemoryBroker", package: hub),
            ])
    ],
    swiftLanguageModes: [.v6]
)
