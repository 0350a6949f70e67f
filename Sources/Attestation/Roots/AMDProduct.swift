/// A generation of EPYC processors, by AMD's name.
package enum AMDProduct: String, Sendable, CaseIterable {
  case naples, rome, milan, genoa, turin
}
