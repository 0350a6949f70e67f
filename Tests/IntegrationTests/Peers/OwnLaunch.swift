import Bytes
import CVMCrypto
import Foundation
import SEV
import TestHarness
import Testing

/// A launch as our own library predicts it, written out for a peer to judge.
struct OwnLaunch {
  /// What is launched; the names of its cases stand in the tests' output.
  struct Shape: CustomTestStringConvertible {
    var policy: UInt32
    var withKernel: Bool
    var vcpus: Int
    var generation = VMSAGeneration.initial

    var testDescription: String {
      "policy \(policy), \(withKernel ? "kernel hashes" : "firmware alone"), \(vcpus) vCPUs"
    }

    static let all = [UInt32(3), 7].flatMap { policy in
      [false, true].flatMap { kernel in
        [1, 4].map { Shape(policy: policy, withKernel: kernel, vcpus: $0) }
      }
    }
  }

  let keys: TransportKeys
  let measurement: LaunchMeasurement
  let arguments: ValidatorArguments

  init(_ shape: Shape, in directory: ScratchDirectory) throws {
    let image = try GuestImage(in: directory)
    let boot = shape.withKernel ? image.boot("with", "words") : nil
    let milan = try #require(CPUSignature(model: "EPYC-Milan"))
    let policy = SEVPolicy(rawValue: shape.policy)
    let digest = try SEVLaunchDigest.compute(
      firmware: MeasuredFirmware(parsing: try Self.bytes(image.firmware)),
      kernel: try boot.map {
        try KernelHashes(
          kernel: try Self.bytes($0.kernel), initrd: try Self.bytes($0.initrd), commandLine: $0.commandLine)
      },
      vcpus: policy.es
        ? MeasuredVCPUs(count: shape.vcpus, signature: milan, generation: shape.generation) : nil)
    keys = try TransportKeys(tek: .random(16), tik: .random(16))
    measurement = try LaunchMeasurement.compute(
      apiMajor: 1, apiMinor: 55, build: 21, policy: policy, digest: digest, nonce: Random.bytes(16),
      tik: keys.tik)
    arguments = ValidatorArguments(
      measurement: Base64.encode(measurement.serialized()), apiMajor: 1, apiMinor: 55, buildID: 21,
      policy: shape.policy, firmware: image.firmware, boot: boot,
      vcpus: policy.es ? (shape.vcpus, milan.family, milan.model, milan.stepping) : nil,
      tik: try directory.write(Self.data(keys.tik), to: "tik.bin", mode: 0o600),
      tek: try directory.write(Self.data(keys.tek), to: "tek.bin", mode: 0o600))
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  static func data(_ secret: SecretBytes) -> Data { secret.withBytes { unsafe Data($0) } }
}
