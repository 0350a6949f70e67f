import Glibc

/// Asks `condition` every 10 ms until it holds or `limit` has passed; returns whether it held.
package func holds(
  within limit: Duration, _ condition: () throws -> Bool
) rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  repeat {
    if try condition() { return true }
    usleep(10_000)
  } while ContinuousClock.now < deadline
  return try condition()
}
