#!/usr/bin/python3
"""What docker-compose and many scripts stand on: docker's Python library (docker-py) against our socket. It speaks the API
where the command line does not reach: filters as lists, attach and exec below a buffered reader, streams over many
connections, an older API version, and requests as dockerode sends them. Ends with "N passed, N failed, N skipped".
"""

import contextlib
import http.client
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

try:
    import docker
except ImportError:
    print("  skip  docker-py is not installed (python3-docker)")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BUILD = PROJECT / os.environ.get("SLIPWAY_BUILD", "build")


@contextlib.contextmanager
def engine():
    """A slipwayd with roots of its own and the busybox image. \\yields its socket's path"""
    with tempfile.TemporaryDirectory(prefix="slipway-py-") as folder:
        path = f"{folder}/exec/slipway.sock"
        with open(f"{folder}/engine.log", "w") as log:
            daemon = subprocess.Popen([BUILD / "final/slipwayd", "--data-root", f"{folder}/data", "--exec-root",
                                       f"{folder}/exec"], stderr=log)
        try:
            for _ in range(200):
                if os.path.exists(path):
                    break
                time.sleep(0.05)
            client = docker.DockerClient(base_url=f"unix://{path}", version="auto")
            client.images.load((BUILD / "images/busybox.tar").read_bytes())
            yield path
            for container in client.containers.list(all=True):
                container.remove(force=True)
            client.close()
        finally:
            daemon.terminate()
            daemon.wait(20)


def name():
    return f"py-{random.randrange(10**9)}"


def sleeper(client, **options):
    return client.containers.run("busybox", ["sleep", "1000"], detach=True, network_mode="none", **options)


def equal(seen, expected):
    assert seen == expected, f"expected {expected!r}, got {seen!r}"


# --- the tests: each gets a client and the socket's path -----------------------------------------------------------


def run_returns_the_output(client, path):
    equal(client.containers.run("busybox", ["echo", "hello"], remove=True, network_mode="none"), b"hello\n")


def a_failed_command_raises_its_status(client, path):
    try:
        client.containers.run("busybox", ["sh", "-c", "echo bad >&2; exit 3"], remove=True, network_mode="none")
    except docker.errors.ContainerError as error:
        equal((error.exit_status, error.stderr), (3, b"bad\n"))
    else:
        raise AssertionError("no error was raised")


def a_command_that_is_missing_is_an_api_error(client, path):
    try:
        client.containers.run("busybox", ["no-such-program"], remove=True, network_mode="none")
    except docker.errors.APIError as error:
        assert "executable file not found" in str(error), error
    else:
        raise AssertionError("no error was raised")
    (container,) = client.containers.list(all=True)  # docker-py removes only what has run
    equal((container.status, container.attrs["State"]["ExitCode"]), ("created", 127))
    container.remove()


def lifecycle(client, path):
    container = client.containers.create("busybox", ["sleep", "1000"], name=name(), network_mode="none", labels={"a": "b"})
    equal(container.status, "created")
    container.start()
    container.reload()
    equal((container.status, container.labels["a"]), ("running", "b"))
    container.kill("SIGKILL")
    equal(container.wait()["StatusCode"], 137)
    container.remove()
    try:
        container.reload()
    except docker.errors.NotFound:
        return
    raise AssertionError("it is still there")


def restart_and_rename(client, path):
    container = sleeper(client)
    first = container.attrs["State"]["StartedAt"] if "State" in container.attrs else None
    container.restart(timeout=0)
    container.reload()
    equal(container.status, "running")
    assert container.attrs["State"]["StartedAt"] != first
    new = name()
    container.rename(new)
    container.reload()
    equal(container.name, new)
    container.remove(force=True)


def filters_as_lists(client, path):
    """docker-py sends {"label":["a=b"]}, the command line {"label":{"a=b":true}}."""
    one, two = name(), name()
    kept = sleeper(client, name=one, labels={"kind": "kept"})
    other = sleeper(client, name=two, labels={"kind": "other"})
    by = lambda **filters: [found.name for found in client.containers.list(all=True, filters=filters)]
    equal(by(label="kind=kept"), [one])
    equal(by(label=["kind=other"]), [two])
    equal(sorted(by(status="running")), sorted([one, two]))
    equal(by(name=two), [two])
    equal(by(ancestor="busybox", label="kind=kept"), [one])
    for container in (kept, other):
        container.remove(force=True)


def logs_follow_to_the_end(client, path):
    container = client.containers.run("busybox", ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.1; done"], detach=True,
                                      network_mode="none")
    equal(b"".join(container.logs(stream=True, follow=True)), b"1\n2\n3\n")
    equal(container.logs(tail=1), b"3\n")
    container.remove()


