import CLinux
import Glibc

// A secret must never end in a core dump or in a debugger of the same user, and a closed pipe is an error of `write`, not a
// signal's business.
_ = cvm_forbid_dumps()
signal(SIGPIPE, SIG_IGN)
exit(Invocation.run(Array(CommandLine.arguments.dropFirst())))
