// swift-tools-version:6.2
import PackageDescription

let hub = "swift-messaging-hub"

let package = Package(
    name: "OrderService",
    dependencies: [.package(name: hub, path: "../..")],
    targets: [
        .target(
            name: "Orders",
            dependencies: [.product(name: "Messaging", package: hub), .product(name: "MessagingHub", package: hub)]),
        .executableTarget(
            name: "OrderService",
            dependencies: [
                "Orders", .product(name: "Messaging", package: hub), .product(name: "MessagingHub", package: hub),
                .product(name: "InMemoryBroker", package: hub),
            ]),
        .testTarget(
            name: "OrdersTests",
            dependencies: [
                "Orders", .product(name: "Messaging", package: hub), .product(name: "MessagingHub", package: hub),
                .product(name: "InMemoryBroker", package: hub), .product(name: "MessagingTesting", package: hub),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
