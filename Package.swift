// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "swift-messaging-hub",
    products: [
        .library(name: "Messaging", targets: ["Messaging"]),
        .library(name: "MessagingHub", targets: ["MessagingHub"]),
        .library(name: "MessagingTesting", targets: ["MessagingTesting"]),
        .library(name: "InMemoryBroker", targets: ["InMemoryBroker"]),
        .executable(name: "hub", targets: ["hub"]),
    ],
    targets: [
        .target(name: "Messaging"),
        .target(name: "MessagingReliability", dependencies: ["Messaging"]),
        .target(name: "CYAML", linkerSettings: [.linkedLibrary("yaml")]),
        .target(name: "MessagingHub", dependencies: ["Messaging", "MessagingReliability", "CYAML"]),
        .target(name: "InMemoryBroker", dependencies: ["Messaging"], path: "Backends/InMemory/InMemoryBroker"),
        .target(name: "RabbitMQBroker", dependencies: ["Messaging"], path: "Backends/RabbitMQ/RabbitMQBroker"),
        .target(name: "KafkaBroker", dependencies: ["Messaging"], path: "Backends/Kafka/KafkaBroker"),
        .target(name: "RedisBroker", dependencies: ["Messaging"], path: "Backends/Redis/RedisBroker"),
        .target(name: "NATSBroker", dependencies: ["Messaging"], path: "Backends/NATS/NATSBroker"),
        .target(name: "EmbeddedBroker", dependencies: ["Messaging"], path: "Backends/Embedded/EmbeddedBroker"),
        .target(
            name: "MessagingTesting",
            dependencies: ["Messaging", "MessagingReliability", "MessagingHub", "InMemoryBroker"]),
        .executableTarget(
            name: "hub",
            dependencies: [
                "Messaging", "MessagingReliability", "MessagingHub", "MessagingTesting", "InMemoryBroker",
                "RabbitMQBroker", "KafkaBroker", "RedisBroker", "NATSBroker", "EmbeddedBroker",
            ]),
        .testTarget(name: "MessagingTests", dependencies: ["Messaging", "MessagingTesting"]),
        .testTarget(
            name: "MessagingReliabilityTests", dependencies: ["Messaging", "MessagingReliability", "MessagingTesting"]),
        .testTarget(
            name: "MessagingHubTests",
            dependencies: [
                "Messaging", "MessagingReliability", "MessagingHub", "MessagingTesting", "InMemoryBroker",
                "RabbitMQBroker", "KafkaBroker", "RedisBroker", "NATSBroker", "EmbeddedBroker",
            ]),
        .testTarget(
            name: "MessagingTestingTests",
            dependencies: [
                "Messaging", "MessagingReliability", "MessagingHub", "MessagingTesting", "InMemoryBroker",
                "RabbitMQBroker", "KafkaBroker", "RedisBroker", "NATSBroker", "EmbeddedBroker",
            ]),
        .testTarget(name: "InMemoryBrokerTests", dependencies: ["Messaging", "MessagingTesting", "InMemoryBroker"]),
        .testTarget(
            name: "hubTests", dependencies: ["Messaging", "MessagingHub", "MessagingTesting", "InMemoryBroker", "hub"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.name != "CYAML" {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