def many_streams_at_once(client, path):
    container = client.containers.run("busybox", ["sh", "-c", "sleep 0.3; seq 1 500"], detach=True, network_mode="none")
    results = []
    follow = lambda: results.append(b"".join(docker.DockerClient(base_url=f"unix://{path}").containers.get(container.id).logs(
        stream=True, follow=True)))
    threads = [threading.Thread(target=follow) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    equal(results, [b"".join(b"%d\n" % i for i in range(1, 501))] * 8)
    container.remove()


def attach_reads_below_a_buffered_reader(client, path):
    """docker-py loses what arrives in one read with the head: the head must travel alone."""
    container = client.containers.create("busybox", ["cat"], stdin_open=True, network_mode="none")
    stream = client.api.attach_socket(container.id, {"stdin": 1, "stdout": 1, "stream": 1})
    container.start()
    stream._sock.sendall(b"ping\n")
    stream._sock.shutdown(socket.SHUT_WR)
    equal(stream.read(8 + 5)[8:], b"ping\n")
    stream.close()
    container.remove(force=True)


def exec_returns_code_and_output(client, path):
    container = sleeper(client)
    for _ in range(10):
        equal(tuple(container.exec_run(["sh", "-c", "echo out; exit 5"])), (5, b"out\n"))
    code, (out, err) = container.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)
    equal((code, out, err), (0, b"out\n", b"err\n"))
    equal(container.exec_run(["no-such-program"]).exit_code, 127)
    equal(container.exec_run("id -u", user="1000").output, b"1000\n")
    equal(container.exec_run("pwd", workdir="/tmp").output, b"/tmp\n")
    equal(container.exec_run(["sh", "-c", "echo $WORD"], environment={"WORD": "sea"}).output, b"sea\n")
    container.remove(force=True)


def exec_streams(client, path):
    container = sleeper(client)
    output = container.exec_run(["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.05; done"], stream=True).output
    equal(b"".join(output), b"1\n2\n3\n")
    container.remove(force=True)


def events_tell_a_life(client, path):
    since = int(time.time()) - 1
    container = client.containers.create("busybox", ["true"], name=name(), network_mode="none")
    container.start()
    container.wait()
    container.remove()
    events = client.events(since=since, until=int(time.time()) + 1, decode=True, filters={"container": container.id})
    equal([event["Action"] for event in events], ["create", "start", "die", "destroy"])


def waits_for_removal(client, path):
    container = sleeper(client, remove=True)
    threading.Timer(0.3, lambda: docker.DockerClient(base_url=f"unix://{path}").containers.get(container.id).kill()).start()
    equal(container.wait(condition="removed")["StatusCode"], 137)


def top_lists_processes(client, path):
    container = sleeper(client)
    answer = container.top()
    assert "PID" in answer["Titles"] and any("sleep 1000" in word for row in answer["Processes"] for word in row), answer
    container.remove(force=True)


def prune_removes_what_has_ended(client, path):
    container = client.containers.create("busybox", ["true"], network_mode="none", labels={"prune": "me"})
    answer = client.containers.prune(filters={"label": "prune=me"})
    equal(answer["ContainersDeleted"], [container.id])


def an_older_version_is_honoured(client, path):
    old = docker.DockerClient(base_url=f"unix://{path}", version="1.41")
    equal(old.containers.run("busybox", ["echo", "old"], remove=True, network_mode="none"), b"old\n")
    old.close()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(path, method, target, body=None):
    """(status, content type, body) of one request without a version, as dockerode sends them."""
    connection = UnixConnection(path)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    connection.request(method, target, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers.get("Content-Type"), answer.read()


def the_body_repeated_in_the_query(client, path):
    body = {"Image": "busybox", "Cmd": ["echo", "twice"], "HostConfig": {"NetworkMode": "none"},
            "Env": [f"WORD{i}={'x' * 40}" for i in range(200)]}
    query = urllib.parse.urlencode({**{key: json.dumps(value) for key, value in body.items()}, "noOverwriteDirNonDir": ""})
    status, _, text = ask(path, "POST", f"/containers/create?{query}", body)
    equal(status, 201)
    equal(ask(path, "DELETE", f"/containers/{json.loads(text)['Id']}")[0], 204)


def filters_as_maps_and_as_lists(client, path):
    container = sleeper(client, labels={"way": "map"})
    for filters in ({"label": {"way=map": True}}, {"label": ["way=map"]}, {"label": {"way": True}}):
        status, _, text = ask(path, "GET", "/containers/json?filters=" + urllib.parse.quote(json.dumps(filters)))
        equal((status, [entry["Id"] for entry in json.loads(text)]), (200, [container.id]))
    equal(ask(path, "GET", "/containers/json?filters=" + urllib.parse.quote('{"no-such":["x"]}'))[0], 400)
    container.remove(force=True)


def exec_and_attach_without_upgrade(client, path):
    container = sleeper(client)
    _, _, text = ask(path, "POST", f"/containers/{container.id}/exec", {"Cmd": ["echo", "raw"], "AttachStdout": True})
    status, kind, output = ask(path, "POST", f"/exec/{json.loads(text)['Id']}/start", {"Detach": False, "Tty": False})
    equal((status, output), (200, b"\x01\0\0\0\0\0\0\x04raw\n"))
    assert kind in ("application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"), kind
    container.remove(force=True)


TESTS = [value for key, value in list(globals().items())
         if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:2] == ("client", "path")]


def main():
    wanted = sys.argv[1:]
    passed, failed = 0, 0
    with engine() as path:
        for test in TESTS:
            title = test.__name__.replace("_", " ")
            if wanted and test.__name__ not in wanted:
                continue
            client = docker.DockerClient(base_url=f"unix://{path}", version="auto", timeout=60)
            try:
                test(client, path)
                passed += 1
                print(f"  ok    docker-py: {title}")
            except Exception:
                failed += 1
                print(f"  FAIL  docker-py: {title}\n{traceback.format_exc()}")
            client.close()
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
