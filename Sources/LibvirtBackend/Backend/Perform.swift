internal import CVMCore
private import Glibc

/// What could be learned of an act whose answer never came.
enum Fate<Value: Sendable>: Sendable {
  case done(Value)
  /// It did not happen, and will not.
  case undone
  case unknown
}

extension LibvirtBackend {
  /// Does something that changes a guest, once: it is never sent again.
  ///
  /// Where the connection ends before the answer, `fate` is asked over a new connection (a restarting daemon
  /// is waited for): `.done` is success, `.undone` throws `.unreachable`, anything else `.outcomeUnknown`.
  /// Where the answer does not come in time, the rest of the time limit is used in the same way; what is not
  /// known to be done then may still happen, so it is `.outcomeUnknown`. With `cancelling`, a start that
  /// hangs is ended instead: see `cancel`.
  func perform<Value: Sendable>(
    _ act: Act, on host: any HostConnection, cancelling guest: GuestUUID? = nil,
    _ body: @escaping @Sendable () throws(LibvirtError) -> Value,
    fate: @escaping @Sendable (any HostConnection) throws(LibvirtError) -> Fate<Value>
  ) throws(BackendError) -> Value {
    guard !act.deadline.isOver else { throw act.timedOut() }
    let call: Call<Value>
    do throws(LibvirtError) { call = try Call(body) } catch { throw BackendError(error, in: act) }
    switch call.answer(until: act.deadline.adding(milliseconds: -reserve(act))) {
    case .success(let value):
      keep(host)
      return value
    case .failure(let error) where error.isNoAnswer:
      drop(host)
      return try settle(act, error.message, fate)
    case .failure(let error):
      keep(host)
      throw BackendError(error, in: act)
    case nil:
      drop(host)
      if let guest { return try cancel(act, call, guest) }
      return try lookInto(act, call, fate)
    }
  }

  /// Milliseconds of the time left that are kept for learning what became of an act: a quarter, at most 5 s.
  /// Cancelling a start takes libvirt about 0.2 s.
  private func reserve(_ act: Act) -> Int { min(Int(act.deadline.millisecondsLeft) / 4, 5_000) }

  /// Milliseconds for a daemon to come back: it takes half a second, on a busy machine several.
  private static let patience = 15_000
  /// Milliseconds between two looks.
  private static let pause = 50

  /// The connection ended: the daemon is gone, or the way to it.
  private func settle<Value: Sendable>(
    _ act: Act, _ reason: String,
    _ fate: @escaping @Sendable (any HostConnection) throws(LibvirtError) -> Fate<Value>
  ) throws(BackendError) -> Value {
    var looking = act
    looking.deadline = min(act.deadline, .after(milliseconds: Self.patience))
    while !looking.deadline.isOver {
      switch learn(looking, fate) {
      case .done(let value): return value
      case .undone: throw .unreachable(uri: uri, reason: "\(reason); '\(act.name)' did not happen")
      case .unknown: throw act.unknown(reason)
      case nil: usleep(UInt32(Self.pause * 1000))
      }
    }
    throw act.unknown(reason)
  }

  /// The daemon does not answer in time.
  private func lookInto<Value: Sendable>(
    _ act: Act, _ call: Call<Value>,
    _ fate: @escaping @Sendable (any HostConnection) throws(LibvirtError) -> Fate<Value>
  ) throws(BackendError) -> Value {
    if case .done(let value)? = learn(act, fate) { return value }
    return try ended(act, call.answer(until: act.deadline))
  }

  /// Nil where nothing can be asked (yet).
  private func learn<Value: Sendable>(
    _ act: Act, _ fate: @escaping @Sendable (any HostConnection) throws(LibvirtError) -> Fate<Value>
  ) -> Fate<Value>? {
    guard let host = try? host(act) else { return nil }
    let found = host.outcome(until: act.deadline) { () throws(LibvirtError) in try fate(host) }
    guard case .success(let fate)? = found else {
      drop(host)
      return nil
    }
    keep(host)
    return fate
  }

  /// The answer that came while something else was tried, or that the outcome is unknown.
  private func ended<Value>(_ act: Act, _ answer: Result<Value, LibvirtError>?) throws(BackendError) -> Value
  {
    switch answer {
    case .success(let value): return value
    case .failure(let error) where error.isNoAnswer: throw act.unknown(error.message)
    case .failure(let error): throw BackendError(error, in: act)
    case nil: throw act.unknown("no answer within \(act.seconds) s")
    }
  }

  /// Ends a start that hangs, from another connection: the guest was inactive when the start was sent, so
  /// what is active now is what that start made. Throws `.timeout` once the guest is gone and the start has
  /// ended, `.outcomeUnknown` otherwise; an answer that comes by itself before anything was destroyed counts.
  private func cancel<Value: Sendable>(
    _ act: Act, _ call: Call<Value>, _ guest: GuestUUID
  ) throws(BackendError) -> Value {
    guard let host = try? host(act) else {
      return try ended(act, call.answer(until: act.deadline))
    }
    var destroyed = false
    var answer = call.answer(until: .now)
    while answer == nil, !act.deadline.isOver {
      let ending = host.outcome(until: act.deadline) { () throws(LibvirtError) in try host.end(guest) }
      if case .success(true)? = ending { destroyed = true }
      answer = call.answer(until: min(act.deadline, .after(milliseconds: Self.pause)))
    }
    guard destroyed, answer != nil else { return try ended(act, answer) }
    throw act.timedOut()
  }
}

extension Call {
  /// As `result`. That a daemon's socket was waited for until the deadline is no answer.
  fileprivate func answer(until deadline: Deadline) -> Result<Value, LibvirtError>? {
    let result = result(until: deadline)
    if case .failure(let error)? = result, error.kind == .overdue { return nil }
    return result
  }
}

extension LibvirtError {
  /// Nobody said what became of the call.
  fileprivate var isNoAnswer: Bool { kind == .connectionLost || kind == .notUnderstood }
}
