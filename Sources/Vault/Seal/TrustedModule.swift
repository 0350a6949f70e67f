import Glibc

/// A library that a file names. Only root, or who loads it, can have put it where it is: it runs in this process.
enum TrustedModule {
  /// The path without links; that file and every directory above it belong to root or this user, and nobody else can write
  /// there. Throws `.untrusted` for another one.
  static func resolved(_ path: String) throws(TokenProblem) -> String {
    guard let found = unsafe realpath(path, nil) else { throw .noModule }
    defer { unsafe free(found) }
    let real = unsafe String(cString: found)
    try check(real, isDirectory: false)
    var parent = real[...]
    while let slash = parent.lastIndex(of: "/") {
      parent = parent[..<slash]
      try check(parent.isEmpty ? "/" : String(parent), isDirectory: true)
    }
    return real
  }

  private static func check(_ path: String, isDirectory: Bool) throws(TokenProblem) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { throw .noModule }
    guard status.st_mode & S_IFMT == (isDirectory ? S_IFDIR : S_IFREG) else { throw .noModule }
    guard status.st_uid == 0 || status.st_uid == geteuid() else { throw .untrusted(path) }
    // In a sticky directory nobody can move what is another's.
    guard status.st_mode & 0o022 == 0 || isDirectory && status.st_mode & S_ISVTX != 0 else {
      throw .untrusted(path)
    }
  }
}
