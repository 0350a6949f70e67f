import Glibc

// A secret must never end in a core dump, and a closed pipe is an error of `write`, not a signal's business.
signal(SIGPIPE, SIG_IGN)
exit(Invocation.run(Array(CommandLine.arguments.dropFirst())))
