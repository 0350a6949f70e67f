/// Why a test could not do what it set out to: the machine or the harness, not the claim under test.
package struct HarnessError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
