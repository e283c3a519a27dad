// swift-tools-version:6.2
import PackageDescription

// What stands in for the packages that a page shows, so that nothing is fetched.
let package = Package(
    name: "StandIns",
    products: [
        .library(name: "Logging", targets: ["Logging"]), .library(name: "Metrics", targets: ["Metrics"]),
        .library(name: "ServiceLifecycle", targets: ["ServiceLifecycle"]),
    ],
    targets: [
        .target(name: "Logging"), .target(name: "Metrics"),
        .target(name: "ServiceLifecycle", dependencies: ["Logging"]),
    ],
    swiftLanguageModes: [.v6]
)
