#!/usr/bin/env python3
"""`make test-vm`: the tests in a VM that has cgroup v2 and nothing else, and its result line: "N passed, N failed, N skipped".

    make test-vm [ONLY='[limits]'] [INIT=systemd] [MINUTES=30]

Everything was built outside. The VM gets the project as a second disk, runs the tests as root and says what they said;
that and its console are kept in build/vm/logs/. No VM stays behind, whatever happens.
"""

import os
import re
import subprocess
import sys
import time

import image
import machine

PROGRAM = "tests/slipway-tests"
INITS = {"minimal": "slipway.init=/slipway/tests/vm/guest/minimal",
         "systemd": "systemd.run=/slipway/tests/vm/guest/report systemd.run_success_action=poweroff "
                    "systemd.run_failure_action=poweroff"}
SUMMARY = re.compile(r"\d+ passed, \d+ failed, \d+ skipped$")


def default_tests():
    """The specifications in default_tests.txt, as one of Catch2's arguments (comma: or)."""
    lines = (image.HERE / "default_tests.txt").read_text().splitlines()
    tests = [line.replace(",", "\\,") for line in lines if line and not line.startswith("#")]
    for name in tests:
        if not name.startswith("[") and not is_test(name):
            sys.exit(f"test-vm: default_tests.txt names '{name}', and there is no such test")
    return [",".join(tests)]


def is_test(name):
    listing = subprocess.run([image.BUILD / PROGRAM, "--list-test-names-only", name], capture_output=True, text=True)
    return bool(listing.stdout.strip())


def boot(init, tests, seconds):
    """The machine, ready to be started."""
    folder = image.FOLDER / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    debian = image.disk()
    run = image.script([[f"/slipway/build/{PROGRAM}", "-d", "yes", *tests]])
    project = image.project_disk(image.FOLDER / "project.ext4", {"boot": run})
    drives = [*machine.drive(debian / "root.ext4", "format=raw,snapshot=on"),
              *machine.drive(project, "format=raw,snapshot=on")]
    initramfs = image.initramfs(debian, image.FOLDER / "initramfs.cpio")
    return machine.Reporting(debian, initramfs, f"rw quiet {INITS[init]}", drives, folder / "console.log", seconds)


def show(vm):
    """Prints what the tests say; returns (their last line, their exit status or None)."""
    summary, status = None, None
    with open(image.FOLDER / "logs/tests.log", "w") as log:
        for line in vm.lines():
            log.write(line)
            if SUMMARY.match(line):
                summary = line.strip()
            elif line.startswith("VM-STATUS "):
                status = int(line.split()[1])
            else:
                print(line, end="", flush=True)
    return summary, status


def explain(vm, minutes):
    """Why there is no result."""
    why = f"it was not ready after {minutes} minutes (MINUTES=N gives it more)" if vm.timed_out else "it ended by itself"
    print(f"  FAIL  the VM brought no result: {why}. Its console's last lines:\n{vm.last_words()}")


def main():
    init, minutes = os.environ.get("INIT") or "minimal", int(os.environ.get("MINUTES") or 30)
    if init not in INITS:
        sys.exit(f"INIT={init}: there are {' and '.join(INITS)}")
    start = time.monotonic()
    try:
        image.need(["qemu-system-x86_64", "setpriv", "mke2fs"])
        vm = boot(init, sys.argv[1:] or default_tests(), minutes * 60)
    except image.Missing as missing:
        sys.exit(f"test-vm: {missing}")
    made = time.monotonic()
    summary, status = show(vm)
    ended = time.monotonic()
    if status is None:
        explain(vm, minutes)
    how = "KVM" if machine.has_kvm() else "emulation"
    print(f"  VM   {init} init, {how}: {made - start:.0f} s to make its disks, {ended - made:.0f} s from power on to off")
    print(summary or "0 passed, 1 failed, 0 skipped")
    sys.exit(0 if summary and status == 0 else 1)


if __name__ == "__main__":
    main()
