#!/usr/bin/env python3
"""The project's own rules, checked. Each rule is a small file beside this one.

    lint.py                      all checks on this project
    lint.py --root DIR words     one check on another tree
    lint.py --picture            the dependency picture: who includes whom
    lint.py --dot                the same, file by file, for graphviz
"""

import argparse
import pathlib
import sys

import duplicates
import includes
import layout
import lessons
import links
import markers
import shape
import words

CHECKS = {"includes": includes, "links": links, "shape": shape, "words": words, "duplicates": duplicates,
          "markers": markers, "lessons": lessons, "format": layout}


def run(name, root):
    """Prints one check's findings; returns how many."""
    problems = sorted(CHECKS[name].check(root))
    print(f"  LINT {name:<11} {'ok' if not problems else f'{len(problems)} found'}", flush=True)
    for problem in problems:
        print(f"    {problem}")
    return len(problems)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=str(pathlib.Path(__file__).resolve().parents[2]), help="the tree to look at")
    parser.add_argument("--picture", action="store_true", help="only print the dependency picture")
    parser.add_argument("--dot", action="store_true", help="only print it for graphviz")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(CHECKS) + "; all if none is named")
    options = parser.parse_args()
    if unknown := set(options.checks) - set(CHECKS):
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    if options.dot:
        print(includes.picture_as_dot(options.root))
    elif options.picture:
        print(includes.picture_as_text(options.root))
    elif sum([run(name, options.root) for name in options.checks or CHECKS]):
        sys.exit(1)


if __name__ == "__main__":
    main()
