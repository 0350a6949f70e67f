import Testing

/// Everything that starts daemons and guests: one test at a time, so that deadlines mean something on two cores.
@Suite(.serialized) struct Integration {}
