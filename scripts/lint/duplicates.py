"""No block of six lines stands twice: what is needed twice is a function.

Lines are compared without comments and blanks; lines that say nothing (braces, includes, access words) don't count.
"""

import re

from tree import sources

BLOCK = 6
SAYS_NOTHING = re.compile(r"[\s{}();,]*$|#|using |namespace |public:|private:|(default|else|return|break);?$")


def telling_lines(source):
    """(line number, normalised text) of the lines that count."""
    for number, line in enumerate(source.code(strings=True), 1):
        text = re.sub(r"\s+", " ", line).strip()
        if not SAYS_NOTHING.match(text):
            yield number, text


def check(root):
    seen, problems = {}, []
    for source in sources(root):
        lines = list(telling_lines(source))
        reported_until = 0
        for start in range(len(lines) - BLOCK + 1):
            block = tuple(text for _, text in lines[start:start + BLOCK])
            place = f"{source.name}:{lines[start][0]}"
            first = seen.setdefault(block, place)
            if first != place and lines[start][0] > reported_until:
                reported_until = lines[start + BLOCK - 1][0]
                problems.append(source.problem(lines[start][0],
                                               f"{BLOCK} lines that already stand at {first}: make them one function"))
    return problems
