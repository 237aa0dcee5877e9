#!/usr/bin/env python3
"""`make vm`: a Debian VM to work in, with systemd, cgroup v2, the project and its engine.

    make vm            your terminal is its console: log in as root, password slipway; Ctrl-A X pulls the plug
    make vm RESET=1    the same, but first back to the snapshot: as new
    make vm CHECK=1    with nobody at the keyboard, on a disk of its own: logs in, runs a container, switches off, prints times
"""

import contextlib
import os
import subprocess
import sys
import time

import image
import machine

LOGIN, PASSWORD = "root", "slipway"
PATIENCE = 900  # seconds: a busy machine that emulates takes minutes to its login


def workshop_disk(debian, reset):
    """The disk with what was done in the workshop, on top of the one that never changes: that is the snapshot."""
    disk = debian / "workshop.qcow2"
    if reset:
        disk.unlink(missing_ok=True)
    if not disk.exists():
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", "root.ext4", "-F", "raw", disk], check=True)
    return machine.drive(disk, "format=qcow2")


@contextlib.contextmanager
def ready(disk_flags):
    """QEMU's command line for a workshop, with everything beside it that it needs."""
    debian = image.disk()
    project = image.project_disk(image.FOLDER / "workshop.ext4")
    initramfs = image.initramfs(debian, image.FOLDER / "workshop.cpio")
    with machine.share(image.PROJECT, "checkout") as shared:
        units = "slipwayd.service" + (",host.mount" if shared else "")
        drives = [*disk_flags(debian), *machine.drive(project, "format=raw,snapshot=on")]
        yield machine.qemu_line(debian, initramfs, f"rw quiet slipway.units={units}",
                                [*drives, *shared, "-nic", "user,model=virtio-net-pci", "-serial", "mon:stdio"])


def work(reset):
    with ready(lambda debian: workshop_disk(debian, reset)) as line:
        print(f"  VM   Debian starts (KVM: {'yes' if machine.has_kvm() else 'no, so about a minute'}). Log in as {LOGIN}, "
              f"password {PASSWORD}. Ctrl-A X pulls the plug.", flush=True)
        return subprocess.run(line).returncode


def command(vm, line, answer):
    """Runs a command at the VM's prompt. The quotes keep what is typed, which the console shows, from being the answer."""
    vm.say(f"{line}; echo 'the 'end")
    return answer in vm.hear("the end", PATIENCE)


def log_in(vm):
    for question, text in ("login: ", LOGIN), ("Password: ", PASSWORD):
        if not vm.hear(question, PATIENCE):
            return False
        vm.say(text)
    return vm.hear(":~#", PATIENCE)


def steps(vm):
    """(what, did it happen?), one after the other."""
    yield "a login prompt", vm.hear("workshop ", PATIENCE)
    yield "logged in", log_in(vm)
    yield "cgroup v2 as one tree", command(vm, "stat -fc %T /sys/fs/cgroup", "cgroup2fs")
    yield "the checkout at /host", command(vm, "head -n 1 /host/README.md", "# Slipway")
    yield "the engine runs", command(vm, "systemctl is-active slipwayd", "active")
    yield "a container", command(vm, "cd /slipway && slipway load -i build/images/busybox.tar && "
                                     "slipway run --rm busybox echo all is 'well'", "all is well")
    vm.say("poweroff")
    yield "switched off", vm.ended(PATIENCE)


def check():
    start = time.monotonic()
    folder = image.FOLDER / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with ready(lambda debian: machine.drive(debian / "root.ext4", "format=raw,snapshot=on")) as line:
        print(f"  VM   {time.monotonic() - start:4.0f} s  disks made", flush=True)
        with open(folder / "workshop.log", "wb") as log, machine.Conversation(line, log) as vm:
            for what, happened in steps(vm):
                print(f"  VM   {time.monotonic() - start:4.0f} s  {what}{'' if happened else ': NO'}", flush=True)
                if not happened:
                    print(f"  FAIL  the workshop's VM: its console is in {log.name}")
                    return 1
    return 0


def main():
    try:
        image.need(["qemu-system-x86_64", "qemu-img", "setpriv", "mke2fs"])
        sys.exit(check() if os.environ.get("CHECK") else work(bool(os.environ.get("RESET"))))
    except image.Missing as missing:
        sys.exit(f"vm: {missing}")


if __name__ == "__main__":
    main()
