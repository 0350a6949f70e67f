import SEV
import Testing

@testable import cvm_qemu

@Suite("vCPUs of a command line") struct ProcessorPlanTests {
  private func plan(_ arguments: String...) throws -> ProcessorPlan {
    try ProcessorPlan(QEMUArguments(texts: arguments))
  }

  @Test(arguments: [
    ("1", 1), ("4,sockets=1,cores=4", 4), ("cpus=2,maxcpus=8", 2), ("maxcpus=3", 3),
    ("sockets=2,cores=3,threads=2", 12), ("0x2", 2),
  ]) func `counts them by QEMU's rule`(_ smp: String, _ count: Int) throws {
    #expect(try plan("-smp", smp).count == count)
  }

  @Test(arguments: ["0", "4097", "-1", "x", "99999999999999999999", "sockets=4096,cores=4096", "sockets=0"])
  func `refuses impossible numbers`(_ smp: String) {
    #expect(throws: LaunchRefusal.badProcessorCount) { try plan("-smp", smp) }
  }

  @Test func `counts vCPUs that are devices`() throws {
    let device = #"{"driver":"qemu64-x86_64-cpu","id":"vcpu1","core-id":0,"thread-id":0,"socket-id":1}"#
    #expect(try plan("-smp", "1,maxcpus=2", "-device", device).count == 2)
  }

  @Test func `knows the signatures of qemu64 and of AMD's models`() throws {
    #expect(try plan().signature == CPUSignature(rawValue: 0x0006_0FB1))
    #expect(try plan("-cpu", "EPYC-Milan-v2,+invtsc").signature == CPUSignature(rawValue: 0x00A0_0F11))
    #expect(try plan("-cpu", "max").signature == nil)
    #expect(try plan("-cpu", "host").signature == nil)
    #expect(try plan("-cpu", "EPYC,model=3").signature == nil)
    #expect(try plan("-cpu", "EPYC,model=3").model == "EPYC")
  }
}
