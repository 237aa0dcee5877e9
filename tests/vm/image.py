"""The VM's parts: a disk of Debian's packages (made once, kept in build/vm/), the project's files (made for each boot, in a
second), and the initramfs that brings the two together.
"""

import hashlib
import os
import pathlib
import shlex
import shutil
import stat
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
BUILD = PROJECT / os.environ.get("SLIPWAY_BUILD", "build")
FOLDER = BUILD / "vm"

# What the tests and a workshop use. No compiler: what runs in the VM was built outside, and is static.
PACKAGES = """linux-image-cloud-amd64 busybox-static systemd systemd-sysv udev dbus kmod e2fsprogs bash-completion
  bzip2 xz-utils zstd python3 strace curl iproute2 iputils-ping nftables procps psmisc less nano""".split()

# The order in which the first boot script loads them: each needs those before it.
EARLY_MODULES = ["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk",
                 "virtio_console"]

# The parts of the project that run or are read in the VM.
SOURCES = ["Makefile", "README.md", "final", "scripts", "stages", "tests"]
BUILT = ["final", "images", "tests/slipway-tests", "tools"]


class Missing(Exception):
    """Something that only the user can provide."""


def need(programs):
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        raise Missing(f"there is no {' and no '.join(missing)} on this machine: 'make deps-vm' installs what the VM needs")


def disk():
    """The folder with root.ext4, vmlinuz, busybox and modules/; made if this recipe was not yet followed here."""
    recipe = " ".join(PACKAGES) + (HERE / "build_disk.sh").read_text()
    folder = FOLDER / f"debian-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if not folder.exists():
        make_disk(folder)
    return folder


def make_disk(folder):
    need(["mmdebstrap", "mke2fs", "unshare"])
    print(f"  VM   a disk of {len(PACKAGES)} Debian packages and what they need, once: some minutes", flush=True)
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    try:
        made = subprocess.run(["unshare", "--mount", "--propagation", "private", HERE / "build_disk.sh", partial, *PACKAGES])
        if made.returncode:
            raise Missing("the VM's disk could not be made: mmdebstrap's words are above. It needs root and a Debian mirror "
                          "(another one: SLIPWAY_MIRROR=http://…/debian)")
        partial.rename(folder)  # whole or not at all
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def project_disk(path, more=None):
    """An ext4 image of the project at `path`; `more`: {name: text} of files for this boot."""
    tree = path.with_suffix(".tree")
    shutil.rmtree(tree, ignore_errors=True)
    try:
        copy_project(tree)
        for name, text in (more or {}).items():
            (tree / name).write_text(text)
            (tree / name).chmod(0o755)
        path.unlink(missing_ok=True)
        subprocess.run(["mke2fs", "-qF", "-t", "ext4", "-O", "^has_journal", "-d", tree, path, f"{megabytes(tree) + 64}M"],
                       check=True, stdout=subprocess.DEVNULL)
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    return path


def copy_project(tree):
    """Hard links where it can, so nothing is copied twice."""
    (tree / "build").mkdir(parents=True)
    for name in SOURCES:
        subprocess.run(["cp", "-rl", PROJECT / name, tree / name], check=True)
    docker = shutil.which("docker")
    if docker and not (BUILD / "tools/docker").exists():
        (tree / "build/tools").mkdir()
        shutil.copy(docker, tree / "build/tools/docker")
    for path in [*(BUILD / name for name in BUILT), *BUILD.glob("stage-0?")]:
        if path.exists():
            target = tree / "build" / path.relative_to(BUILD)
            target.parent.mkdir(exist_ok=True)
            subprocess.run(["cp", "-rl", path, target], check=True)


def megabytes(tree):
    return int(subprocess.run(["du", "-sm", tree], check=True, capture_output=True, text=True).stdout.split()[0])


def initramfs(debian, path):
    """A cpio archive (the kernel's "newc" form) of busybox, the modules for the disks, and guest/first."""
    files = [("init", (HERE / "guest/first").read_bytes()), ("busybox", (debian / "busybox").read_bytes())]
    files += [(f"{number:02}-{name}.ko", (debian / f"modules/{name}.ko").read_bytes())
              for number, name in enumerate(EARLY_MODULES)]
    folders = [(name, None) for name in ("dev", "proc", "root")]
    path.write_bytes(b"".join(cpio_entry(name, data) for name, data in [*folders, *files, ("TRAILER!!!", b"")]))
    return path


def cpio_entry(name, data):
    """Kernel: Documentation/driver-api/early-userspace/buffer-format.rst. `data` None: a folder."""
    mode = stat.S_IFDIR if data is None else stat.S_IFREG
    data = data or b""
    fields = [0, mode | 0o755, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return padded(head) + padded(data)


def padded(data):
    return data + bytes(-len(data) % 4)


def script(lines):
    """A shell script of command lines given as lists."""
    return "#!/bin/sh\n" + "".join(shlex.join(map(str, line)) + "\n" for line in lines)


if __name__ == "__main__":
    try:
        print(disk())
    except Missing as missing:
        sys.exit(str(missing))
