#!/usr/bin/env python3
"""Lessons and code tell the same story. Part of `make lint`; by itself:

    lesson_check.py                     check all lessons (the rules stand in scripts/lint/lessons.py)
    lesson_check.py stages/             the same
    lesson_check.py --write             pull the code of marked regions into the lessons
    lesson_check.py --script FOLDER     print the runnable blocks of one lesson as a shell script
"""

import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "lint"))

import lessons  # noqa: E402  (found through the line above)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="?", default=str(ROOT / "stages"), help="the folder that holds the stages")
    parser.add_argument("--write", action="store_true", help="pull code into the lessons")
    parser.add_argument("--script", metavar="FOLDER", help="print one lesson's runnable blocks")
    options = parser.parse_args()
    root = pathlib.Path(options.stages).resolve().parent
    if options.script:
        print(lessons.Lesson(pathlib.Path(options.script).resolve() / "README.md", root).script())
        return
    if options.write:
        for lesson in lessons.lessons(root):
            lesson.write()
    problems = lessons.check(root)
    for problem in sorted(problems):
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
