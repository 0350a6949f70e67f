#!/bin/bash
# The main job on a simulated host: define a guest, launch it measured, look at the record. Needs no SEV, no libvirt, no root.
#
#   Examples/quickstart.sh      CVMCTL names the program, else the one in PATH is taken
set -euo pipefail
cd "$(dirname "$0")"
cvmctl=${CVMCTL:-cvmctl}
[[ $cvmctl == */* ]] && cvmctl=$(cd .. && realpath "$cvmctl")
state=$(mktemp -d "${TMPDIR:-/tmp}/cvmctl-quickstart-XXXXXX")

show() {
  printf '\n$ cvmctl --connect sim:/// %s\n' "$*"
  "$cvmctl" --state-dir "$state" --connect sim:/// "$@"
}

show define guest.yaml
show start hello
show launch show hello
show list
