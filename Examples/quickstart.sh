#!/bin/bash
# The main job on a simulated host: define a guest, launch it measured, look at the record. Needs no SEV, no libvirt, no root.
#
#   Examples/quickstart.sh      CVMCTL names the program, else the one in PATH is taken
#
# The guest, its keys and its records are kept in .build/quickstart; each run starts afresh.
set -euo pipefail
cd "$(dirname "$0")/.."
cvmctl=${CVMCTL:-cvmctl}
state=.build/quickstart
rm -rf "$state"
mkdir -p .build

show() {
  printf '\n$ cvmctl --connect sim:/// %s\n' "$*"
  "$cvmctl" --state-dir "$state" --connect sim:/// "$@"
}

show define Examples/guest.yaml
show start hello
show launch show hello
show list

cat <<NEXT

What happened: the launch digest of 'hello' was predicted from its firmware file, the simulated AMD-SP measured the guest before its
first instruction, both agreed, and only then the guest was let run. Everything is real but the processor: it is simulated, and every
record says so. On a SEV host the same commands launch a real guest.

Try next:
  $cvmctl --state-dir $state -c sim:/// sim memory hello --view host     # the guest's memory as the hypervisor sees it
  $cvmctl --state-dir $state launch show hello -o json
  $cvmctl policy explain 0x3
NEXT
