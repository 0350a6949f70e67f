import Testing

@testable import cvm_qemu

@Suite("Option text") struct OptionTextTests {
  @Test func `reads keys, the implied key and switches`() throws {
    let options = try #require(OptionText("socket,id=m,path=/a,,b,server,nowait,fd=7", impliedKey: "backend"))
    #expect(options["backend"] == "socket")
    #expect(options["path"] == "/a,b")
    #expect(options["server"] == "on")
    #expect(options["wait"] == "off")
    #expect(options["fd"] == "7")
    #expect(options["other"] == nil)
  }

  @Test func `keeps the spelling of what is not changed`() throws {
    var options = try #require(OptionText("pc,a=1,,2,server,b=x=y,c=", impliedKey: "type"))
    #expect(options.text == "pc,a=1,,2,server,b=x=y,c=")
    options.remove("server")
    options.set("d", "4,5")
    #expect(options.text == "pc,a=1,,2,b=x=y,c=,d=4,,5")
    #expect(options["d"] == "4,5")
  }

  @Test func `three commas are one inside and one between`() throws {
    let options = try #require(OptionText("a=1,,,b=2", impliedKey: ""))
    #expect(options["a"] == "1,")
    #expect(options["b"] == "2")
  }

  @Test func `JSON members read as QEMU's key=value form spells them`() throws {
    let options = try #require(
      OptionText(#"{"a":"x","b":12,"c":true,"d":{"e":"f"},"g":null}"#, impliedKey: ""))
    #expect(options["a"] == "x")
    #expect(options["b"] == "12")
    #expect(options["c"] == "on")
    #expect(options["d"] == nil)
    #expect(options["g"] == nil)
    #expect(options.nested("d")?["e"] == "f")
    #expect(options.keys == ["a", "b", "c", "d", "g"])
  }

  @Test func `JSON members are set and removed in their place`() throws {
    var options = try #require(OptionText(#"{"a":"x","b":12}"#, impliedKey: ""))
    options.set("a", "y")
    options.set("share", true)
    options.remove("b")
    #expect(options.text == #"{"a":"y","share":true}"#)
  }

  @Test func `dotted keys are a nested object`() throws {
    let options = try #require(
      OptionText("driver=raw,file.driver=file,file.filename=/x", impliedKey: "driver"))
    #expect(options.nested("file")?["filename"] == "/x")
    #expect(options.nested("other") == nil)
  }

  @Test(arguments: ["{", "{}x", #"{"a":1,"a":2}"#, #"{'a':1}"#, "{\"a\":1", "[1]{"])
  func `a text that begins as JSON and is none is refused, anything else read`(_ text: String) {
    #expect((OptionText(text, impliedKey: "") == nil) == text.hasPrefix("{"))
  }

  @Test func `an empty text has nothing`() throws {
    let options = try #require(OptionText("", impliedKey: "type"))
    #expect(options["type"] == nil)
    #expect(options.text == "")
  }
}
