#!/usr/bin/env python3
"""Each rule of `make lint` catches what it is there for: a small clean tree passes, and each planted violation fails with
the file named. Prints a line per test and, last, "N passed, N failed, N skipped".
"""

import pathlib
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]
LINT = PROJECT / "scripts/lint/lint.py"

HEADER = "#pragma once\n"
FUNCTION = "namespace slipway {{\nint {name}(int value) {{\n{body}  return value;\n}}\n}}  // namespace slipway\n"

CLEAN = {
    "stages/01-a/low.hpp": HEADER + "int low();\n",
    "stages/01-a/low.cpp": '#include "low.hpp"\n\n// system() and fork() are only words here\nint low() { return 1; }\n',
    "stages/01-a/main_prog.cpp": '#include "low.hpp"\n\nint main() { return low(); }\n',
    "stages/02-b/high.hpp": HEADER + '\n#include "01-a/low.hpp"\n\nint high();\n',
    "stages/02-b/high.cpp": '#include "high.hpp"\n\nint high() {\n'
                            '  //@exercise 02.1 Answer twice as much\n  //@hint look below\n  //@stub return 0;\n'
                            '  return 2 * low();\n  //@end\n}\n',
    "final/main_prog.cpp": '#include "02-b/high.hpp"\n\nint main() { return high(); }\n',
    "final/room/thing.hpp": HEADER + '\n#include "02-b/high.hpp"\n',
    "tests/01-a/low_test.cpp": '#include "01-a/low.hpp"\n\nint test() { return low(); }\n',
}


def lines(count, start="value += "):
    return "".join(f"  {start}{number};\n" for number in range(count))


def function(name, body):
    return FUNCTION.format(name=name, body=body)


