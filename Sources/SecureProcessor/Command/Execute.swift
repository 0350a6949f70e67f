import SEV

extension SecureProcessor {
  /// Runs one command from the mailbox. Every command is also a method of its own.
  package mutating func execute(
    _ command: Command, memory: any GuestMemory, entropy: any Entropy
  ) throws(CommandFailure) -> Reply {
    switch command {
    case .initialize(let request): try initialize(request, entropy: entropy)
    case .shutdown: shutdown()
    case .platformReset: try platformReset()
    case .platformStatus: return .platformStatus(platformStatus())
    case .pekGenerate: try pekGenerate(entropy: entropy)
    case .pekCSR(let length): return .bytes(try pekCSR(length: length))
    case .pekCertificateImport(let pek, let oca):
      try pekCertificateImport(pek: pek, oca: oca, entropy: entropy)
    case .pdhCertificateExport(let pdhLength, let chainLength):
      let export = try pdhCertificateExport(pdhLength: pdhLength, chainLength: chainLength)
      return .chain(pdh: export.pdh, chain: export.chain)
    case .pdhGenerate: try pdhGenerate(entropy: entropy)
    case .dataFabricFlush: try dataFabricFlush()
    case .getID(let length): return .bytes(try getID(length: length))
    case .nop: break
    case .unknown: throw CommandFailure(.invalidCommand)
    default: return try executeOnGuest(command, memory: memory, entropy: entropy)
    }
    return .done
  }

  private mutating func executeOnGuest(
    _ command: Command, memory: any GuestMemory, entropy: any Entropy
  ) throws(CommandFailure) -> Reply {
    switch command {
    case .decommission(let handle): try decommission(handle)
    case .activate(let handle, let asid): try activate(handle, asid: asid)
    case .deactivate(let handle): try deactivate(handle)
    case .guestStatus(let handle): return .guestStatus(try guestStatus(handle))
    case .launchStart(let request): return .handle(try launchStart(request, entropy: entropy))
    case .launchUpdateData(let handle, let address, let count):
      try launchUpdateData(handle, address: address, count: count, memory: memory)
    case .launchUpdateVMSA(let handle, let address, let count):
      try launchUpdateVMSA(handle, address: address, count: count, memory: memory)
    case .launchMeasure(let handle, let length):
      return .bytes(try launchMeasure(handle, length: length, entropy: entropy).serialized())
    case .launchSecret(let request): try launchSecret(request, memory: memory)
    case .launchFinish(let handle): try launchFinish(handle)
    case .attestation(let handle, let nonce, let length):
      return .bytes(try attestation(handle, nonce: nonce, length: length).serialized())
    case .debugDecrypt(let handle, let source, let destination, let count):
      try debugDecrypt(handle, from: source, to: destination, count: count, memory: memory)
    case .debugEncrypt(let handle, let source, let destination, let count):
      try debugEncrypt(handle, from: source, to: destination, count: count, memory: memory)
    default: throw CommandFailure(.invalidCommand)
    }
    return .done
  }
}
