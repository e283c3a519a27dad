// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "swift-messaging-hub", path: "..")],
    targets: [
        .executableTarget(
            name: "seam",
            dependencies: [
                .product(name: "Messaging", package: "swift-messaging-hub"),
                .product(name: "InMemoryBroker", package: "swift-messaging-hub"),
            ]),
        .executableTarget(
            name: "whole",
            dependencies: [
                .product(name: "Messaging", package: "swift-messaging-hub"),
                .product(name: "MessagingHub", package: "swift-messaging-hub"),
                .product(name: "InMemoryBroker", package: "swift-messaging-hub"),
            ]),
        .target(
            name: "Idle", dependencies: [.product(name: "Messaging", package: "swift-messaging-hub")],
            path: "Sources/idle"),
        .executableTarget(
            name: "layers",
            dependencies: [
                "Idle",
                .product(name: "Messaging", package: "swift-messaging-hub"),
                .product(name: "MessagingHub", package: "swift-messaging-hub"),
            ]),
        .executableTarget(
            name: "telemetry",
            dependencies: [
                "Idle",
                .product(name: "Messaging", package: "swift-messaging-hub"),
                .product(name: "MessagingHub", package: "swift-messaging-hub"),
            ]),
        .executableTarget(
            name: "patterns",
            dependencies: [
                "Idle",
                .product(name: "Messaging", package: "swift-messaging-hub"),
                .product(name: "MessagingHub", package: "swift-messaging-hub"),
            ]),
        .target(name: "CHeap"),
        .executableTarget(
            name: "subscriptions",
            dependencies: [
                "CHeap",
                .product(name: "Messaging", package: "swift-messaging-hub"),
                .product(name: "MessagingHub", package: "swift-messaging-hub"),
                .product(name: "InMemoryBroker", package: "swift-messaging-hub"),
            ]),
        .target(name: "CRabbitMQTwin", linkerSettings: [.linkedLibrary("rabbitmq")]),
        .executableTarget(
            name: "rabbitmq",
            dependencies: [
                "CRabbitMQTwin",
                .product(name: "Messaging", package: "swift-messaging-hub"),
                .product(name: "RabbitMQBroker", package: "swift-messaging-hub"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where !["CHeap", "CRabbitMQTwin"].contains(target.name) {
    target.swiftSettings = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]
}
