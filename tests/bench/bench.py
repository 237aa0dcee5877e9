#!/usr/bin/env python3
"""Times `run --rm --network none busybox true`, end to end, for Slipway and for the peers that are installed here.

Rounds are interleaved (each round runs every contender once), so that whatever else the machine does hits all alike; the
medians' ratios are the result. The second figure is page faults per run, counted on the whole machine (/proc/vmstat):
it travels to other machines better than milliseconds do.

    make bench [ROUNDS=30] [ONLY=slipway,docker]
"""

import contextlib
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build" / "final"
IMAGE = ROOT / "build" / "images" / "busybox.tar"
ROUNDS = int(os.environ.get("ROUNDS", "30"))
ONLY = [name for name in os.environ.get("ONLY", "").split(",") if name]


def quiet(command, **options):
    """Runs a command; its output is shown only if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stdout.strip()}")
    return done.stdout


def wait_for(test, what, seconds=30):
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not get ready within {seconds} s")
        time.sleep(0.05)


@contextlib.contextmanager
def daemon(command, log):
    """A background program in a session of its own, ended with all that it started."""
    with open(log, "w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def slipway(folder, stack):
    socket = folder / "exec" / "slipway.sock"
    stack.enter_context(daemon([PROGRAMS / "slipwayd", "--data-root", folder / "data", "--exec-root", folder / "exec"],
                               folder / "slipway.log"))
    wait_for(socket.exists, "slipwayd")
    host = f"unix://{socket}"
    quiet([PROGRAMS / "slipway", "-H", host, "load", "-q", "-i", IMAGE])
    commands = {"slipway": [PROGRAMS / "slipway", "-H", host, "run", "--rm", "--network", "none", "busybox", "true"]}
    if shutil.which("docker"):
        commands["docker client on slipway"] = ["docker", "-H", host, *commands["slipway"][3:]]
    return commands


# A private mount namespace keeps a peer's mounts off the host's table; with it goes the cgroup2 mount that crun refuses
# on a hybrid host. A private network namespace keeps docker0 and its rules away.
PRIVATE = ["unshare", "--mount", "--net", "sh", "-c",
           'umount /sys/fs/cgroup/unified 2>/dev/null; mount -t tmpfs tmpfs /run/docker 2>/dev/null; exec "$@"', "sh"]


def docker(folder, stack):
    if not (shutil.which("dockerd") and shutil.which("docker")):
        return {}
    os.makedirs("/run/docker", exist_ok=True)
    socket = folder / "docker.sock"
    stack.enter_context(daemon([*PRIVATE, "dockerd", "-H", f"unix://{socket}", "--data-root", folder / "docker",
                                "--exec-root", folder / "docker-exec", "-p", folder / "docker.pid"],
                               folder / "docker.log"))
    host = f"unix://{socket}"
    wait_for(lambda: subprocess.run(["docker", "-H", host, "version"], capture_output=True).returncode == 0, "dockerd", 60)
    quiet(["docker", "-H", host, "load", "-q", "-i", IMAGE])
    return {"docker": ["docker", "-H", host, "run", "--rm", "--network", "none", "busybox", "true"]}


def podman(folder, stack):
    if not (shutil.which("podman") and shutil.which("crun")):
        return {}
    (folder / "containers.conf").write_text(
        '[containers]\ndefault_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]\n'
        '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "crun"\n')
    os.environ["CONTAINERS_CONF"] = str(folder / "containers.conf")
    base = ["podman", "--root", str(folder / "podman"), "--runroot", str(folder / "podman-run")]
    holder = subprocess.Popen([*PRIVATE, "sleep", "infinity"])
    stack.callback(lambda: (holder.kill(), holder.wait()))
    enter = ["nsenter", "--target", str(holder.pid), "--mount"]
    time.sleep(0.5)
    quiet([*enter, *base, "load", "-q", "-i", IMAGE])
    return {"podman": [*enter, *base, "run", "--rm", "--network", "none", "busybox", "true"]}


def crun(folder, stack):
    if not shutil.which("crun"):
        return {}
    bundle = folder / "bundle"
    (bundle / "rootfs" / "bin").mkdir(parents=True)
    for place in ("proc", "sys", "dev"):
        (bundle / "rootfs" / place).mkdir()
    shutil.copy("/bin/busybox", bundle / "rootfs" / "bin" / "true")
    quiet(["crun", "spec"], cwd=bundle)
    spec = (bundle / "config.json").read_text().replace('"sh"', '"/bin/true"').replace('"terminal": true', '"terminal": false')
    (bundle / "config.json").write_text(spec)
    holder = subprocess.Popen([*PRIVATE, "sleep", "infinity"])
    stack.callback(lambda: (holder.kill(), holder.wait()))
    time.sleep(0.5)
    enter = ["nsenter", "--target", str(holder.pid), "--mount"]
    return {"crun, the runtime alone": [*enter, "crun", "--cgroup-manager=cgroupfs", "run", "--bundle", bundle, "bench"]}


def page_faults():
    for line in open("/proc/vmstat"):
        if line.startswith("pgfault "):
            return int(line.split()[1])
    return 0


def measure(command):
    faults = page_faults()
    start = time.perf_counter()
    quiet(command)
    return (time.perf_counter() - start) * 1000, page_faults() - faults


def contenders(folder, stack):
    commands = {}
    for contender in (slipway, docker, podman, crun):
        if ONLY and contender.__name__ not in ONLY:
            continue
        try:
            found = contender(folder, stack)
            commands.update(found)
            if not found:
                print(f"  {contender.__name__}: not installed here, left out")
        except RuntimeError as error:
            print(f"  {contender.__name__}: left out: {error}")
    return commands


def report(figures):
    base = statistics.median(time for time, _ in figures["slipway"]) if "slipway" in figures else None
    print(f"\n{'run --rm --network none busybox true':<38}{'min':>8}{'median':>9}{'max':>8} ms {'ratio':>8}{'page faults':>14}")
    for name, samples in figures.items():
        times = [time for time, _ in samples]
        median = statistics.median(times)
        ratio = f"{median / base:.1f}" if base else ""
        faults = statistics.median(count for _, count in samples)
        print(f"  {name:<36}{min(times):8.1f}{median:9.1f}{max(times):8.1f}    {ratio:>8}{faults:14.0f}")


def main():
    load = os.getloadavg()[0]
    print(f"make bench: {ROUNDS} interleaved rounds, load {load:.1f} at the start, {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        commands = contenders(folder, stack)
        figures = {name: [] for name in commands}
        for command in commands.values():
            measure(command)  # warm caches
        for _ in range(ROUNDS):
            for name, command in commands.items():
                figures[name].append(measure(command))
        report(figures)
    return 0 if figures else 1


if __name__ == "__main__":
    sys.exit(main())
