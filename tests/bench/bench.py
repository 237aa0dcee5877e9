#!/usr/bin/env python3
"""Measures Slipway beside the peers that are installed here: each figure is a ratio of two medians taken in one run.

Rounds are interleaved (each round runs every contender once), so that whatever else the machine does hits all alike. The
second figure is page faults, counted on the whole machine (/proc/vmstat): it travels to other machines better than
milliseconds do.

    make bench [ROUNDS=30] [ONLY=slipway,docker] [CASES=run,start,exec,ps,logs,gigabyte,memory,engine-start]
"""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import peers
from peers import quiet

ROUNDS = int(os.environ.get("ROUNDS", "30"))
ONLY = [name for name in os.environ.get("ONLY", "").split(",") if name]
CASES = [name for name in os.environ.get("CASES", "").split(",") if name]
SLEEPER = ["--network", "none", "--stop-signal", "KILL", "busybox", "sleep", "1000000"]


def page_faults():
    for line in open("/proc/vmstat"):
        if line.startswith("pgfault "):
            return int(line.split()[1])
    return 0


def measure(command):
    """(milliseconds, page faults) of one command."""
    faults = page_faults()
    start = time.perf_counter()
    quiet(command)
    return (time.perf_counter() - start) * 1000, page_faults() - faults


def report(title, figures):
    """`figures`: {contender: [(milliseconds, page faults), …]}; the ratios are to Slipway's median."""
    base = statistics.median(ms for ms, _ in figures["slipway"]) if figures.get("slipway") else None
    print(f"\n{title:<40}{'min':>8}{'median':>9}{'max':>9} ms {'ratio':>7}{'page faults':>13}")
    for name, samples in figures.items():
        times = [ms for ms, _ in samples]
        median = statistics.median(times)
        ratio = f"{median / base:.1f}" if base else ""
        faults = statistics.median(count for _, count in samples)
        print(f"  {name:<38}{min(times):8.1f}{median:9.1f}{max(times):9.1f}    {ratio:>7}{faults:13.0f}")


def interleaved(contenders, sample, rounds=ROUNDS):
    """Calls sample(peer) once to warm up, then `rounds` times in turns."""
    figures = {peer.name: [] for peer in contenders}
    for peer in contenders:
        sample(peer)
    for _ in range(rounds):
        for peer in contenders:
            figures[peer.name].append(sample(peer))
    return figures


def with_cli(contenders):
    return [peer for peer in contenders if peer.cli]


def case_run(contenders):
    report("run --rm --network none busybox true", interleaved(contenders, lambda peer: measure(peer.run)))


def case_start(contenders):
    """start and stop of a container that exists: its stop signal is KILL, so stop is the engine's time alone."""
    stops = {peer.name: [] for peer in with_cli(contenders)}

    def sample(peer):
        quiet([*peer.cli, "create", "--name", "bench-start", *SLEEPER])
        started = measure([*peer.cli, "start", "bench-start"])
        stops[peer.name].append(measure([*peer.cli, "stop", "bench-start"]))
        quiet([*peer.cli, "rm", "bench-start"])
        return started

    report("start", interleaved(with_cli(contenders), sample))
    report("stop", stops)


def case_exec(contenders):
    name_for = lambda peer: "bench-exec-" + peer.name.replace(" ", "-")  # two clients share our engine
    for peer in with_cli(contenders):
        quiet([*peer.cli, "run", "-d", "--name", name_for(peer), *SLEEPER])
    report("exec true", interleaved(with_cli(contenders), lambda peer: measure([*peer.cli, "exec", name_for(peer), "true"])))
    for peer in with_cli(contenders):
        quiet([*peer.cli, "rm", "-f", name_for(peer)])


def grow_to(peer, count):
    have = len(quiet([*peer.cli, "ps", "-aq"]).split())
    for _ in range(have, count):
        quiet([*peer.cli, "create", "--network", "none", "busybox", "true"])


def case_ps(contenders):
    """`ps -a` with 10 containers beside the peers, with 1,000 and 10,000 alone: theirs take too long to make."""
    for peer in with_cli(contenders):
        if peer.name != "docker client on slipway":  # it lists Slipway's
            grow_to(peer, 10)
    report("ps -a, 10 containers", interleaved(with_cli(contenders), lambda peer: measure([*peer.cli, "ps", "-a"])))
    ours = [peer for peer in with_cli(contenders) if peer.folder]
    for count in (1000, 10000):
        for peer in ours:
            grow_to(peer, count)
        report(f"ps -a, {count} containers", interleaved(ours, lambda peer: measure([*peer.cli, "ps", "-a"]), 5))
        for peer in ours:
            print(f"  its daemons: {memory_of_daemons(peer)}")
    for peer in ours:
        remove_all(peer)


def remove_all(peer):
    ids = quiet([*peer.cli, "ps", "-aq"]).split()
    for start in range(0, len(ids), 500):
        quiet([*peer.cli, "rm", "-f", *ids[start:start + 500]])


LINES = 200_000


def case_logs(contenders):
    """A container that writes lines as fast as it can, and reading them back."""
    reads = {peer.name: [] for peer in with_cli(contenders)}

    def sample(peer):
        wrote = measure([*peer.cli, "run", "--name", "bench-logs", "--network", "none", "busybox", "seq", str(LINES)])
        reads[peer.name].append(measure([*peer.cli, "logs", "bench-logs"]))
        quiet([*peer.cli, "rm", "bench-logs"])
        return wrote

    report(f"run seq {LINES}: {LINES} lines logged and shown", interleaved(with_cli(contenders), sample, 5))
    report(f"logs of {LINES} lines", reads)


