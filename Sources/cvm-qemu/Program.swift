/// Runs this process in its role; the result is its exit status.
enum Program {
  static func run(_ vector: ArgumentVector) -> Int32 {
    switch Role(vector.texts) {
    case .emulator: EmulatorProgram(vector).run()
    case .detach(let guest): DetachProgram.run(guest: guest)
    case .proxy: ProxyProgram.run()
    }
  }
}
