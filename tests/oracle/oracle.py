#!/usr/bin/env python3
"""Asks a real dockerd and Slipway the same things, with the same docker client, and prints where the answers differ.

Differences that are meant to be stand in accepted.txt, each with its reason. Others make this fail.
dockerd runs in mount and network namespaces of its own with private roots: the host's docker is not touched.

    make oracle
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import questions

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ROOT / "build" / "final"
IMAGE = ROOT / "build" / "images" / "busybox.tar"
DOCKERD = """
mkdir -p /run/docker && mount -t tmpfs none /run/docker && ip link set lo up
exec dockerd --data-root "$1/data" --exec-root "$1/exec" -p "$1/pid" -H "unix://$1/sock" \
  --bridge=none --iptables=false --ip6tables=false
"""


def command_of(name, folder):
    if name == "docker":
        return ["unshare", "-m", "-n", "sh", "-c", DOCKERD, "dockerd", str(folder)]
    return [str(PROGRAMS / "slipwayd"), "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
            "-H", f"unix://{folder}/sock"]


class Engine:
    """One of the two, started; asked through its socket."""

    def __init__(self, name, folder):
        self.name, self.socket = name, folder / "sock"
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(command_of(name, folder), stdout=self.log, stderr=self.log,
                                        start_new_session=True)
        end = time.monotonic() + 60
        while subprocess.run(["curl", "-sf", "-o", "/dev/null", "--unix-socket", str(self.socket), "http://d/_ping"],
                             check=False).returncode != 0:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"{name} did not get ready: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)

    def client(self, words):
        # The older of the two versions, or the client would talk differently to them.
        environment = dict(os.environ, DOCKER_API_VERSION="1.41")
        return subprocess.run(["docker", "-H", f"unix://{self.socket}", *words], capture_output=True, text=True,
                              timeout=120, env=environment, check=False)

    def get(self, target):
        done = subprocess.run(["curl", "-s", "-w", "\n%{http_code}", "--unix-socket", str(self.socket),
                               f"http://d/v1.41{target}"], capture_output=True, text=True, timeout=60, check=True)
        body, status = done.stdout.rsplit("\n", 1)
        return int(status), json.loads(body)

    def stop(self):
        ids = self.client(["ps", "-aq"]).stdout.split()
        if ids:
            self.client(["rm", "-f", "-v", *ids])
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.log.close()


NORMAL = [(re.compile(pattern), text) for pattern, text in [
    (r"\b[0-9a-f]{64}\b", "ID64"),
    (r"\b[0-9a-f]{12}\b", "ID12"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| \+0000 UTC)?", "TIME"),
    (r"(Less than a second|\d+ (seconds?|minutes?)|About a minute)", "DURATION"),
    (r"/tmp/oracle-[^/\s\"]+/(docker|slipway)", "ROOT"),
    (r" +", " "),
]]


def normal(text):
    for pattern, replacement in NORMAL:
        text = pattern.sub(replacement, text)
    return text.strip()


def leaves(value, path=""):
    """Each value of a document by its path; lists by their first element."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from leaves(value[0], f"{path}[]")
    else:
        yield path, value


def differences_of_documents(theirs, ours):
    left, right = dict(leaves(theirs)), dict(leaves(ours))
    for path in sorted(left.keys() | right.keys()):
        if path not in right:
            yield f"{path}: missing; docker has {json.dumps(left[path])}"
        elif path not in left:
            yield f"{path}: not in docker; ours is {json.dumps(right[path])}"
        elif normal(json.dumps(left[path])) != normal(json.dumps(right[path])):
            yield f"{path}: docker {json.dumps(left[path])}, ours {json.dumps(right[path])}"


def differences_of_runs(theirs, ours):
    for what in ("returncode", "stdout", "stderr"):
        left, right = normal(str(getattr(theirs, what))), normal(str(getattr(ours, what)))
        if left != right:
            yield f"{what}: docker {left!r}, ours {right!r}"


def ask(docker, slipway):
    """(question, difference) of all questions."""
    for words in questions.SETUP:
        for engine in (docker, slipway):
            engine.client([str(IMAGE) if word == "IMAGE" else word for word in words])
    for target in questions.TARGETS:
        (left, theirs), (right, ours) = docker.get(target), slipway.get(target)
        if left != right:
            yield target, f"status: docker {left}, ours {right}"
        for difference in differences_of_documents(theirs, ours):
            yield target, difference
    for words in questions.COMMANDS:
        question = "docker " + " ".join(words)
        for difference in differences_of_runs(docker.client(words), slipway.client(words)):
            yield question, difference


def read_accepted():
    """Lines "PATTERN # reason": a regular expression for "question | difference"."""
    accepted = []
    for line in (HERE / "accepted.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            pattern, reason = line.rsplit(" # ", 1)
            accepted.append((re.compile(pattern), reason))
    return accepted


def report(found, accepted):
    unaccepted = 0
    for question, difference in found:
        line = f"{question} | {difference}"
        reason = next((reason for pattern, reason in accepted if pattern.search(line)), None)
        unaccepted += reason is None
        print(f"  {'ok  ' if reason else 'DIFF'} {line}" + (f"   ({reason})" if reason else ""))
    return unaccepted


def main():
    if not shutil.which("dockerd") or not shutil.which("docker"):
        print("oracle: dockerd or docker is not installed: nothing to compare with")
        return 0
    accepted = read_accepted()
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder, contextlib.ExitStack() as stack:
        engines = []
        for name in ("docker", "slipway"):
            (pathlib.Path(folder) / name).mkdir()
            engines.append(Engine(name, pathlib.Path(folder) / name))
            stack.callback(engines[-1].stop)
        unaccepted = report(ask(*engines), accepted)
    print(f"oracle: {len(questions.TARGETS) + len(questions.COMMANDS)} questions, "
          f"{unaccepted} differences that nobody has accepted")
    return 1 if unaccepted else 0


if __name__ == "__main__":
    sys.exit(main())
