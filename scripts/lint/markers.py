"""Exercise markers: the solution that stands in the code is also where the learner's blank comes from.

    //@exercise 04.2 Write memory.max and verify that it took effect
    //@hint  the file wants bytes or "max"; read it back
    //@stub  return {};          optional: what the blank does
    ...solution...
    //@end

Only in .cpp files, around whole statements, never nested; an id belongs to its stage and stands once.

Regions: `//@region NAME` … `//@endregion` is code that a lesson shows; the name stands once per file.
"""

import re

from tree import sources, without_comments

MARKER = re.compile(r"\s*//@\s*(\w+)\s*(.*)")
EXERCISE = re.compile(r"(0\d)\.(\d+)\s+\S")


def check(root):
    problems, ids = [], {}
    for source in sources(root, ("stages", "final")):
        problems += Reader(source, ids).read()
    return problems


class Reader:
    """Reads the markers of one file."""

    def __init__(self, source, ids):
        self.source, self.ids = source, ids
        self.open = None  # the line of the exercise that we are in
        self.region = None  # and of the region
        self.regions = set()
        self.body = []
        self.problems = []

    def complain(self, line, text):
        self.problems.append(self.source.problem(line, text))

    def read(self):
        for number, line in enumerate(self.source.lines, 1):
            match = MARKER.match(line)
            if not match:
                if self.open:
                    self.body.append(line)
                elif "//@" in line:
                    self.complain(number, "a marker needs a line of its own")
                continue
            handler = getattr(self, "on_" + match[1], None)
            if handler is None:
                self.complain(number, f"//@{match[1]}: no such marker (exercise, hint, stub, end, region, endregion)")
            else:
                handler(number, match[2])
        if self.open:
            self.complain(self.open, "//@exercise without its //@end")
        if self.region:
            self.complain(self.region, "//@region without its //@endregion")
        return self.problems

    def on_exercise(self, number, text):
        match = EXERCISE.match(text)
        if self.source.path.suffix != ".cpp":
            self.complain(number, "exercises stand in .cpp files only: declarations stay whole")
        if self.open:
            self.complain(number, f"an exercise inside the one of line {self.open}")
        if not match:
            self.complain(number, '//@exercise wants "NN.k title"')
        elif self.source.stage and match[1] != self.source.stage:
            self.complain(number, f"exercise {match[1]}.{match[2]} stands in stage {self.source.stage}")
        else:
            key = f"{match[1]}.{match[2]}"
            first = self.ids.setdefault(key, f"{self.source.name}:{number}")
            if first != f"{self.source.name}:{number}":
                self.complain(number, f"exercise {key} stands already at {first}")
        self.open, self.body = number, []

    def inside(self, number, marker, text):
        if not self.open:
            self.complain(number, f"//@{marker} outside an exercise")
        if not text:
            self.complain(number, f"//@{marker} says nothing")

    def on_hint(self, number, text):
        self.inside(number, "hint", text)

    def on_stub(self, number, text):
        self.inside(number, "stub", text)

    def on_end(self, number, _):
        if not self.open:
            self.complain(number, "//@end without its //@exercise")
            return
        code = without_comments("\n".join(self.body))
        if not code.strip():
            self.complain(self.open, "an exercise without a solution")
        if not balanced(code):
            self.complain(self.open, "an exercise cuts through a block: its braces do not match")
        self.open = None

    def on_region(self, number, name):
        if self.region:
            self.complain(number, f"a region inside the one of line {self.region}")
        if not name or name in self.regions:
            self.complain(number, "//@region wants a name of its own")
        self.regions.add(name)
        self.region = number

    def on_endregion(self, number, _):
        if not self.region:
            self.complain(number, "//@endregion without its //@region")
        self.region = None


def balanced(code):
    depth = 0
    for character in code:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0
