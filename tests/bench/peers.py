"""The contenders of `make bench`: Slipway, and of docker, podman and crun those that are installed here.

Each is started in folders of its own and ended with all that it started. A contender is a `Peer`: how its command line
begins, and which processes are its daemons.
"""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build" / "final"
IMAGE = ROOT / "build" / "images" / "busybox.tar"
RUN = ["run", "--rm", "--network", "none", "busybox", "true"]


@dataclasses.dataclass
class Peer:
    name: str
    cli: list  # the command line without a command; empty for a bare runtime
    run: list  # the whole command that runs `true` in a container
    parent: int = 0  # the process whose children's memory is the daemons'
    folder: pathlib.Path = None


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


def slipway_line(folder):
    return [PROGRAMS / "slipwayd", "--data-root", folder / "data", "--exec-root", folder / "exec"]


def slipway(folder, stack):
    socket = folder / "exec" / "slipway.sock"
    process = stack.enter_context(daemon(slipway_line(folder), folder / "slipway.log"))
    wait_for(socket.exists, "slipwayd")
    host = f"unix://{socket}"
    cli = [PROGRAMS / "slipway", "-H", host]
    quiet([*cli, "load", "-q", "-i", IMAGE])
    yield Peer("slipway", cli, [*cli, *RUN], process.pid, folder)
    if shutil.which("docker"):
        cli = ["docker", "-H", host]
        yield Peer("docker client on slipway", cli, [*cli, *RUN])


# A private mount namespace keeps a peer's mounts off the host's table; with it goes the cgroup2 mount that crun refuses
# on a hybrid host. A private network namespace keeps docker0 and its rules away.
PRIVATE = ["unshare", "--mount", "--net", "sh", "-c",
           'umount /sys/fs/cgroup/unified 2>/dev/null; mount -t tmpfs tmpfs /run/docker 2>/dev/null; exec "$@"', "sh"]


def private_mounts(stack):
    """The command that enters a mount namespace which lives as long as the bench."""
    holder = subprocess.Popen([*PRIVATE, "sleep", "infinity"])
    stack.callback(lambda: (holder.kill(), holder.wait()))
    time.sleep(0.5)
    return ["nsenter", "--target", str(holder.pid), "--mount"]


def docker(folder, stack):
    if not (shutil.which("dockerd") and shutil.which("docker")):
        return
    os.makedirs("/run/docker", exist_ok=True)
    socket = folder / "docker.sock"
    process = stack.enter_context(daemon(
        [*PRIVATE, "dockerd", "-H", f"unix://{socket}", "--data-root", folder / "docker", "--exec-root",
         folder / "docker-exec", "-p", folder / "docker.pid"], folder / "docker.log"))
    cli = ["docker", "-H", f"unix://{socket}"]
    wait_for(lambda: subprocess.run([*cli, "version"], capture_output=True).returncode == 0, "dockerd", 60)
    quiet([*cli, "load", "-q", "-i", IMAGE])
    yield Peer("docker", cli, [*cli, *RUN], process.pid)


def podman(folder, stack):
    if not (shutil.which("podman") and shutil.which("crun")):
        return
    (folder / "containers.conf").write_text(
        '[containers]\ndefault_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]\n'
        '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "crun"\n')
    os.environ["CONTAINERS_CONF"] = str(folder / "containers.conf")
    cli = [*private_mounts(stack), "podman", "--root", str(folder / "podman"), "--runroot", str(folder / "podman-run")]
    quiet([*cli, "load", "-q", "-i", IMAGE])
    yield Peer("podman", cli, [*cli, *RUN])


def crun(folder, stack):
    if not shutil.which("crun"):
        return
    bundle = folder / "bundle"
    (bundle / "rootfs" / "bin").mkdir(parents=True)
    for place in ("proc", "sys", "dev"):
        (bundle / "rootfs" / place).mkdir()
    shutil.copy("/bin/busybox", bundle / "rootfs" / "bin" / "true")
    quiet(["crun", "spec"], cwd=bundle)
    spec = (bundle / "config.json").read_text().replace('"sh"', '"/bin/true"').replace('"terminal": true', '"terminal": false')
    (bundle / "config.json").write_text(spec)
    yield Peer("crun, the runtime alone", [],
               [*private_mounts(stack), "crun", "--cgroup-manager=cgroupfs", "run", "--bundle", bundle, "bench"])


def all_here(folder, stack, only):
    """Starts the contenders; one that is not installed or does not get ready is left out, with a word."""
    peers = []
    for contender in (slipway, docker, podman, crun):
        if only and contender.__name__ not in only:
            continue
        try:
            found = list(contender(folder, stack))
            peers += found
            if not found:
                print(f"  {contender.__name__}: not installed here, left out")
        except RuntimeError as error:
            print(f"  {contender.__name__}: left out: {error}")
    return peers
