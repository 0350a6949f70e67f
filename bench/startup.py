#!/usr/bin/python3
"""Writes bench/startup.order: the functions that run in two or more of the commands below, those of most commands first.

    bench/startup.py DIRECTORY-OF-THE-PROGRAMS

The linker puts them side by side, so that a start touches tens of pages rather than hundreds. A name that is no longer there
is passed over, a function that is missing here only costs a page: write the file anew when starts have become slower.
"""

import collections
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


def commands(scratch):
    simulated = ["--state-dir", f"{scratch}/state", "-c", "sim:///"]
    local = ["--state-dir", f"{scratch}/state", "-c", "test:///default"]
    yield ["--version"]
    yield ["help"]
    yield ["complete", "--", "sta"]
    yield ["config", "show"]
    yield [*simulated, "define", f"{ROOT}/Examples/guest.yaml"]
    yield [*simulated, "start", "hello"]
    yield [*simulated, "list", "--all"]
    yield [*simulated, "launch", "show", "hello"]
    yield [*simulated, "launch", "history", "hello"]
    yield [*simulated, "dominfo", "hello"]
    yield [*simulated, "domstate", "hello"]
    yield [*simulated, "dumpxml", "hello"]
    yield [*simulated, "policy", "list"]
    yield [*simulated, "policy", "explain", "0x5"]
    yield [*simulated, "measure", "--guest", "hello"]
    yield [*simulated, "launch", "verify", "hello"]
    yield [*simulated, "launch", "verify", "hello", "-o", "json"]
    yield [*simulated, "-o", "json", "list", "--all"]
    yield [*simulated, "destroy", "hello"]
    yield [*simulated, "tenant", "create", "acme"]
    yield [*simulated, "tenant", "list"]
    yield [*simulated, "key", "create", "disk"]
    yield [*simulated, "key", "list"]
    yield [*simulated, "key", "show", "disk"]
    yield [*simulated, "audit", "list"]
    yield [*simulated, "vault", "status"]
    yield [*local, "list", "--all"]
    yield [*local, "dominfo", "test"]
    yield [*local, "dumpxml", "test"]


def executed(program, words, scratch):
    """The names of the functions that one command runs."""
    record = f"{scratch}/record"
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--demangle=no", "--compress-strings=no", f"--callgrind-out-file={record}",
         program, *words],
        env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"cvmctl {' '.join(words)}: exit {done.returncode}\n{done.stderr}")
    with open(record) as file:
        names = re.findall(r"^c?fn=(.*)$", file.read(), re.MULTILINE)
    return {re.sub(r"'\d+$", "", name) for name in names}


def main():
    with tempfile.TemporaryDirectory() as scratch:
        # Valgrind does not read every kind of debug information.
        program = f"{scratch}/cvmctl"
        subprocess.run(["strip", "--strip-debug", "-o", program, f"{sys.argv[1]}/cvmctl"], check=True)
        symbols = subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout
        functions = {line.split()[2] for line in symbols.splitlines() if re.match(r"\S+ [tTwW] ", line)}
        runs = [executed(program, words, scratch) & functions for words in commands(scratch)]
    uses = collections.Counter(name for run in runs for name in run)
    with open(f"{ROOT}/bench/startup.order", "w") as file:
        for name, count in sorted(uses.items(), key=lambda use: (-use[1], use[0])):
            if count > 1:
                print(name, file=file)


main()
