import Foundation
import SEV
import SecureProcessor
import Testing

@Suite("The platform's lock") struct LockTests {
  @Test func `a transaction keeps others out for its time and no longer`() throws {
    let platform = try Platform()
    do {
      let transaction = try platform.open().begin()
      let error = #expect(throws: PlatformError.self) { _ = try platform.open(timeout: 0).begin() }
      guard case .locked(let file, let holder, let seconds)? = error else {
        Issue.record("another error: \(String(describing: error))")
        return
      }
      #expect(file.hasSuffix("/lock") && seconds == 0)
      #expect(holder == nil || holder == getpid())
      _ = consume transaction
    }
    _ = try platform.open(timeout: 0).begin()
  }

  @Test func `a snapshot does not wait`() throws {
    let platform = try Platform()
    let transaction = try platform.open().begin()
    #expect(try platform.open(timeout: 0).snapshot().platformStatus().guestCount == 0)
    _ = consume transaction
  }

  @Test func `eight threads with an instance each lose no launch`() throws {
    let platform = try Platform()
    let failures = Failures()
    let path = platform.path
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      do {
        let directory = try PlatformDirectory(path: path, timeout: 60)
        for _ in 0..<10 {
          var transaction = try directory.begin()
          _ = try Platform.launch(&transaction.processor)
          try transaction.commit()
        }
      } catch {
        failures.add("\(error)")
      }
    }
    #expect(failures.all == [])
    #expect(try platform.open().snapshot().platformStatus().guestCount == 80)
    #expect(try platform.folder.names("platform/guests").count == 80)
  }

  @Test func `what a killed writer left is swept`() throws {
    let platform = try Platform()
    _ = try platform.launch()
    let left = ["temporary", "guests/temporary", "guests/0002.context", "guests/0777.owner", "guests/what"]
    for name in left {
      let made = FileManager.default.createFile(
        atPath: platform.path + "/" + name, contents: Data([1]), attributes: [.posixPermissions: 0o600])
      #expect(made)
    }
    _ = try platform.open().begin()
    #expect(
      try platform.folder.names("platform")
        == ["ask_ark.cert", "cek.cert", "chip", "guests", "lock", "platform"])
    #expect(try platform.folder.names("platform/guests") == ["0001.context"])
  }
}

final class Failures: @unchecked Sendable {
  private let lock = NSLock()
  private var texts: [String] = []

  func add(_ text: String) { lock.withLock { texts.append(text) } }
  var all: [String] { lock.withLock { texts } }
}
