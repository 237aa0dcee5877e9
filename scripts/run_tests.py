#!/usr/bin/env python3
"""`make test`: runs every suite, shows what they print, and ends with one line: "N passed, N failed, N skipped".

A suite is a program that ends with such a line itself; one that does not is a single test. With arguments, only the C++
tests run, and the arguments are theirs: a test's name, a [tag], --help. VM=1 adds those of `make test-vm`.
"""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / os.environ.get("SLIPWAY_BUILD", "build")
SUMMARY = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped$")


def run(title, command):
    """(passed, failed, skipped) of one suite."""
    print(f"\n== {title}", flush=True)
    counts = None
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, errors="replace") as suite:
        for line in suite.stdout:
            match = SUMMARY.match(line.strip())
            counts = [int(number) for number in match.groups()] if match else counts
            if not match:
                print(line, end="", flush=True)
    counts = counts or ([0, 0, 0] if suite.returncode else [1, 0, 0])
    if suite.returncode and not counts[1]:
        print(f"  FAIL  {title}: it ended with status {suite.returncode}")
        counts[1] = 1
    return counts


def suites(arguments):
    tests = ("C++ tests", [BUILD / "tests/slipway-tests", *arguments])
    if arguments:
        return [tests]
    scripts = [(f"{path.parent.name}/{path.name}", [path]) for path in sorted(ROOT.glob("tests/*/*_test.py"))]
    vm = [("tests in the VM, with cgroup v2", [ROOT / "tests/vm/test_vm.py"])] if os.environ.get("VM") else []
    return [("lint", ["make", "--no-print-directory", "lint"]), *scripts, tests, *vm]


def main():
    os.environ["PATH"] += f":{BUILD}/tools"  # docker's client, where the machine has none
    results = [run(title, command) for title, command in suites(sys.argv[1:])]
    passed, failed, skipped = map(sum, zip(*results))
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
