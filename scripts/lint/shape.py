"""The shape of the code: short mains, short functions, files that can be read in one sitting."""

import subprocess

from tree import sources

MAIN_LINES = 60  # a main lists pieces; one that grows has started to hold what belongs into a piece
FUNCTION_LINES = 80  # most are under 10
FILE_LINES = 500


def check(root):
    files = sources(root)
    problems = long_functions(root, files)
    for source in files:
        length = len(source.lines)
        if source.is_main and length > MAIN_LINES:
            problems.append(source.problem(1, f"{length} lines: a main has at most {MAIN_LINES} and only lists pieces"))
        if length > FILE_LINES:
            problems.append(source.problem(1, f"{length} lines: a file has at most {FILE_LINES}: one concept, one file"))
    return problems


def long_functions(root, files):
    """universal-ctags knows where functions begin and end."""
    by_path = {str(source.path): source for source in files}
    listing = subprocess.run(
        ["ctags", "-f", "-", "-L", "-", "--excmd=number", "--languages=C++", "--langmap=C++:.cpp.hpp",
         "--kinds-C++=f", "--fields=+ne"],
        input="\n".join(by_path), check=True, capture_output=True, text=True).stdout
    problems = []
    for line in listing.splitlines():
        name, path, *fields = line.split("\t")
        places = dict(field.split(":", 1) for field in fields if ":" in field)
        if "end" not in places:
            continue
        start, end = int(places["line"]), int(places["end"])
        if end - start + 1 > FUNCTION_LINES:
            problems.append(by_path[path].problem(
                start, f"{name}() has {end - start + 1} lines, at most {FUNCTION_LINES}: name its parts"))
    return problems