# (check, what is planted, the files, the file that must be named)
PLANTED = [
    ("includes", "a stage includes a higher one",
     {"stages/01-a/leak.cpp": '#include "02-b/high.hpp"\n'}, "stages/01-a/leak.cpp"),
    ("includes", "a stage goes around the include path",
     {"stages/01-a/leak.hpp": HEADER + '#include "../02-b/high.hpp"\n'}, "stages/01-a/leak.hpp"),
    ("includes", "a stage includes a higher one with angle brackets",
     {"stages/01-a/leak.cpp": "#include <02-b/high.hpp>\n"}, "stages/01-a/leak.cpp"),
    ("includes", "a stage includes final/",
     {"stages/02-b/leak.cpp": '#include "room/thing.hpp"\n'}, "stages/02-b/leak.cpp"),
    ("includes", "final/ includes a test",
     {"final/leak.cpp": '#include "harness/x.hpp"\n', "tests/harness/x.hpp": HEADER}, "final/leak.cpp"),
    ("includes", "two headers include each other",
     {"stages/01-a/x.hpp": HEADER + '#include "y.hpp"\n', "stages/01-a/y.hpp": HEADER + '#include "x.hpp"\n'},
     "stages/01-a/x.hpp"),
    ("includes", "two rooms of a stage need each other",
     {"stages/01-a/x/one.hpp": HEADER, "stages/01-a/x/two.hpp": HEADER + '#include "01-a/y/one.hpp"\n',
      "stages/01-a/y/one.hpp": HEADER, "stages/01-a/y/two.hpp": HEADER + '#include "01-a/x/one.hpp"\n'},
     "stages/01-a/x/one.hpp"),
    ("includes", "a file beside is included by its folder",
     {"stages/01-a/x.cpp": '#include "01-a/low.hpp"\n'}, "stages/01-a/x.cpp"),
    ("links", "a program is linked with a higher stage's library",
     {"Makefile": "print-links:\n\t@echo 'build/stage-01/prog: build/lib/libstage-02.a build/lib/libstage-01.a'\n"},
     "build/stage-01/prog"),
    ("shape", "a main of 61 lines", {"stages/01-a/main_fat.cpp": "int x;\n" * 61}, "stages/01-a/main_fat.cpp"),
    ("shape", "a function of 81 lines",
     {"final/long.cpp": function("long_one", lines(78))}, "final/long.cpp"),
    ("shape", "a file of 501 lines", {"stages/02-b/long.hpp": "int x;\n" * 501}, "stages/02-b/long.hpp"),
    ("duplicates", "six lines stand twice",
     {"stages/01-a/one.cpp": function("one", lines(6)), "stages/02-b/two.cpp": function("two", "\n" + lines(6))},
     "stages/02-b/two.cpp"),
    ("words", "a word of a higher stage", {"stages/01-a/w.cpp": 'const char* x = "veth";\n'}, "stages/01-a/w.cpp"),
    ("markers", "an exercise in a header",
     {"stages/01-a/x.hpp": "//@exercise 01.1 x\nint x;\n//@end\n"}, "stages/01-a/x.hpp"),
    ("markers", "an exercise without its end", {"stages/01-a/x.cpp": "//@exercise 01.1 x\nint x;\n"}, "stages/01-a/x.cpp"),
    ("markers", "an exercise inside another",
     {"stages/01-a/x.cpp": "//@exercise 01.1 x\n//@exercise 01.2 y\nint x;\n//@end\n"}, "stages/01-a/x.cpp"),
    ("markers", "an id that stands twice",
     {"stages/02-b/x.cpp": "//@exercise 02.1 x\nint x;\n//@end\n"}, "stages/02-b/x.cpp"),
    ("markers", "an id of another stage",
     {"stages/01-a/x.cpp": "//@exercise 02.7 x\nint x;\n//@end\n"}, "stages/01-a/x.cpp"),
    ("markers", "an exercise without a title", {"stages/01-a/x.cpp": "//@exercise 01.1\nint x;\n//@end\n"}, "stages/01-a/x.cpp"),
    ("markers", "an exercise that cuts through a block",
     {"stages/01-a/x.cpp": "int f() {\n//@exercise 01.1 x\nreturn 1; }\n//@end\n"}, "stages/01-a/x.cpp"),
    ("markers", "a hint that belongs to nothing", {"stages/01-a/x.cpp": "//@hint x\n"}, "stages/01-a/x.cpp"),
    ("markers", "a word that is no marker", {"stages/01-a/x.cpp": "//@excercise 01.1 x\n"}, "stages/01-a/x.cpp"),
    ("markers", "a region without its end", {"stages/01-a/x.cpp": "//@region x\n"}, "stages/01-a/x.cpp"),
    ("format", "a badly formatted file", {"stages/01-a/x.cpp": "int   x ;\n"}, "stages/01-a/x.cpp"),
] + [
    ("words", word, {"stages/01-a/w.cpp": f"void f() {{\n  {code}\n}}\n"}, "stages/01-a/w.cpp:2")
    for word, code in [
        ("system(", 'std::system("ls");'), ("popen(", 'popen("ls", "r");'), ("std::regex", 'std::regex r("x");'),
        ("a naked close(", "::close(3);"), ("fork(", "if (fork() == 0) return;"), ("vfork(", "::vfork();"),
        ("remove_all", 'std::filesystem::remove_all("/x");'), ("co_await", "co_await task();"), ("new", "auto* x = new int(1);")]
]


def run_lint(check, files):
    """Writes the tree and runs the check on it: (exit code, output)."""
    with tempfile.TemporaryDirectory(prefix="slipway-test-lint-") as root:
        for name, text in {**CLEAN, **files}.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (pathlib.Path(root) / ".clang-format").write_text((PROJECT / ".clang-format").read_text())
        done = subprocess.run([sys.executable, LINT, "--root", root, *check], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


def test(name, good, output):
    print(f"  {'ok  ' if good else 'FAIL'}  {name}", flush=True)
    if not good:
        print(output)
    return good


def main():
    status, output = run_lint([], {})
    results = [test("lint: a clean tree passes", status == 0, output)]
    for check, what, files, named in PLANTED:
        status, output = run_lint([check], files)
        results.append(test(f"lint {check}: {what}", status == 1 and named in output, output))
    passed = sum(results)
    print(f"{passed} passed, {len(results) - passed} failed, 0 skipped")
    sys.exit(passed < len(results))


if __name__ == "__main__":
    main()
