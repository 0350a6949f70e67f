import SEV

/// `-cpu` and `-smp`: whose CPUID signature the VMSAs carry, and how many there are.
struct ProcessorPlan: Equatable {
  /// QEMU's name of the model.
  let model: String
  /// Nil for a model whose signature depends on the host or is not known.
  let signature: CPUSignature?
  /// vCPUs that exist when the guest starts.
  let count: Int

  /// QEMU's own limit for its largest machine type.
  static let most = 4096

  init(_ arguments: QEMUArguments) throws(LaunchRefusal) {
    let options = arguments.last("cpu").flatMap { OptionText($0, impliedKey: "name") }
    model = options?["name"] ?? "qemu64"
    signature = Self.signature(model, options)
    let devices = arguments.values(of: "device").filter {
      OptionText($0, impliedKey: "driver")?["driver"]?.hasSuffix("-x86_64-cpu") == true
    }
    let (sum, overflow) = try Self.count(arguments.last("smp")).addingReportingOverflow(devices.count)
    guard !overflow, 1...Self.most ~= sum else { throw .badProcessorCount }
    count = sum
  }

  /// `family=…` and the like change what CPUID says: the name alone does not tell the signature then.
  private static func signature(_ model: String, _ options: OptionText?) -> CPUSignature? {
    guard Set(options?.keys ?? []).isDisjoint(with: ["family", "model", "stepping"]) else { return nil }
    return CPUSignature(model: model) ?? (model == "qemu64" || model == "qemu64-v1" ? qemu64 : nil)
  }

  /// Family 15, model 107, stepping 1.
  private static let qemu64 = CPUSignature(rawValue: 0x0006_0FB1)

  /// `[cpus=]n`, else the product of the topology (QEMU's own rule), else 1.
  private static func count(_ text: String?) throws(LaunchRefusal) -> Int {
    guard let text else { return 1 }
    guard let options = OptionText(text, impliedKey: "cpus") else { throw .badProcessorCount }
    if options["cpus"] != nil { return try number(options, "cpus") }
    if options["maxcpus"] != nil { return try number(options, "maxcpus") }
    var product = 1
    for key in ["drawers", "books", "sockets", "dies", "clusters", "modules", "cores", "threads"]
    where options[key] != nil {
      let (next, overflow) = product.multipliedReportingOverflow(by: try number(options, key))
      guard !overflow, next <= most else { throw .badProcessorCount }
      product = next
    }
    return product
  }

  private static func number(_ options: OptionText, _ key: String) throws(LaunchRefusal) -> Int {
    guard let value = options[key].flatMap(QEMUNumber.unsigned).flatMap({ Int(exactly: $0) }), value <= most
    else {
      throw .badProcessorCount
    }
    return value
  }
}
