#!/usr/bin/python3
"""Ratios of cvmctl to virsh, virt-qemu-sev-validate and sev-snp-measure, side by side in one run: `name: value` lines with the goal beside.

    bench/run.py DIRECTORY-OF-THE-PROGRAMS MEASURE [--quick]

Nothing here passes or fails: times are the machine's, ratios drift by a tenth.
"""

import base64
import hashlib
import hmac
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAMS = os.path.abspath(sys.argv[1])
MEASURE = os.path.abspath(sys.argv[2])
QUICK = "--quick" in sys.argv
ROUNDS = 5 if QUICK else 31
CVMCTL = os.path.join(PROGRAMS, "cvmctl")
VIRSH = "/usr/bin/virsh"
VALIDATE = ["/usr/bin/python3", "/usr/bin/virt-qemu-sev-validate"]
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root", "NO_COLOR": "1"}


def report(name, value, goal=None):
    beside = f"   (goal {goal})" if goal else ""
    print(f"{name}: {value}{beside}", flush=True)


class Cost:
    """What the runs of one command cost: medians; wall and CPU in ms, peak RSS in MiB."""

    def __init__(self, runs):
        bad = [run for run in runs if run[0] != 0]
        if bad:
            raise SystemExit(f"bench: a measured command ended with status {bad[0][0]}")
        self.wall = statistics.median(run[1] for run in runs) / 1000
        self.cpu = statistics.median(run[2] for run in runs) / 1000
        self.rss = statistics.median(run[3] for run in runs) / 1024


