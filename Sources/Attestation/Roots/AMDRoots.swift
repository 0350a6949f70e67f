package import SEV

private import Bytes

/// AMD's SEV root (ARK) and signing (ASK) keys, each pinned by the SHA-256 of its modulus (big-endian
/// bytes). A KEY_ID pins nothing: anyone can write one. The certificates themselves come with the
/// evidence. Source: the `ask_ark_<product>.cert` files that AMD publishes; every one of the ten
/// signatures was verified.
package enum AMDRoots {
  package struct Pin: Equatable, Sendable {
    package let product: AMDProduct
    /// `.ark` or `.ask`.
    package let usage: CertificateUsage
    /// SHA-256 of the modulus.
    package let modulus: [UInt8]
  }

  package static let pins: [Pin] = [
    pin(.naples, .ark, "5f452a21949dbb87cf60a8d02278b74a63ba40d4420a47ac34463c43de6a8379"),
    pin(.naples, .ask, "86881fa72a0eb4c7b2b506abd070a2369eadf2e6d497dbf38256d2a015a5611f"),
    pin(.rome, .ark, "f16657b74dd870045b040ea20583f098018e5b2f98ecff99c9f6fefdc5ecb2ca"),
    pin(.rome, .ask, "dccf69ca108daadbb1bc37c214258f482e6c023bdaa2b81ae75259bcb66755a7"),
    pin(.milan, .ark, "857596e66a0dc486d69f4459554c56f96c3f83f3365984650d1aab5f7b215b2a"),
    pin(.milan, .ask, "4c4aa0621c9f55375c97827ce1ef8c11f00e875401597c36fd75308e24d9b2b5"),
    pin(.genoa, .ark, "33f0787614fd429b048d621d962950df6147063ce5c21410c6b7fa1431a6cea2"),
    pin(.genoa, .ask, "2572882bec91e10b46aa6fd60652c296b6cd52abf5a0716b8073a54749276ad4"),
    pin(.turin, .ark, "10d484faa35104292e927402d98ea13b3244b3a8fa4ccbe41fcf5573dd9efa19"),
    pin(.turin, .ask, "17c9404ab8b2885dc9249df2a3c4c8cabde44f79ce1386fd3f3bd687baab6db9"),
  ]

  /// A misspelt digest decodes to nothing and then matches no key.
  private static func pin(_ product: AMDProduct, _ usage: CertificateUsage, _ digest: String) -> Pin {
    Pin(product: product, usage: usage, modulus: Hex.decode(digest) ?? [])
  }
}
