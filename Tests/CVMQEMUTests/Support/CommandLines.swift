@testable import cvm_qemu

/// Command lines as libvirt 9.0 writes them (Debian 12, seen in the domain's log).
enum CommandLines {
  static let object = #"{"qom-type":"sev-guest","id":"lsec0","cbitpos":51,"reduced-phys-bits":1,"policy":1}"#

  /// A guest with pflash firmware; `object` and `extra` can be changed.
  static func guest(object: String = object, extra: [String] = []) -> [String] {
    [
      "-name", "guest=sev1,debug-threads=on", "-S",
      "-object", #"{"qom-type":"secret","id":"masterKey0","format":"raw","file":"/var/lib/master-key.aes"}"#,
      "-blockdev",
      #"{"driver":"file","filename":"/usr/share/OVMF/OVMF_CODE.fd","node-name":"libvirt-pflash0-storage","auto-read-only":true,"discard":"unmap"}"#,
      "-blockdev",
      #"{"node-name":"libvirt-pflash0-format","read-only":true,"driver":"raw","file":"libvirt-pflash0-storage"}"#,
      "-machine",
      "pc-q35-7.2,usb=off,dump-guest-core=off,memory-backend=pc.ram,confidential-guest-support=lsec0,pflash0=libvirt-pflash0-format",
      "-accel", "tcg", "-cpu", "qemu64", "-m", "256",
      "-object", #"{"qom-type":"memory-backend-ram","id":"pc.ram","size":268435456}"#,
      "-overcommit", "mem-lock=off", "-smp", "1,sockets=1,cores=1,threads=1",
      "-uuid", "8f0752f4-4131-437c-b071-12cbe79d4e3c", "-display", "none", "-no-user-config", "-nodefaults",
      "-chardev", "socket,id=charmonitor,fd=28,server=on,wait=off",
      "-mon", "chardev=charmonitor,id=monitor,mode=control", "-rtc", "base=utc", "-no-shutdown",
      "-boot", "strict=on", "-add-fd", "set=0,fd=25,opaque=serial0-source",
      "-chardev", "file,id=charserial0,path=/dev/fdset/0,append=on",
      "-device", #"{"driver":"isa-serial","chardev":"charserial0","id":"serial0","index":0}"#,
      "-audiodev", #"{"id":"audio1","driver":"none"}"#, "-object", object,
      "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
      "-msg", "timestamp=on",
    ] + extra
  }

  /// The probe for an emulator's capabilities.
  static let probe = [
    "-S", "-no-user-config", "-nodefaults", "-nographic", "-machine", "none,accel=kvm:tcg", "-qmp",
    "unix:/var/lib/libvirt/qemu/qmp-ABCDEF/qmp.monitor,server=on,wait=off", "-pidfile",
    "/var/lib/libvirt/qemu/qmp-ABCDEF/qmp.pid", "-daemonize",
  ]

  /// One argument in the place of another.
  static func guest(replacing old: String, by new: String) -> [String] {
    guest().map { $0 == old ? new : $0 }
  }

  static func guest(without option: String) -> [String] {
    var arguments = guest()
    guard let position = arguments.firstIndex(of: option) else { return arguments }
    arguments.removeSubrange(position...(position + 1))
    return arguments
  }

  static func plan(_ arguments: [String]) throws -> GuestPlan {
    guard case .guest(let plan) = try Invocation(QEMUArguments(texts: arguments)) else {
      throw Missing()
    }
    return plan
  }

  struct Missing: Error {}

  /// Why a command line is refused; nil if it is not.
  static func refusal(_ arguments: [String]) -> LaunchRefusal? {
    do {
      _ = try Invocation(QEMUArguments(texts: arguments))
      return nil
    } catch {
      return error
    }
  }
}

extension QEMUArguments {
  /// For comparison in tests.
  var texts: [String] { arguments.map { String(decoding: $0, as: UTF8.self) } }
}
