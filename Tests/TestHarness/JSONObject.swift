import Foundation

/// One JSON object that a command printed, read by key.
package struct JSONObject: CustomStringConvertible {
  package let values: [String: Any]

  package init(_ outcome: Outcome) throws { self = try outcome.object() }
  package init(_ values: [String: Any]) { self.values = values }

  package func string(_ key: String) -> String? { values[key] as? String }
  package func number(_ key: String) -> Int? { values[key] as? Int }
  package func flag(_ key: String) -> Bool? { values[key] as? Bool }
  package func object(_ key: String) -> JSONObject? { (values[key] as? [String: Any]).map { JSONObject($0) } }
  package func list(_ key: String) -> [Any]? { values[key] as? [Any] }

  package var description: String {
    let data = try? JSONSerialization.data(withJSONObject: values, options: [.sortedKeys])
    return String(decoding: data ?? Data(), as: UTF8.self)
  }
}
