import SEV
import SecureProcessor

/// The simulated AMD-SP in its directory, as a monitor asks for it.
final class SimulatedPlatform: PlatformAnswers {
  let directory: PlatformDirectory

  /// Seconds to wait for another process that works with the AMD-SP.
  static let patience = 10

  init(_ path: String) throws(LaunchRefusal) {
    do {
      directory = try PlatformDirectory.opened(path: path, orMade: ProcessorModel(), timeout: Self.patience)
    } catch {
      throw .platform(directory: path, reason: error.summary)
    }
  }

  /// A turn at the AMD-SP, for a launch.
  func begin() throws(LaunchRefusal) -> PlatformTransaction {
    do { return try directory.begin() } catch { throw refusal(error) }
  }

  func refusal(_ error: PlatformError) -> LaunchRefusal {
    .platform(directory: directory.path, reason: error.summary)
  }

  /// Fails now rather than in answer to a probe's question: libvirt takes an error there for a host without SEV and
  /// says nothing.
  func requireAnswers() throws(LaunchRefusal) {
    do { _ = try capabilities() } catch { throw .platform(directory: directory.path, reason: error.text) }
  }

  func capabilities() throws(MonitorRefusal) -> SEVCapabilities {
    let processor = try snapshot()
    do {
      let certificates = try processor.pdhCertificateExport()
      return SEVCapabilities(
        pdh: certificates.pdh, certificateChain: certificates.chain, cpu0ID: try processor.getID(),
        cBitPosition: processor.model.cbitPosition, reducedPhysBits: processor.model.reducedPhysicalBits)
    } catch {
      throw .capabilities(error.status)
    }
  }

  private func snapshot() throws(MonitorRefusal) -> SecureProcessor {
    do { return try directory.snapshot() } catch { throw .platform(reason: error.summary) }
  }
}
