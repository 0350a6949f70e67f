/// What a libvirt URI says about where the host is.
package enum HostURI {
  /// The URI names another machine, or a transport to one: a measurement of it is not a host's word about itself.
  package static func isRemote(_ uri: String) -> Bool {
    guard let colon = uri.range(of: "://") else { return false }
    let scheme = uri[..<colon.lowerBound]
    guard scheme != "sim" else { return false }
    let transport = scheme.split(separator: "+").dropFirst().first ?? ""
    let authority = uri[colon.upperBound...].prefix { $0 != "/" && $0 != "?" }
    return !authority.isEmpty || !["", "unix"].contains(transport)
  }
}

extension String {
  /// The first place of `other` in this text.
  fileprivate func range(of other: String) -> Range<String.Index>? {
    guard !other.isEmpty else { return nil }
    return self.indices.lazy.compactMap { start -> Range<String.Index>? in
      self[start...].hasPrefix(other) ? start..<self.index(start, offsetBy: other.count) : nil
    }.first
  }
}
