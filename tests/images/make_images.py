#!/usr/bin/env python3
"""Makes the images that the tests and the demonstration run, from what Debian brings, without any registry:

    busybox.tar       busybox:latest, one layer, in the format of `docker save` (docker-archive)
    busybox-oci.tar   busybox:oci, the same layer gzipped, as a tar of an OCI image layout
    slipway-test.tar  slipway-test:latest: busybox's layer, and one with /probe (probe.cpp)

Same input, same bytes: names are sorted, times are fixed, everything belongs to root.
Formats: https://github.com/opencontainers/image-spec (config.md, image-layout.md),
         https://github.com/moby/docker-image-spec (the docker-archive).
"""

import argparse
import gzip
import hashlib
import io
import json
import pathlib
import platform
import subprocess
import tarfile

TIME = 1704067200  # 2024-01-01, the time of every file
CREATED = "2024-01-01T00:00:00Z"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())

PASSWD = """root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
"""
GROUP = """root:x:0:
daemon:x:1:
tty:x:5:
www-data:x:33:
nogroup:x:65534:
"""
# busybox's own lookups need this one: without it wget and nslookup of a static busybox find no name.
NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"


class Layer:
    """A tar in the making. Parents of what is added must be added before."""

    def __init__(self):
        self.buffer = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.buffer, mode="w", format=tarfile.USTAR_FORMAT)

    def add(self, name, kind, mode, data=b"", target=""):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.mtime = kind, mode, TIME
        info.uname = info.gname = "root"
        info.size, info.linkname = len(data), target
        self.tar.addfile(info, io.BytesIO(data))

    def folder(self, name, mode=0o755):
        self.add(name, tarfile.DIRTYPE, mode)

    def file(self, name, data, mode=0o644):
        self.add(name, tarfile.REGTYPE, mode, data if isinstance(data, bytes) else data.encode())

    def link(self, name, target):
        self.add(name, tarfile.SYMTYPE, 0o777, target=target)

    def bytes(self):
        self.tar.close()
        return self.buffer.getvalue()


def busybox_layer(busybox):
    layer = Layer()
    for name in ("bin", "dev", "etc", "home", "proc", "sbin", "sys", "usr", "usr/bin", "usr/sbin", "var", "var/www"):
        layer.folder(name)
    layer.folder("root", 0o700)
    layer.folder("tmp", 0o1777)
    layer.file("bin/busybox", busybox.read_bytes(), 0o755)
    applets = subprocess.run([busybox, "--list-full"], check=True, capture_output=True, text=True).stdout
    for name in sorted(set(applets.split()) - {"bin/busybox"}):
        layer.link(name, "/bin/busybox")
    layer.file("etc/group", GROUP)
    layer.file("etc/issue", "Slipway's busybox\n")
    layer.file("etc/nsswitch.conf", NSSWITCH)
    layer.file("etc/passwd", PASSWD)
    return layer.bytes()


def test_layer(probe):
    """Adds, replaces, and removes something of the layer below: what an overlay is for."""
    layer = Layer()
    layer.folder("etc")
    layer.file("etc/.wh.issue", "")  # a whiteout: etc/issue is gone
    layer.file("etc/group", GROUP + "sailor:x:1000:\ncrew:x:2000:sailor\n")
    layer.file("etc/passwd", PASSWD + "sailor:x:1000:1000:a user:/home:/bin/sh\n")
    layer.file("notexec", "#!/bin/sh\necho never\n", 0o644)
    layer.file("probe", probe.read_bytes(), 0o755)
    layer.folder("work")
    layer.file("work/hello.txt", "hello from the second layer\n")
    return layer.bytes()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def to_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def config(layers, history, env=(), **settings):
    return to_json({
        "architecture": ARCHITECTURE, "os": "linux", "created": CREATED,
        "config": {"Env": [PATH, *env], **settings},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha256(layer) for layer in layers]},
        "history": [{"created": CREATED, "created_by": line} for line in history],
    })


def write_tar(path, files):
    tar = Layer()
    for folder in sorted({str(parent) for name in files for parent in pathlib.PurePath(name).parents} - {"."}):
        tar.folder(folder)
    for name, data in files.items():
        tar.file(name, data)
    path.write_bytes(tar.bytes())
    print(f"  IMAGE {path}")


def write_docker_archive(path, tag, config_bytes, layers):
    config_name = sha256(config_bytes) + ".json"
    files = {config_name: config_bytes}
    names = [sha256(layer) + ".tar" for layer in layers]
    files.update(zip(names, layers))
    files["manifest.json"] = to_json([{"Config": config_name, "RepoTags": [tag], "Layers": names}])
    write_tar(path, files)


def write_oci_archive(path, repository, tag, config_bytes, layers):
    files = {}

    def blob(media_type, data):
        files["blobs/sha256/" + sha256(data)] = data
        return {"mediaType": "application/vnd.oci.image." + media_type, "digest": "sha256:" + sha256(data),
                "size": len(data)}

    manifest = to_json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("config.v1+json", config_bytes),
        "layers": [blob("layer.v1.tar+gzip", gzip.compress(layer, mtime=0)) for layer in layers],
    })
    entry = blob("manifest.v1+json", manifest)
    entry["annotations"] = {"org.opencontainers.image.ref.name": tag,
                            "io.containerd.image.name": f"docker.io/library/{repository}:{tag}"}
    files["index.json"] = to_json({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                                   "manifests": [entry]})
    files["oci-layout"] = to_json({"imageLayoutVersion": "1.0.0"})
    write_tar(path, files)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busybox", type=pathlib.Path, default="/bin/busybox", help="Debian's busybox-static")
    parser.add_argument("--probe", type=pathlib.Path, required=True, help="the static program of probe.cpp")
    parser.add_argument("folder", type=pathlib.Path, help="where the images go")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)

    base = busybox_layer(options.busybox)
    busybox_config = config([base], ["ADD busybox /"], Cmd=["sh"])
    write_docker_archive(options.folder / "busybox.tar", "busybox:latest", busybox_config, [base])
    write_oci_archive(options.folder / "busybox-oci.tar", "busybox", "oci", busybox_config, [base])

    layers = [base, test_layer(options.probe)]
    test_config = config(layers, ["ADD busybox /", "ADD probe /"], env=["PROBE=yes"], Cmd=["/probe"], WorkingDir="/work",
                         Labels={"io.slipway.purpose": "test"})
    write_docker_archive(options.folder / "slipway-test.tar", "slipway-test:latest", test_config, layers)


if __name__ == "__main__":
    main()
