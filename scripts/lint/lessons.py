"""A lesson (stages/*/README.md) stays true to the code that it teaches.

- It has the twelve headings, in this order.
- Every fenced block says what it is: console, sh run (the tests run it), cpp, text, json, http.
- A block "```cpp FILE:REGION" is the region of that name in that file of the stage, line for line
  (`scripts/lesson_check.py --write` pulls the code in anew); a cpp block without a region is refused.
- Invariants are numbered 03-I1, 03-I2, … without a gap; what the stage's code and tests cite exists.
- The exercises on the page are those that are marked in the code.
- Links to files of the project lead somewhere.
"""

import pathlib
import re

from tree import Problem

HEADINGS = ["Goal", "Picture", "Predict", "By hand", "Idea and invariants", "Code walk", "Run it", "Explain it", "Tests",
            "Exercises", "How Docker, containerd and runc do it", "Check yourself and read on"]
LANGUAGES = ("console", "sh run", "text", "json", "http")
FENCE = re.compile(r"^```(.*)$")
REGION = re.compile(r"cpp ([\w./-]+):([\w-]+)$")
INVARIANT = re.compile(r"\b(0\d)-I(\d+)\b")
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


class Block:
    """A fenced block: where its first line stands (from 0), what it says it is, and its lines."""

    def __init__(self, start, info, lines):
        self.start, self.info, self.lines = start, info, lines


def blocks_of(lines):
    found, start = [], None
    for number, line in enumerate(lines):
        if not FENCE.match(line):
            continue
        if start is None:
            start = number
        else:
            found.append(Block(start + 1, FENCE.match(lines[start])[1].strip(), lines[start + 1:number]))
            start = None
    return found


def region_of(path, name):
    """The region's lines without their common indent and without other markers; None if it is not there."""
    lines, inside = [], False
    for line in path.read_text().splitlines() if path.is_file() else []:
        marker = line.strip()
        if marker == f"//@region {name}":
            inside = True
        elif inside and marker == "//@endregion":
            indent = min((len(l) - len(l.lstrip()) for l in lines if l.strip()), default=0)
            return [l[indent:] for l in lines]
        elif inside and not marker.startswith("//@"):
            lines.append(line)
    return None


class Lesson:
    def __init__(self, path, root):
        self.path, self.folder, self.root = path, path.parent, pathlib.Path(root)
        self.name = str(path.relative_to(root))
        self.stage = self.folder.name[:2]
        self.lines = path.read_text().splitlines()
        self.blocks = blocks_of(self.lines)
        shown = {n for block in self.blocks for n in range(block.start - 1, block.start + len(block.lines) + 1)}
        self.prose = [(n, line) for n, line in enumerate(self.lines) if n not in shown]

    def problem(self, number, text):
        return Problem(self.name, number + 1, text)

    def check(self):
        return [*self.headings(), *self.code(), *self.invariants(), *self.exercises(), *self.links()]

    def headings(self):
        found = [line[3:].strip() for _, line in self.prose if line.startswith("## ")]
        if found != HEADINGS:
            missing = [heading for heading in HEADINGS if heading not in found]
            yield self.problem(0, f"headings must be the twelve of a lesson, in order; missing: {missing or 'none, but their order'}")

    def code(self):
        for block in self.blocks:
            region = REGION.match(block.info)
            if region:
                wanted = region_of(self.folder / region[1], region[2])
                if wanted is None:
                    yield self.problem(block.start, f"{region[1]} has no region {region[2]}")
                elif wanted != block.lines:
                    yield self.problem(block.start, f"not the code of {region[1]}:{region[2]}: run scripts/lesson_check.py --write")
            elif block.info not in LANGUAGES:
                yield self.problem(block.start, f"a block must be one of {', '.join(LANGUAGES)}, cpp FILE:REGION; not '{block.info}'")

    def invariants(self):
        defined = [int(match[2]) for _, line in self.prose
                   if (match := re.match(r"[-*]? ?\*\*(0\d)-I(\d+)", line)) and match[1] == self.stage]
        if defined != list(range(1, len(defined) + 1)) or not defined:
            yield self.problem(0, f"invariants must be numbered {self.stage}-I1, -I2, … in order; found {defined}")
        tests = self.root / "tests" / self.folder.name
        files = [*self.folder.rglob("*.?pp"), *tests.glob("*.?pp"), self.path]
        cited = {(file, int(match[2])) for file in files for match in INVARIANT.finditer(file.read_text()) if match[1] == self.stage}
        for file, number in sorted(cited):
            if number not in defined:
                yield self.problem(0, f"{file.name} cites {self.stage}-I{number}, which is not on this page")

    def exercises(self):
        marked = {match[1] for file in self.folder.rglob("*.cpp")
                  for match in re.finditer(r"//@exercise (0\d\.\d+)", file.read_text())}
        told = {match[1] for _, line in self.prose if (match := re.match(r"\d+\. \*\*(0\d\.\d+)\*\*", line))}
        for missing in sorted(marked ^ told):
            yield self.problem(0, f"exercise {missing} is " + ("marked but not on this page" if missing in marked else "not marked in the code"))

    def links(self):
        for number, line in self.prose:
            for match in LINK.finditer(line):
                if not (self.folder / match[1]).exists():
                    yield self.problem(number, f"the link to {match[1]} leads nowhere")

    def write(self):
        """Puts the regions' code into the page."""
        for block in reversed(self.blocks):
            region = REGION.match(block.info)
            code = region and region_of(self.folder / region[1], region[2])
            if code:
                self.lines[block.start:block.start + len(block.lines)] = code
        self.path.write_text("\n".join(self.lines) + "\n")

    def script(self):
        """All runnable blocks, in order, as one shell script."""
        return "\n".join("\n".join(block.lines) for block in self.blocks if block.info == "sh run")


def lessons(root):
    return [Lesson(path, root) for path in sorted(pathlib.Path(root).glob("stages/*/README.md"))]


def check(root):
    return [problem for lesson in lessons(root) for problem in lesson.check()]
