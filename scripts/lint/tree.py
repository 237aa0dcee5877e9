"""What every check stands on: the project's C++ files, and their text without comments."""

import dataclasses
import pathlib
import re


@dataclasses.dataclass(order=True)
class Problem:
    """A finding: where, and what to do about it."""
    file: str
    line: int
    text: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.text}"


class Source:
    """One C++ file."""

    def __init__(self, root, path):
        self.path = path
        self.name = path.relative_to(root).as_posix()  # "stages/03-namespaces/launch/pivot.cpp"
        self.text = path.read_text()
        self.lines = self.text.splitlines()

    @property
    def folder(self):
        return self.name.rpartition("/")[0]

    @property
    def stage(self):
        """"03" for a file of stages/03-…, else None."""
        match = re.match(r"stages/(0\d)-", self.name)
        return match and match[1]

    @property
    def is_main(self):
        return self.path.name.startswith("main_") and self.path.suffix == ".cpp"

    def code(self, strings=False):
        """The lines without comments, and without the contents of strings unless `strings`."""
        return without_comments(self.text, strings).splitlines()

    def problem(self, line, text):
        return Problem(self.name, line, text)


def sources(root, places=("stages", "final", "tests")):
    """All C++ files below these folders, in order of their names."""
    root = pathlib.Path(root)
    files = (path for place in places for path in (root / place).rglob("*.[ch]pp"))
    return [Source(root, path) for path in sorted(files)]


TOKEN = re.compile(r"""
    //[^\n]*                                  # a comment to the end of the line
  | /\*.*?\*/                                 # a comment over lines
  | R"(?P<mark>[^()\s]*)\(.*?\)(?P=mark)"     # a raw string
  | "(?:\\.|[^"\\\n])*"                       # a string
  | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'       # a character, not the ' in 1'000
""", re.VERBOSE | re.DOTALL)


def without_comments(text, strings=False):
    def replace(match):
        token = match[0]
        if token.startswith("/"):
            return " " + "\n" * token.count("\n")
        return token if strings else token[0] + "\n" * token.count("\n") + token[-1]

    return TOKEN.sub(replace, text)
