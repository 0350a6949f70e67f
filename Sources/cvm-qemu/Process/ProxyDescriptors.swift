import Glibc

/// The descriptors that the proxy inherits, by number: 3 request, 4 life pipe, 5 report pipe, then the monitor's listener
/// and the way to QEMU's (with a monitor), then the guest's memory (with a guest).
struct ProxyDescriptors {
  static let first: Int32 = 3

  /// `ProxyRequest`, in anonymous memory, at its start.
  let request: Descriptor
  /// Read end; QEMU holds the other.
  let life: Descriptor
  /// Write end: how the launch went.
  let report: Descriptor
  let monitor: Monitor?
  let memory: Descriptor?

  struct Monitor {
    let listener: Descriptor
    let qemuAddress: Descriptor
  }

  var ordered: [Descriptor] {
    [request, life, report] + (monitor.map { [$0.listener, $0.qemuAddress] } ?? [])
      + (memory.map { [$0] } ?? [])
  }

  init(request: Descriptor, life: Descriptor, report: Descriptor, monitor: Monitor?, memory: Descriptor?) {
    self.request = request
    self.life = life
    self.report = report
    self.monitor = monitor
    self.memory = memory
  }

  /// Takes over what `ordered` gave to this process; nil if the numbers do not fit a request.
  init?(inherited: [Descriptor], withMonitor: Bool, withMemory: Bool) {
    guard inherited.count == 3 + (withMonitor ? 2 : 0) + (withMemory ? 1 : 0) else { return nil }
    let monitor = withMonitor ? Monitor(listener: inherited[3], qemuAddress: inherited[4]) : nil
    self.init(
      request: inherited[0], life: inherited[1], report: inherited[2], monitor: monitor,
      memory: withMemory ? inherited.last : nil)
  }

  /// The descriptors from 3 on, as far as they are open.
  static func inherited() -> [Descriptor] {
    var found: [Descriptor] = []
    var number = first
    while fcntl(number, F_GETFD) >= 0 {
      found.append(Descriptor(owning: number))
      number += 1
    }
    return found
  }
}
