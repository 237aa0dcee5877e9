"""Words that must not stand in the code, each with its reason, and words that a stage must not know yet."""

import re

from tree import sources

# (what, pattern, files or folders that may, why). Looked for in code only, not in comments or strings.
BANNED = [
    ("system()", r"(?<![\w.>])system\s*\(", [],
     "runs a shell with whatever stands in the string; spawn a program with an argument list"),
    ("popen()", r"(?<![\w.>])popen\s*\(", [], "runs a shell, as system() does"),
    ("std::regex", r"std::w?s?regex|#\s*include\s*<regex>", [],
     "costs 5 s of compile time per file, recurses on its input and is slow; write a small scanner"),
    ("close()", r"(?<![\w.>])close\s*\(", ["stages/01-cli-socket/unique_fd.hpp"],
     "descriptors live in a UniqueFd, which closes them once and keeps errno"),
    ("fork()", r"(?<![\w.>])v?fork\s*\(", ["stages/02-daemon/launch/clone_process.cpp", "stages/03-namespaces/init/reaper.cpp",
     "tests/images/probe.cpp"],
     "a daemon with threads must not fork: spawn() programs; a container's process has one wrapper"),
    ("remove_all", r"\bremove_all\b", ["tests/"],
     "follows names that a container may swap under it; delete through descriptors"),
    ("co_await", r"\bco_(await|yield|return)\b", [],
     "g++ 12 destroys coroutine arguments twice"),
    ("new", r"\bnew\s+[\w:(]|\bnew\s*\(", [], "who deletes it? std::make_unique, or a value"),
]

# What each stage brings; the stages below must not name it. These are the kernel's and the formats' words, not the field
# names of Docker's API, which is one document from the start. Looked for in code and strings, not in comments.
BROUGHT_BY = {
    "03": ["pivot_root", "CLONE_NEW", "unshare", "setns"],
    "04": ["memory.max", "memory.limit", "pids.max", "cpu.max"],
    "05": ["diff_id", "whiteout", "Dockerfile"],
    "06": ["/_data"],
    "07": ["veth", "iptables", "nft", "masquerade"],
}


def check(root):
    files = sources(root)
    return [problem for source in files for problem in [*banned(source), *upward(source)]]


def banned(source):
    code = source.code()
    for what, pattern, allowed, reason in BANNED:
        if source.name.startswith(tuple(allowed)):
            continue
        for number, line in enumerate(code, 1):
            if re.search(pattern, line):
                yield source.problem(number, f"{what}: {reason}")


def upward(source):
    if source.stage is None:
        return
    for number, line in enumerate(source.code(strings=True), 1):
        for stage, words in BROUGHT_BY.items():
            for word in words:
                if stage > source.stage and re.search(r"\b" + re.escape(word), line):
                    yield source.problem(number, f"'{word}' is what stage {stage} brings: stage {source.stage} "
                                                 "must not know it")