def measured(commands, rounds):
    """Rows of (status, wall us, cpu us, rss KiB) for each command; the commands run in turn, A B A B."""
    arguments = [MEASURE, str(rounds)]
    for index, command in enumerate(commands):
        arguments += (["++"] if index else []) + command
    output = subprocess.run(arguments, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout
    rows = [[] for _ in commands]
    for line in output.splitlines():
        index, *row = (int(word) for word in line.split())
        rows[index].append(row)
    return rows


def costs(commands, rounds=ROUNDS):
    try:
        return [Cost(rows) for rows in measured(commands, rounds)]
    except SystemExit as failure:
        raise SystemExit(f"{failure}: one of {commands}")


def run(*command, **more):
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Libvirtd:
    """A private libvirtd with cvm-qemu as its default emulator."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="cvm-", dir="/tmp")
        os.chmod(self.directory, 0o755)
        os.mkdir(f"{self.directory}/bin")
        self.emulator = f"{self.directory}/bin/qemu-system-x86_64"
        shutil.copy(f"{PROGRAMS}/cvm-qemu", self.emulator)
        self.platform = f"{self.directory}/platform"
        os.mkdir(self.platform, 0o700)
        shutil.chown(self.platform, "libvirt-qemu", "libvirt-qemu")
        with open(f"{self.directory}/bin/cvm-qemu.conf", "w") as file:
            file.write(f"emulator = /usr/bin/qemu-system-x86_64\nplatform = {self.platform}\n")
        self.uri = f"qemu:///system?socket={self.directory}/run/libvirt-sock"
        with open(f"{self.directory}/supervisor.log", "wb") as log:
            self.process = subprocess.Popen(
                [f"{ROOT}/Tests/private-libvirtd", self.directory],
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=ENVIRONMENT)
        for _ in range(200):
            if subprocess.run([VIRSH, "-c", self.uri, "uri"], capture_output=True).returncode == 0:
                return
            time.sleep(0.05)
        raise SystemExit("bench: the private libvirtd does not answer")

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        time.sleep(0.2)
        shutil.rmtree(self.directory, ignore_errors=True)

    def virsh(self, *arguments):
        return [VIRSH, "-c", self.uri, *arguments]

    def define_plain(self, first, end):
        """Defines guests in one virsh, as defining them is not what is measured."""
        lines = []
        for number in range(first, end):
            path = f"{self.directory}/plain-{number}.xml"
            with open(path, "w") as file:
                file.write(
                    f"<domain type='qemu'><name>plain-{number}</name><memory unit='MiB'>64</memory>"
                    f"<os><type arch='x86_64' machine='q35'>hvm</type></os>"
                    f"<devices><emulator>{self.emulator}</emulator></devices></domain>")
            lines.append(f"define {path}\n")
        subprocess.run(
            self.virsh("-q"), env=ENVIRONMENT, input="".join(lines), text=True, check=True, capture_output=True)


def bench_start_up(state):
    cvmctl, virsh = costs([[CVMCTL, "--version"], [VIRSH, "--version"]])
    report("version_ratio", f"{cvmctl.wall / virsh.wall:.3f}", "<= 0.25 of virsh")
    report("version_ms", f"{cvmctl.wall:.2f}")
    report("version_rss_mib", f"{cvmctl.rss:.1f}", "<= 12")
    report("virsh_version_rss_mib", f"{virsh.rss:.1f}")
    cvmctl, virsh = costs([[CVMCTL, "help"], [VIRSH, "help"]])
    report("help_ratio", f"{cvmctl.wall / virsh.wall:.3f}")
    report("help_rss_mib", f"{cvmctl.rss:.1f}", "<= 12")
    cvmctl, virsh = costs([[CVMCTL, "complete", "--", "sta"], [VIRSH, "-c", "test:///default", "complete", "--", "sta"]])
    report("complete_verb_ratio", f"{cvmctl.wall / virsh.wall:.3f}")
    report("complete_verb_rss_mib", f"{cvmctl.rss:.1f}", "<= 12")
    (policies,) = costs([[CVMCTL, "--state-dir", state, "policy", "list"]])
    report("policy_list_rss_mib", f"{policies.rss:.1f}", "<= 12")


def bench_list(libvirtd, state):
    defined = 0
    for count, goal in [(0, 0.95), (100, 0.5), (1000, 0.14)]:
        libvirtd.define_plain(defined, count)
        defined = count
        cvmctl, virsh = costs(
            [[CVMCTL, "--state-dir", state, "-c", libvirtd.uri, "list", "--all"], libvirtd.virsh("list", "--all")],
            rounds=max(5, ROUNDS // 2) if count == 1000 else ROUNDS)
        report(f"list_{count}_ratio", f"{cvmctl.wall / virsh.wall:.3f}", f"<= {goal} of virsh")
        report(f"list_{count}_ms", f"{cvmctl.wall:.1f}")
        report(f"list_{count}_rss_ratio", f"{cvmctl.rss / virsh.rss:.2f}", "<= 1 of virsh")
    for verb in ["dominfo", "domstate", "dumpxml"]:
        cvmctl, virsh = costs(
            [[CVMCTL, "--state-dir", state, "-c", libvirtd.uri, verb, "plain-1"], libvirtd.virsh(verb, "plain-1")])
        report(f"{verb}_ratio", f"{cvmctl.wall / virsh.wall:.3f}")
        report(f"{verb}_rss_ratio", f"{cvmctl.rss / virsh.rss:.2f}", "<= 1 of virsh")


def guest_file(directory, name, firmware, emulator=None):
    path = f"{directory}/{name}.yaml"
    with open(path, "w") as file:
        file.write(f"name: {name}\nvirt: qemu\nvcpus: 1\nmemory: 256 MiB\nfirmware: {firmware}\n")
        if emulator:
            file.write(f"emulator: {emulator}\ncpu: EPYC-Milan\n")
        file.write("launch:\n  type: sev\n")
    return path


def bench_start(libvirtd, state):
    firmware = shutil.copy("/usr/share/OVMF/OVMF_CODE.fd", f"{libvirtd.directory}/OVMF_CODE.fd")
    cvmctl = [CVMCTL, "--state-dir", state, "-c", libvirtd.uri]
    run(*libvirtd.virsh("nodesevinfo"))  # makes the platform and its certificates
    run(*cvmctl, "host", "certs", "import", "--allow-simulated", "--cek", f"{libvirtd.platform}/cek.cert",
        "--ca", f"{libvirtd.platform}/ask_ark.cert")
    run(*cvmctl, "define", guest_file(libvirtd.directory, "measured", firmware, libvirtd.emulator))
    ours, theirs = [], []
    for _ in range(5 if QUICK else 11):
        ours += measured([[*cvmctl, "start", "measured", "--allow-simulated"]], 1)[0]
        if ours[-1][0] != 0:
            run(*cvmctl, "start", "measured", "--allow-simulated")  # once more, for what it says
        run(*libvirtd.virsh("destroy", "measured"))
        theirs += measured([libvirtd.virsh("start", "measured")], 1)[0]
        run(*libvirtd.virsh("destroy", "measured"))
    ours, theirs = Cost(ours), Cost(theirs)
    report("start_added_cpu_ms", f"{ours.cpu - theirs.cpu:.1f}", "<= 20 over virsh")
    report("start_wall_ratio", f"{ours.wall / theirs.wall:.3f}")
    report("start_rss_ratio", f"{ours.rss / theirs.rss:.2f}", "<= 1 of virsh")
    (show,) = costs([[*cvmctl, "launch", "show", "measured"]])
    report("launch_show_ms", f"{show.wall:.1f}")
    report("launch_show_rss_mib", f"{show.rss:.1f}", "<= 12")


def bench_verify(state):
    """One offline validation of a measurement: firmware hashed, HMAC compared."""
    scratch = tempfile.mkdtemp()
    tik, tek = bytes(range(16)), bytes(range(16, 32))
    for name, key in [("tik", tik), ("tek", tek)]:
        with open(os.open(f"{scratch}/{name}", os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            file.write(key)
    firmware = "/usr/share/OVMF/OVMF_CODE.fd"
    with open(firmware, "rb") as file:
        digest = hashlib.sha256(file.read()).digest()
    nonce = bytes(range(32, 48))
    message = bytes([4, 1, 51, 22]) + (3).to_bytes(4, "little") + digest + nonce
    measurement = base64.b64encode(hmac.digest(tik, message, "sha256") + nonce).decode()
    shared = ["--tik", f"{scratch}/tik", "--tek", f"{scratch}/tek", "--measurement", measurement, "--api-major", "1",
              "--api-minor", "51", "--build-id", "22", "--policy", "3", "--firmware", firmware]
    cvmctl, peer = costs(
        [[CVMCTL, "--state-dir", state, "launch", "verify", *shared], [*VALIDATE, *shared]], rounds=max(5, ROUNDS // 2))
    report("launch_verify_ratio", f"{cvmctl.wall / peer.wall:.3f}", "<= 0.10 of virt-qemu-sev-validate")
    report("launch_verify_ms", f"{cvmctl.wall:.2f}")
    report("launch_verify_rss_mib", f"{cvmctl.rss:.1f}", "<= 12")
    shutil.rmtree(scratch)


def bench_measure():
    """SEV-SNP digests of Debian's firmware: one against sev-snp-measure and against a hash of the same bytes, a sweep against one."""
    scratch = tempfile.mkdtemp()
    firmware = "/usr/share/ovmf/OVMF.fd"
    digest = ["--ovmf", firmware, "--vcpu-type", "EPYC-v4"]
    peer = f"{scratch}/sev-snp-measure"
    with open(peer, "w") as file:
        file.write(f"import sys\nsys.path.insert(0, '{ROOT}/.build/peers')\nfrom sevsnpmeasure import cli\nsys.exit(cli.main())\n")
    one = [CVMCTL, "measure", "--mode", "sev-snp", "--vcpus", "1", *digest]
    ours, theirs, hashed, sweep = costs(
        [one, ["/usr/bin/python3", peer, "--mode", "snp", "--vcpus", "1", *digest],
         ["/usr/bin/openssl", "dgst", "-sha384", firmware],
         [CVMCTL, "measure", "--mode", "sev-snp", "--vcpus", "1-255", *digest]], rounds=max(5, ROUNDS // 2))
    report("measure_snp_ratio", f"{ours.wall / theirs.wall:.3f}", "<= 0.15 of sev-snp-measure")
    report("measure_snp_ms", f"{ours.wall:.2f}")
    report("measure_snp_hash_ratio", f"{ours.wall / hashed.wall:.2f}", "<= 1.3 of a program that hashes the same bytes")
    report("measure_sweep_255_ratio", f"{sweep.wall / ours.wall:.2f}", "<= 1.5 of one digest")
    report("measure_snp_rss_mib", f"{ours.rss:.1f}", f"<= {12 + os.path.getsize(firmware) / (1 << 20):.0f}")
    shutil.rmtree(scratch)


def bench_simulated():
    """1,000 guests defined and launched, then a list of 10,000."""
    scratch = tempfile.mkdtemp()
    cvmctl = [CVMCTL, "--state-dir", f"{scratch}/state", "-c", "sim:///"]
    firmware = "/usr/share/OVMF/OVMF_CODE.fd"
    files = [guest_file(scratch, f"g{number}", firmware) for number in range(1000)]
    begun = time.monotonic()
    run(*cvmctl, "-q", "list")  # makes the simulated host: two RSA-4096 keys
    report("simulated_host_s", f"{time.monotonic() - begun:.2f}")
    begun = time.monotonic()
    run(*cvmctl, "-q", "define", *files)
    defined = time.monotonic()
    run(*cvmctl, "-q", "start", "--all")
    launched = time.monotonic()
    report("simulated_define_1000_s", f"{defined - begun:.2f}")
    report("simulated_define_and_launch_1000_s", f"{launched - begun:.2f}", "< 10")
    states = json.loads(run(*cvmctl, "-o", "json", "list", "--all"))
    running = sum(1 for guest in states if guest["state"] == "running")
    report("simulated_running", running, "1000")
    files = [guest_file(scratch, f"g{number}", firmware) for number in range(1000, 10000)]
    for first in range(0, len(files), 3000):
        run(*cvmctl, "-q", "define", *files[first:first + 3000])
    (listing,) = costs([[*cvmctl, "list", "--all"]], rounds=max(5, ROUNDS // 2))
    report("simulated_list_10000_ms", f"{listing.wall:.1f}", "< 60")
    report("simulated_list_10000_rss_mib", f"{listing.rss:.1f}")
    shutil.rmtree(scratch)


def bench_keys():
    """A key made and committed as a process; 1,000 wrapped anew; 1,000 tenants listed; the log of all that verified."""
    scratch = tempfile.mkdtemp()
    cvmctl = [CVMCTL, "--state-dir", f"{scratch}/state", "-c", "sim:///"]
    run(*cvmctl, "-q", "key", "create", "k0")
    # A rotation makes and commits a key as `key create` does, and can be repeated.
    ours, theirs = costs(
        [[*cvmctl, "-q", "key", "rotate", "k0"],
         ["/usr/bin/openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", "/dev/null"]])
    report("key_create_ratio", f"{ours.wall / theirs.wall:.2f}", "<= 1.5 of openssl genpkey P-384")
    report("key_create_cpu_ratio", f"{ours.cpu / theirs.cpu:.2f}")
    few = costs([[*cvmctl, "key", "rotate", "--kek"]], rounds=5)[0]
    for number in range(1, 1000):
        run(*cvmctl, "-q", "key", "create", f"k{number}")
    many = costs([[*cvmctl, "key", "rotate", "--kek"]], rounds=5)[0]
    report("key_rewrap_1000_ms", f"{many.wall - few.wall:.1f}", "<= 25 after start-up")
    for number in range(1000):
        run(*cvmctl, "-q", "tenant", "create", f"t{number}")
    (tenants,) = costs([[*cvmctl, "tenant", "list"]], rounds=max(5, ROUNDS // 2))
    report("tenant_list_1000_ms", f"{tenants.wall:.1f}", "<= 40, with 100 guests each")
    (verify,) = costs([[*cvmctl, "audit", "verify"]], rounds=5)
    records = json.loads(run(*cvmctl, "-o", "json", "audit", "verify"))["records"]
    report("audit_verify_us_a_record", f"{verify.wall * 1000 / records:.1f}")
    shutil.rmtree(scratch)


def main():
    scratch = tempfile.mkdtemp()
    libvirtd = Libvirtd()
    try:
        bench_start_up(f"{scratch}/state")
        bench_verify(f"{scratch}/state")
        bench_measure()
        bench_list(libvirtd, f"{scratch}/state")
        bench_start(libvirtd, f"{scratch}/state")
        bench_simulated()
        bench_keys()
    finally:
        libvirtd.stop()
        shutil.rmtree(scratch)


main()
