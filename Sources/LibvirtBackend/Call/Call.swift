internal import Glibc

/// One blocking call on a thread of its own, so that its caller can stop waiting: libvirt has no deadlines.
/// A call that is given up goes on until it returns or the process ends; what it holds lives as long.
@safe final class Call<Value: Sendable>: @unchecked Sendable {
  private let body: @Sendable () throws(LibvirtError) -> Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let ended: UnsafeMutablePointer<pthread_cond_t>
  private var result: Result<Value, LibvirtError>?  // under `mutex`

  /// Starts `body` at once.
  init(_ body: @escaping @Sendable () throws(LibvirtError) -> Value) throws(LibvirtError) {
    self.body = body
    unsafe mutex = .allocate(capacity: 1)
    unsafe ended = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(ended, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
    try start()
  }

  deinit {
    unsafe pthread_cond_destroy(ended)
    unsafe pthread_mutex_destroy(mutex)
    unsafe ended.deallocate()
    unsafe mutex.deallocate()
  }

  /// The call's result, made in one go; nil where the deadline comes first.
  static func outcome(
    until deadline: Deadline, _ body: @escaping @Sendable () throws(LibvirtError) -> Value
  ) -> Result<Value, LibvirtError>? {
    do throws(LibvirtError) {
      return try Call(body).result(until: deadline)
    } catch {
      return .failure(error)
    }
  }

  /// Nil while the call is still under way at the deadline.
  func result(until deadline: Deadline) -> Result<Value, LibvirtError>? {
    var time = deadline.timespec
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while result == nil {
      guard unsafe pthread_cond_timedwait(ended, mutex, &time) != ETIMEDOUT else { break }
    }
    return result
  }

  private func start() throws(LibvirtError) {
    var thread = pthread_t()
    let work = unsafe Unmanaged.passRetained(Work(run: run))
    let problem = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, work.toOpaque())
    guard problem == 0 else {
      unsafe work.release()
      throw LibvirtError(kind: .thread, message: "no thread could be started (error \(problem))")
    }
    pthread_detach(thread)
  }

  private func run() {
    blockSIGPIPE()
    let found: Result<Value, LibvirtError>
    do throws(LibvirtError) { found = .success(try body()) } catch { found = .failure(error) }
    unsafe pthread_mutex_lock(mutex)
    result = found
    unsafe pthread_cond_signal(ended)
    unsafe pthread_mutex_unlock(mutex)
  }

  /// Writing to a daemon that died must fail, not end the process.
  private func blockSIGPIPE() {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGPIPE)
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
  }
}

/// What a thread takes with it: a C function cannot be generic over a call's value.
private final class Work: Sendable {
  let run: @Sendable () -> Void
  init(run: @escaping @Sendable () -> Void) { self.run = run }
}
