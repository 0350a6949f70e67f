import CVMCore
import Foundation
import Glibc
import LibvirtBackend
import TestHarness

/// A defined guest that boots nothing, on a private libvirtd.
final class BackendGuest: Sendable {
  let libvirtd: PrivateLibvirtd
  let uuid: GuestUUID
  /// The stored definition.
  let xml: String

  init(_ libvirtd: PrivateLibvirtd, name: String = "web1", emulator: String? = nil) throws {
    self.libvirtd = libvirtd
    let backend = try Self.backend(libvirtd)
    let document = GuestDocument(name: name, emulator: emulator ?? libvirtd.emulatorPath)
    uuid = try backend.define(xml: document.xml).uuid
    xml = try backend.domainXML(uuid, .inactive)
  }

  static func backend(
    _ libvirtd: PrivateLibvirtd, by way: Way = .socket, readOnly: Bool = false, timeout: Int = 30
  ) throws -> LibvirtBackend {
    let backend = try LibvirtBackend(uri: libvirtd.uri, readOnly: readOnly, timeout: timeout)
    // Only libvirt.so knows its version; from then on everything goes over it.
    if way == .library { _ = try backend.version() }
    guard backend.usesLibrary == (way == .library) else { throw HarnessError("not by the \(way)") }
    return backend
  }

  /// What libvirt says by a connection of its own.
  func state() throws -> GuestState? { try Self.backend(libvirtd).guest(uuid) }
}

/// How a daemon on this machine is called.
enum Way: CaseIterable, Sendable {
  case socket, library
}

/// A script that stands where libvirt looks for an emulator: it answers the probe as QEMU does, and instead
/// of starting a guest waits for `seconds` before it becomes QEMU. It waits in the shell itself, so that
/// ending it leaves nothing.
func slowEmulator(in directory: ScratchDirectory, seconds: Int) throws -> String {
  let script = """
    #!/bin/bash
    case " $* " in *" guest="*) read -r -t \(seconds) _ <> <(:) ;; esac
    exec /usr/bin/qemu-system-x86_64 "$@"
    """
  return try directory.write(script, to: "bin/slow-emulator", mode: 0o755)
}

/// Seconds that `body` takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try body()
  return Double((ContinuousClock.now - start).components.seconds)
    + Double((ContinuousClock.now - start).components.attoseconds) / 1e18
}

/// Runs `body` on a thread of its own after `milliseconds`; `join` waits for it.
final class Later: @unchecked Sendable {
  private let done = DispatchSemaphore(value: 0)

  init(milliseconds: Int, _ body: @escaping @Sendable () -> Void) {
    Thread.detachNewThread {
      usleep(UInt32(milliseconds * 1000))
      body()
      self.done.signal()
    }
  }

  func join() { done.wait() }
}
