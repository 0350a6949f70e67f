import Glibc

exit(Program.run(ArgumentVector.ofThisProcess()))
