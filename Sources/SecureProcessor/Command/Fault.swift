import CVMCrypto
import SEV

/// Maps what goes wrong below the AMD-SP to AMD's status codes: memory that is not there is a bad address, a
/// broken random source, cryptographic unit or memory file is broken hardware.
func hardware<R>(_ body: () throws(CryptoError) -> R) throws(CommandFailure) -> R {
  do { return try body() } catch { throw CommandFailure(.hardwareErrorPlatform) }
}

func onMemory<R>(_ body: () throws(MemoryFault) -> R) throws(CommandFailure) -> R {
  do {
    return try body()
  } catch .unmapped {
    throw CommandFailure(.invalidAddress)
  } catch {
    throw CommandFailure(.hardwareErrorPlatform)
  }
}
