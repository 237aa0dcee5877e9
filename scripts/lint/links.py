"""The link rule: a program of stage N is linked with the libraries of stages up to N, as the Makefile itself lists them."""

import pathlib
import re
import subprocess

from tree import Problem


def check(root):
    if not (pathlib.Path(root) / "Makefile").exists():
        return []
    # "build/stage-03/slipwayd: build/lib/libstage-03.a build/lib/libstage-02.a …", a line per program
    listing = subprocess.run(["make", "-s", "-C", root, "print-links"], check=True, capture_output=True, text=True).stdout
    return [problem for line in listing.splitlines() for problem in check_line(line)]


def check_line(line):
    program, _, libraries = line.partition(":")
    own = re.search(r"/stage-(0\d)/", program)
    for library in libraries.split():
        stage = re.search(r"libstage-(0\d)\.a$", library)
        if own and not (stage and stage[1] <= own[1]):
            yield Problem("Makefile", 1, f"{program} is linked with {library}, which is not below it")