GIGABYTE = 2 ** 30
LINE = "0123456789abcdef" * 255  # with its end 4 KiB: the log's own words about a line are few beside it
WRITER = f"busybox yes {LINE} | busybox head -c {GIGABYTE}"


def sha256_of(command):
    digest = hashlib.sha256()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        while part := process.stdout.read(2 ** 20):
            digest.update(part)
    return digest.hexdigest()


def case_gigabyte(contenders):
    """A container writes 1 GiB as fast as it can: is each byte in its log, and what would the same cost into a file?"""
    for peer in contenders:
        if not peer.folder:
            continue
        copy = peer.folder / "gigabyte"
        plain, logged = [], []
        for number in range(3):
            name = f"bench-gigabyte-{number}"
            plain.append(measure(["sh", "-c", f"{WRITER} > {copy}; sync -d {copy}"])[0])
            quiet([*peer.cli, "create", "--name", name, "--network", "none", "busybox", "sh", "-c", WRITER])
            logged.append(measure([*peer.cli, "start", name])[0] + measure([*peer.cli, "wait", name])[0])
            same = sha256_of([*peer.cli, "logs", name]) == sha256_of(["sh", "-c", WRITER])
            quiet([*peer.cli, "rm", name])
            copy.unlink()
            if not same:
                raise RuntimeError("1 GiB of output: the log differs from what was written")
        ratio = statistics.median(logged) / statistics.median(plain)
        print(f"\n1 GiB of output, every byte in the log: {statistics.median(logged) / 1000:.1f} s; the same into a file "
              f"and onto the disk: {statistics.median(plain) / 1000:.1f} s; ratio {ratio:.2f}")


def pss(pid):
    with contextlib.suppress(OSError):
        for line in open(f"/proc/{pid}/smaps_rollup"):
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def programs(name, word):
    """Pids of processes of that program whose command line has that word."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if line[0].rsplit("/", 1)[-1] == name and any(word in part for part in line):
                found.append(int(folder.name))
    return found


def memory_of_daemons(peer):
    word = str(peer.folder)
    sizes = {name: sum(pss(pid) for pid in programs(name, word)) for name in ("slipwayd", "slipway-supervisor")}
    return ", ".join(f"{name} {size / 1024:.1f} MiB" for name, size in sizes.items())


def case_memory(contenders):
    """What a sleeping container costs beside its own process: the shim's share of memory (PSS)."""
    for peer in contenders:
        if not peer.folder:
            continue
        print(f"\nmemory, nothing runs: {memory_of_daemons(peer)}")
        for number in range(50):
            quiet([*peer.cli, "run", "-d", "--name", f"bench-memory-{number}", *SLEEPER])
        shims = [pss(pid) for pid in programs("slipway-shim", str(peer.folder))]
        print(f"memory, {len(shims)} containers sleep: {memory_of_daemons(peer)}; "
              f"a shim: {statistics.median(shims)} KiB (PSS), {max(shims)} at most")
        remove_all(peer)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


def ask(path, method, target, body=None):
    """The answer's JSON; no client has to be started for it."""
    connection = UnixConnection(path)
    connection.request(method, target, json.dumps(body) if body else None, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 400:
        raise RuntimeError(f"{method} {target}: {text}")
    return json.loads(text) if text else None


def answers(path):
    """True once the engine's list of containers is there: then it knows what runs."""
    try:
        return bool(ask(path, "GET", "/containers/json"))
    except OSError:
        return False


STORED, RUNNING = 1000, 100


def case_engine_start(contenders):
    """An engine that was killed comes back: how long until it answers, with 1,000 containers of which 100 run?"""
    if not any(peer.folder for peer in contenders):
        return
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        peer = next(peers.slipway(folder, stack))
        door = folder / "exec" / "slipway.sock"
        body = {"Image": "busybox", "Cmd": ["sleep", "1000000"], "StopSignal": "KILL", "HostConfig": {"NetworkMode": "none"}}
        ids = [ask(door, "POST", "/containers/create", body)["Id"] for _ in range(STORED)]
        for started in ids[:RUNNING]:
            ask(door, "POST", f"/containers/{started}/start")
        os.kill(peer.parent, signal.SIGKILL)
        times = []
        for _ in range(min(ROUNDS, 10)):
            while answers(door):
                time.sleep(0.01)
            begin = time.perf_counter()
            with peers.daemon(peers.slipway_line(folder), folder / "again.log") as process:
                while not answers(door):
                    time.sleep(0.002)
                times.append((time.perf_counter() - begin) * 1000)
                running = len(ask(door, "GET", "/containers/json"))
                if running != RUNNING:
                    raise RuntimeError(f"{running} containers run after the start, not {RUNNING}")
                process.kill()
                process.wait()
        with peers.daemon(peers.slipway_line(folder), folder / "last.log"):
            peers.wait_for(lambda: answers(door), "slipwayd")
            remove_all(peer)
        print(f"\nengine start, {STORED} containers, {RUNNING} of them running: ready after "
              f"{statistics.median(times):.0f} ms (median of {len(times)}; {min(times):.0f} to {max(times):.0f})")


def main():
    cases = {name[5:].replace("_", "-"): function for name, function in globals().items() if name.startswith("case_")}
    unknown = [name for name in CASES if name not in cases]
    if unknown:
        sys.exit(f"make bench: no case {', '.join(unknown)}; there are: {', '.join(cases)}")
    load = os.getloadavg()[0]
    print(f"make bench: {ROUNDS} interleaved rounds, load {load:.1f} at the start, {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name, contextlib.ExitStack() as stack:
        contenders = peers.all_here(pathlib.Path(name), stack, ONLY)
        for case, function in cases.items():
            if not CASES or case in CASES:
                function(contenders)
    return 0 if contenders else 1


if __name__ == "__main__":
    sys.exit(main())
