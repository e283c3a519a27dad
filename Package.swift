// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "swift-messaging-hub",
    products: [
        .library(name: "Messaging", targets: ["Messaging"]),
        .library(name: "MessagingHub", targets: ["MessagingHub", "MessagingReliability"]),
        .library(name: "MessagingCodecs", targets: ["MessagingCodecs"]),
        .library(name: "MessagingTesting", targets: ["MessagingTesting"]),
        .library(name: "MessagingFaults", targets: ["MessagingFaults"]),
        .library(name: "InMemoryBroker", targets: ["InMemoryBroker"]),
        .library(name: "RabbitMQBroker", targets: ["RabbitMQBroker"]),
        .library(name: "KafkaBroker", targets: ["KafkaBroker"]),
        .library(name: "RedisBroker", targets: ["RedisBroker"]),
        .library(name: "NATSBroker", targets: ["NATSBroker"]),
        .library(name: "EmbeddedBroker", targets: ["EmbeddedBroker"]),
        .executable(name: "hub", targets: ["hub"]),
    ],
    // A trait gates what the build needs beyond libyaml. A backend that stands on libevent enables EventLoop with its own.
    traits: [
        .trait(name: "EventLoop", description: "libevent and OpenSSL: server processes and faults for tests"),
        .trait(name: "Compression", description: "zlib and zstd: compressed files"),
        .trait(name: "RabbitMQ", description: "librabbitmq: the backend for RabbitMQ", enabledTraits: ["EventLoop"]),
        .default(enabledTraits: ["EventLoop", "Compression", "RabbitMQ"]),
    ],
    targets: [
        .target(name: "Messaging"),
        .target(name: "MessagingReliability", dependencies: ["Messaging"]),
        .target(name: "CYAML", linkerSettings: [.linkedLibrary("yaml")]),
        .target(name: "MessagingHub", dependencies: ["Messaging", "MessagingReliability", "CYAML"]),
        .target(
            name: "CZlib", cSettings: [.define("CZLIB_IS_NEEDED", .when(traits: ["Compression"]))],
            linkerSettings: [.linkedLibrary("z", .when(traits: ["Compression"]))]),
        .target(
            name: "CZstd", cSettings: [.define("CZSTD_IS_NEEDED", .when(traits: ["Compression"]))],
            linkerSettings: [.linkedLibrary("zstd", .when(traits: ["Compression"]))]),
        .target(name: "MessagingCodecs", dependencies: ["Messaging", "CZlib", "CZstd"]),
        .target(name: "InMemoryBroker", dependencies: ["Messaging"], path: "Backends/InMemory/InMemoryBroker"),
        .target(
            name: "CRabbitMQ", path: "Backends/RabbitMQ/CRabbitMQ",
            cSettings: [.define("CRABBITMQ_IS_NEEDED", .when(traits: ["RabbitMQ"]))],
            linkerSettings: [.linkedLibrary("rabbitmq", .when(traits: ["RabbitMQ"]))]),
        .target(
            name: "RabbitMQBroker", dependencies: ["Messaging", "EventLoop", "CRabbitMQ"],
            path: "Backends/RabbitMQ/RabbitMQBroker"),
        .target(name: "KafkaBroker", dependencies: ["Messaging"], path: "Backends/Kafka/KafkaBroker"),
        .target(name: "RedisBroker", dependencies: ["Messaging"], path: "Backends/Redis/RedisBroker"),
        .target(name: "NATSBroker", dependencies: ["Messaging"], path: "Backends/NATS/NATSBroker"),
        .target(name: "EmbeddedBroker", dependencies: ["Messaging"], path: "Backends/Embedded/EmbeddedBroker"),
        .target(
            name: "CEvent", path: "Backends/EventLoop/CEvent",
            cSettings: [.define("CEVENT_IS_NEEDED", .when(traits: ["EventLoop"]))],
            linkerSettings: ["event_core", "event_openssl", "ssl", "crypto"].map {
                .linkedLibrary($0, .when(traits: ["EventLoop"]))
            }),
        .target(name: "EventLoop", dependencies: ["CEvent"], path: "Backends/EventLoop/EventLoop"),
        .target(
            name: "MessagingTesting",
            dependencies: ["Messaging", "MessagingReliability", "MessagingHub", "InMemoryBroker"]),
        .target(
            name: "MessagingFaults", dependencies: ["Messaging", "MessagingTesting", "EventLoop"]),
        .executableTarget(
            name: "hub",
            dependencies: [
                "Messaging", "MessagingReliability", "MessagingHub", "MessagingCodecs", "MessagingTesting",
                "InMemoryBroker", "RabbitMQBroker", "KafkaBroker", "RedisBroker", "NATSBroker", "EmbeddedBroker",
            ]),
        .testTarget(name: "MessagingTests", dependencies: ["Messaging", "MessagingTesting"]),
        .testTarget(
            name: "MessagingReliabilityTests", dependencies: ["Messaging", "MessagingReliability", "MessagingTesting"]),
        .testTarget(name: "MessagingCodecsTests", dependencies: ["Messaging", "MessagingCodecs"]),
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
            name: "RabbitMQBrokerTests",
            dependencies: [
                "Messaging", "MessagingReliability", "MessagingHub", "MessagingTesting", "MessagingFaults",
                "InMemoryBroker",
                "EventLoop", "RabbitMQBroker", "peer",
            ]),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop", "Messaging", "MessagingTesting"]),
        .executableTarget(
            name: "peer",
            dependencies: ["Messaging", "MessagingHub", "MessagingTesting", "InMemoryBroker", "RabbitMQBroker"],
            path: "Tests/peer"),
        .testTarget(
            name: "MessagingFaultsTests",
            dependencies: ["Messaging", "MessagingTesting", "EventLoop", "MessagingFaults", "peer"]),
        .testTarget(
            name: "hubTests",
            dependencies: [
                "Messaging", "MessagingHub", "MessagingTesting", "MessagingFaults", "InMemoryBroker", "RabbitMQBroker",
                "hub",
            ]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where !["CYAML", "CZlib", "CZstd", "CEvent", "CRabbitMQ"].contains(target.name) {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
