private import Glibc
private import Synchronization

/// Pages for one secret: locked, left out of core dumps, zero in a forked child. They are zero when they are taken and
/// wiped when they are given back.
///
/// A few single pages are kept for the next secret: to map, advise and lock one anew takes four calls of the kernel,
/// and a launch has fifty secrets, most of them short-lived.
@safe struct SecretPages: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  let isLocked: Bool
  private let mapped: Int

  /// Pages are few where locked memory is scarce (RLIMIT_MEMLOCK can be 64 KiB).
  private static let most = 8
  private static let idle = Mutex<[SecretPages]>([])
  private static let pageSize = Int(getpagesize())

  /// Room for `count` bytes, zeroed.
  static func take(_ count: Int) -> SecretPages {
    if count <= pageSize, let kept = idle.withLock({ $0.popLast() }) { return kept }
    return SecretPages(mapping: (max(count, 1) + pageSize - 1) / pageSize * pageSize)
  }

  private init(mapping mapped: Int) {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    guard
      let start = unsafe mmap(nil, mapped, PROT_READ | PROT_WRITE, flags, -1, 0), unsafe start != MAP_FAILED
    else { preconditionFailure("out of memory") }  // as for any Swift allocation
    unsafe madvise(start, mapped, MADV_DONTDUMP)
    unsafe madvise(start, mapped, MADV_WIPEONFORK)
    isLocked = unsafe mlock(start, mapped) == 0
    unsafe self.start = start
    self.mapped = mapped
  }

  /// Wipes them. Not to be used afterwards.
  func giveBack() {
    unsafe explicit_bzero(start, mapped)
    let isKept =
      mapped == Self.pageSize
      && Self.idle.withLock { idle in
        guard idle.count < Self.most else { return false }
        idle.append(self)
        return true
      }
    if !isKept { unsafe munmap(start, mapped) }
  }
}
