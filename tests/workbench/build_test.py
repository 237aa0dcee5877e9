#!/usr/bin/env python3
"""The Makefile keeps its promises, seen on a tree of two tiny stages: a stage cannot include or link what is above it, each
source is compiled once, and what a stage does not make anew it has from below. Ends with "N passed, N failed, N skipped".
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]

TREE = {
    "stages/01-a/low.hpp": "#pragma once\nint low();\n",
    "stages/01-a/low.cpp": '#include "low.hpp"\nint low() { return 1; }\n',
    "stages/01-a/main_prog.cpp": '#include "low.hpp"\nint main() { return low(); }\n',
    "stages/01-a/main_helper.cpp": "int main() { return 9; }\n",
    "stages/02-b/high.hpp": "#pragma once\nint high();\n",
    "stages/02-b/high.cpp": '#include "high.hpp"\n#include "01-a/low.hpp"\nint high() { return low() + 1; }\n',
    "stages/02-b/main_prog.cpp": '#include "high.hpp"\nint main() { return high(); }\n',
    "final/room/top.hpp": "#pragma once\nint top();\n",
    "final/room/top.cpp": '#include "top.hpp"\n#include "02-b/high.hpp"\nint top() { return high() + 1; }\n',
    "final/main_prog.cpp": '#include "room/top.hpp"\nint main() { return top(); }\n',
}


class Tree:
    """A copy of the Makefile and two stages, in a folder of its own."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        shutil.copy(PROJECT / "Makefile", root)
        shutil.copytree(PROJECT / "scripts", self.root / "scripts")
        for name, text in TREE.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def make(self, *targets):
        """(exit code, output) of make, as a user would start it."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        environment.pop("SLIPWAY_BUILD", None)
        done = subprocess.run(["make", *targets], cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def run(self, program):
        return subprocess.run([self.root / program]).returncode


def stages_stand_on_each_other(tree):
    status, output = tree.make("final", "programs-01", "programs-02")
    assert status == 0, output
    answers = [tree.run(f"build/{stage}/prog") for stage in ("stage-01", "stage-02", "final")]
    assert answers == [1, 2, 3], answers
    assert output.count("CXX  stages/01-a/low.cpp") == 1, output


def what_is_not_made_anew_comes_from_below(tree):
    assert tree.make("final", "programs-02")[0] == 0
    assert tree.run("build/stage-02/helper") == 9
    assert tree.run("build/final/helper") == 9
    tree.write("stages/01-a/main_helper.cpp", "int main() { return 8; }\n")
    assert tree.make("final")[0] == 0
    assert tree.run("build/final/helper") == 8


def nothing_is_done_twice(tree):
    tree.make("final")
    output = tree.make("final")[1]
    assert "CXX" not in output and "LINK" not in output, output


def a_header_reaches_its_users_only(tree):
    tree.make("final")
    tree.write("stages/02-b/high.hpp", "#pragma once\nint high();  // changed\n")
    output = tree.make("final")[1]
    assert "CXX  stages/02-b/high.cpp" in output and "CXX  final/room/top.cpp" in output, output
    assert "stages/01-a" not in output, output


def a_higher_stage_cannot_be_included(tree):
    tree.write("stages/01-a/leak.cpp", '#include "02-b/high.hpp"\n')
    status, output = tree.make("programs-01")
    assert status != 0 and "stages/01-a/leak.cpp" in output and "02-b/high.hpp" in output, output


def a_higher_stage_cannot_be_linked(tree):
    tree.write("stages/01-a/main_prog.cpp", "int high();\nint main() { return high(); }\n")
    status, output = tree.make("final", "programs-01")
    assert status != 0 and "undefined reference to `high()'" in output, output


def a_new_stage_is_seen(tree):
    assert tree.make("programs-02")[0] == 0
    tree.write("stages/03-c/next.cpp", '#include "02-b/high.hpp"\nint next() { return high(); }\n')
    tree.write("stages/03-c/main_prog.cpp", "int next();\nint main() { return next() + 40; }\n")
    status, output = tree.make("programs-03")
    assert status == 0, output
    assert tree.run("build/stage-03/prog") == 42
    assert tree.run("build/stage-03/helper") == 9


def a_stage_that_is_not_there_says_so(tree):
    status, output = tree.make("stage-03")
    assert status != 0 and "Stage 03 is not built yet" in output, output


def a_warning_is_an_error(tree):
    tree.write("stages/01-a/low.cpp", '#include "low.hpp"\nint low() { int unused; return 1; }\n')
    assert tree.make("programs-01")[0] != 0


TESTS = [stages_stand_on_each_other, what_is_not_made_anew_comes_from_below, nothing_is_done_twice,
         a_header_reaches_its_users_only, a_higher_stage_cannot_be_included, a_higher_stage_cannot_be_linked,
         a_new_stage_is_seen, a_stage_that_is_not_there_says_so, a_warning_is_an_error]


def main():
    failed = 0
    for test in TESTS:
        name = "build: " + test.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory(prefix="slipway-test-build-") as root:
            try:
                test(Tree(root))
                print(f"  ok    {name}", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"  FAIL  {name}\n{error}", flush=True)
    print(f"{len(TESTS) - failed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
