// swift-tools-version: 6.2
import PackageDescription

// The floors of the house: a target imports only from lower floors (Sources/README.md).
// `make lint` holds this list against the import lines of the sources.

let strict = Context.environment["CI"] == "true"

let house: [SwiftSetting] =
  [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    // Each function can then be put in its place: see `quickStart`.
    .unsafeFlags(["-Xfrontend", "-function-sections"], .when(platforms: [.linux], configuration: .release)),
  ] + (strict ? [.treatAllWarnings(as: .error)] : [])

/// What a start costs is mostly pages touched. Release binaries carry their own libstdc++ (`make` links the archive into
/// `.build/static-cxx`), export nothing, have packed relocations, and the functions of a start side by side.
let quickStart: [LinkerSetting] = [
  .unsafeFlags(
    [
      "-L.build/static-cxx", "-use-ld=lld", "-Xlinker", "--no-export-dynamic",
      "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker", "--no-warn-symbol-ordering",
      "-Xlinker", "--symbol-ordering-file=\(Context.packageDirectory)/bench/startup.order",
    ], .when(platforms: [.linux], configuration: .release))
]

func floor(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: house)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

let package = Package(
  name: "cvmctl",
  products: [
    .executable(name: "cvmctl", targets: ["cvmctl"]),
    .executable(name: "cvm-qemu", targets: ["cvm-qemu"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
  ],
  targets: [
    // Floor 0: C.
    .target(name: "CLibvirt", linkerSettings: [.linkedLibrary("dl")]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
    .target(name: "CLinux"),
    .target(name: "CPKCS11", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CTPM", linkerSettings: [.linkedLibrary("dl")]),

    // Floor 1: bytes, documents, cryptography.
    floor("Bytes", []),
    floor("Documents", ["Bytes", "CYAML", "CExpat"]),
    floor("CVMCrypto", ["Bytes", "COpenSSL", "CLinux"]),
    floor("PostQuantum", ["CVMCrypto", .product(name: "Crypto", package: "swift-crypto")]),

    // Floor 2: AMD's formats and arithmetic.
    floor("SEV", ["Bytes", "CVMCrypto"]),

    // Floor 3.
    floor("SecureProcessor", ["Bytes", "CLinux", "CVMCrypto", "SEV"]),
    floor("Attestation", ["Bytes", "CVMCrypto", "SEV"]),
    floor("StateStore", ["Bytes", "CLinux", "CSQLite", "CVMCrypto", "Documents", "PostQuantum"]),

    // Floor 4.
    floor("Vault", ["Bytes", "CLinux", "CPKCS11", "CTPM", "CVMCrypto", "PostQuantum", "StateStore"]),

    // Floor 5.
    floor(
      "CVMCore",
      [
        "Attestation", "Bytes", "CLinux", "CVMCrypto", "Documents", "PostQuantum", "SEV", "StateStore",
        "Vault",
      ]),

    // Floor 6: the two backends.
    floor("LibvirtBackend", ["Bytes", "CLibvirt", "CLinux", "CVMCore", "Documents", "SEV"]),
    floor(
      "SimulatedBackend",
      ["Bytes", "CLinux", "CVMCore", "CVMCrypto", "Documents", "SEV", "SecureProcessor", "StateStore"]),

    // Floor 7: the programs.
    .executableTarget(
      name: "cvmctl",
      dependencies: [
        "Attestation", "Bytes", "CLinux", "CVMCore", "CVMCrypto", "Documents", "LibvirtBackend", "SEV",
        "SecureProcessor", "SimulatedBackend", "StateStore", "Vault",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: house, linkerSettings: quickStart),
    .executableTarget(
      name: "cvm-qemu",
      dependencies: ["Bytes", "CLinux", "CVMCrypto", "Documents", "SEV", "SecureProcessor"],
      swiftSettings: house, linkerSettings: quickStart),

    tests("BytesTests", ["Bytes"]),
    tests("DocumentsTests", ["Bytes", "Documents"]),
    tests("CVMCryptoTests", ["Bytes", "CVMCrypto"]),
    tests("PostQuantumTests", ["Bytes", "CVMCrypto", "PostQuantum"]),
    tests("SEVTests", ["Bytes", "CVMCrypto", "SEV"]),
    tests("SecureProcessorTests", ["Bytes", "CVMCrypto", "SEV", "SecureProcessor"]),
    tests("AttestationTests", ["Attestation", "Bytes", "CVMCrypto", "SEV", "SecureProcessor"]),
    tests("StateStoreTests", ["Bytes", "CSQLite", "CVMCrypto", "Documents", "PostQuantum", "StateStore"]),
    tests("VaultTests", ["Bytes", "CVMCrypto", "Documents", "PostQuantum", "StateStore", "Vault"]),
    tests(
      "CVMCoreTests",
      [
        "Attestation", "Bytes", "CVMCore", "CVMCrypto", "Documents", "PostQuantum", "SEV", "StateStore",
        "TestHarness", "Vault",
      ]),
    tests("LibvirtBackendTests", ["Bytes", "CLibvirt", "CLinux", "CVMCore", "Documents", "LibvirtBackend"]),
    tests(
      "SimulatedBackendTests",
      [
        "BackendContract", "Bytes", "CVMCore", "CVMCrypto", "Documents", "SEV", "SecureProcessor",
        "SimulatedBackend",
      ]),
    tests("CVMQEMUTests", ["Bytes", "CVMCrypto", "cvm-qemu", "SEV", "SecureProcessor"]),
    // What the tests of whole programs share: running programs, a private libvirtd, a bootable guest.
    .target(name: "TestHarness", dependencies: ["CLinux"], path: "Tests/TestHarness", swiftSettings: house),
    // What every launch backend promises: run over both of them.
    .target(
      name: "BackendContract", dependencies: ["Bytes", "CVMCore", "CVMCrypto", "SEV"],
      path: "Tests/BackendContract",
      swiftSettings: house),
    tests("CommandTests", ["Bytes", "CSQLite", "CVMCrypto", "StateStore", "TestHarness", "Vault"]),
    tests("DocumentationTests", ["Bytes", "TestHarness"]),
    tests(
      "IntegrationTests",
      ["BackendContract", "Bytes", "CVMCore", "CVMCrypto", "LibvirtBackend", "SEV", "TestHarness"]),
  ],
  swiftLanguageModes: [.v6]
)
