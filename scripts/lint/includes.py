"""The include rule: a stage sees only stages below it, final/ sees all stages, the tests see everything.

The build already compiles a stage with nothing but its predecessors on the include path. This check says it in words,
also stops the ways around it ("../"), finds cycles between files, and draws the dependency picture.
"""

import re

from tree import sources

INCLUDE = re.compile(r'\s*#\s*include\s*["<]([^">]+)[">]')


def includes_of(source):
    """(line, included name) for each include of a file of ours."""
    for number, line in enumerate(source.code(strings=True), 1):
        match = INCLUDE.match(line)
        if match and (f'"{match[1]}"' in line or re.match(r"0\d-|\.|final/", match[1])):
            yield number, match[1]


def resolve(source, name, names):
    """The file that an include means, as the compiler finds it, or None."""
    folders = {"stages": ["stages/"], "final": ["final/", "stages/"], "tests": ["stages/", "tests/", ""]}
    tried = [source.folder + "/" + name] + [folder + name for folder in folders[source.name.split("/")[0]]]
    return next((path for path in tried if path in names), None)


def objection(source, name, target):
    """Why `source` may not include `name`, which is the file `target`; None if it may."""
    if ".." in name.split("/"):
        return f'"{name}" goes around the include path: name the stage'
    if target is None:
        return f'"{name}" is not there, or is not below this file'
    if target.startswith("tests/") and not source.name.startswith("tests/"):
        return f'"{name}" is a test\'s file: the product must not need it'
    if source.stage is None:
        return None
    stage = re.match(r"stages/(0\d)-", target)
    if stage is None or stage[1] > source.stage:
        return f'"{name}" is above stage {source.stage}: a stage includes only lower ones'
    if target.rpartition("/")[0] == source.folder and "/" in name:
        return f'"{name}" stands beside this file: include it by its bare name'
    return None


def graph(root):
    """(problems, {file: set of files}) of all includes."""
    files = sources(root)
    names = {source.name for source in files}
    problems, edges = [], {name: set() for name in names}
    for source in files:
        for line, name in includes_of(source):
            target = resolve(source, name, names)
            text = objection(source, name, target)
            if text:
                problems.append(source.problem(line, text))
            if target:
                edges[source.name].add(target)
    return problems, edges


def room_graph(edges):
    """{room: set of rooms}: the folders of a stage, seen as one. A stage's own folder, which puts the rooms together, is none."""
    rooms = {}
    for name, targets in edges.items():
        if name.startswith("stages/") and name.count("/") == 3:
            room = name.rpartition("/")[0]
            rooms.setdefault(room, set()).update(
                other for target in targets if (other := target.rpartition("/")[0]).count("/") == 2 and other != room)
    return {room: {other for other in below if other in rooms} for room, below in rooms.items()}


def find_cycle(edges):
    """One cycle as a list of names, or None. Depth first, three colours."""
    done, path = set(), []

    def visit(node):
        if node in done:
            return None
        if node in path:
            return path[path.index(node):] + [node]
        path.append(node)
        cycle = next(filter(None, map(visit, sorted(edges[node]))), None)
        path.pop()
        done.add(node)
        return cycle

    return next(filter(None, map(visit, sorted(edges))), None)


def check(root):
    problems, edges = graph(root)
    cycle = find_cycle(edges)
    if cycle:
        first = next(source for source in sources(root) if source.name == cycle[0])
        problems.append(first.problem(1, "a cycle of includes: " + " -> ".join(cycle)))
    cycle = find_cycle(room_graph(edges))
    if cycle:
        first = next(source for source in sources(root) if source.folder == cycle[0])
        problems.append(first.problem(1, "a cycle of rooms: " + " -> ".join(cycle)))
    return problems


def part_of(name):
    """The box of the dependency picture that a file belongs to."""
    parts = name.split("/")
    if parts[0] != "stages":
        return parts[0]
    return "/".join(parts[1:-1])  # "02-daemon/shim"


def picture(root):
    """{part: {part below: number of includes}} without the tests."""
    _, edges = graph(root)
    result = {}
    for name, targets in sorted(edges.items()):
        if name.startswith("tests/"):
            continue
        below = result.setdefault(part_of(name), {})
        for target in targets:
            if part_of(target) != part_of(name):
                below[part_of(target)] = below.get(part_of(target), 0) + 1
    return result


def picture_as_text(root):
    lines = []
    for part, below in picture(root).items():
        targets = ", ".join(f"{name} ({count})" for name, count in sorted(below.items()))
        lines.append(f"  {part:<18} -> {targets or 'nothing of ours'}")
    return "\n".join(lines)


def picture_as_dot(root):
    """For graphviz: the parts as boxes, files inside, and each include as an arrow."""
    _, edges = graph(root)
    shown = {name: targets for name, targets in edges.items() if not name.startswith("tests/")}
    lines = ["digraph slipway {", "  rankdir=BT; node [shape=box, fontname=sans];"]
    for part in sorted({part_of(name) for name in shown}):
        lines.append(f'  subgraph "cluster_{part}" {{ label="{part}";')
        lines += [f'    "{name}" [label="{name.rsplit("/", 1)[1]}"];' for name in sorted(shown) if part_of(name) == part]
        lines.append("  }")
    lines += [f'  "{name}" -> "{target}";' for name in sorted(shown) for target in sorted(shown[name])]
    return "\n".join(lines + ["}"])
