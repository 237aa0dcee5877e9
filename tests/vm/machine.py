"""One boot of the VM: QEMU, with the machine's own virtualisation where there is /dev/kvm and emulation otherwise."""

import contextlib
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import threading
import time

MEMORY = "2G"
# Debian 12 has it among QEMU's own files, later ones beside.
FILE_SERVERS = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"]
# "$1" read-only for whoever comes after, which a client could not promise: the server's own mount namespace.
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd / && shift && exec "$@"'


def has_kvm():
    return os.access("/dev/kvm", os.R_OK | os.W_OK)


def processors():
    return str(min(os.cpu_count() or 1, 4))


# The plain processor, because emulating one with wide registers makes the C library choose what is slow to emulate; and no
# mitigations of a processor's faults that the emulated one does not have.
# no_timer_check: on a busy host the emulated timer may be too late for the kernel, which then waits for ever.
def qemu_line(debian, initramfs, command_line, more):
    """QEMU's command line without the devices that make the difference (`more`)."""
    speed = ["-accel", "kvm", "-cpu", "host"] if has_kvm() else ["-accel", "tcg,thread=multi", "-cpu", "qemu64"]
    # setpriv: whoever kills us, however, takes the machine along.
    return ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-machine", "pc", *speed, "-smp", processors(),
            "-m", MEMORY, "-no-reboot", "-nodefaults", "-no-user-config", "-display", "none",
            "-kernel", str(debian / "vmlinuz"), "-initrd", str(initramfs),
            "-append", f"console=ttyS0 panic=-1 no_timer_check mitigations=off {command_line}", "-device", "virtio-rng-pci", *more]


def drive(path, flags):
    return ["-drive", f"file={path},if=virtio,cache=unsafe,{flags}"]


class Reporting:
    """A boot that writes what it does to a virtio port, read here line by line; the console goes to a file."""

    def __init__(self, debian, initramfs, command_line, drives, console, seconds):
        more = [*drives, "-serial", f"file:{console}", "-device", "virtio-serial-pci",
                "-chardev", "stdio,id=port,signal=off", "-device", "virtserialport,chardev=port,name=slipway"]
        self.line = qemu_line(debian, initramfs, command_line, more)
        self.console = pathlib.Path(console)
        self.seconds = seconds
        self.timed_out = False

    def lines(self):
        """What the guest says. Ends with the machine, or when the time is over."""
        # Its standard input stays open: at an end of file there the guest would wait until somebody listens.
        with subprocess.Popen(self.line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              errors="replace") as qemu:
            timer = threading.Timer(self.seconds, self._give_up, [qemu])
            timer.start()
            try:
                yield from qemu.stdout
            finally:
                timer.cancel()
                qemu.kill()

    def _give_up(self, qemu):
        self.timed_out = True
        qemu.kill()

    def last_words(self):
        return "".join(self.console.read_text(errors="replace").splitlines(True)[-30:])


@contextlib.contextmanager
def share(folder, tag):
    """Serves a folder of ours to a VM, read-only; gives QEMU's flags for it: none where there is no file server."""
    program = next((path for path in FILE_SERVERS if os.path.exists(path)), None)
    if not program:
        yield []
        return
    place = pathlib.Path(tempfile.mkdtemp(prefix="slipway-vm-"))
    server = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "setpriv", "--pdeathsig", "KILL",
                               "sh", "-c", READ_ONLY, "share", folder, program, f"--socket-path={place}/socket",
                               "-o", f"source={folder}", "-o", "log_level=err"],
                              start_new_session=True, stdin=subprocess.DEVNULL, stderr=open(place / "log", "w"))
    try:
        wait_for(lambda: (place / "socket").exists() or server.poll() is not None)
        yield ["-object", f"memory-backend-memfd,id=memory,size={MEMORY},share=on", "-machine", "memory-backend=memory",
               "-chardev", f"socket,id=share,path={place}/socket", "-device", f"vhost-user-fs-pci,chardev=share,tag={tag}"]
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(place)


def wait_for(done, seconds=20):
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.05)


class Conversation:
    """A console with a program at the keyboard instead of a person."""

    def __init__(self, line, log):
        self.qemu = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.heard = b""
        self.log = log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.qemu.kill()
        self.qemu.wait()

    def say(self, text):
        self.qemu.stdin.write(text.encode() + b"\n")
        self.qemu.stdin.flush()

    def hear(self, text, seconds):
        """Waits until the console shows the text. Gives what came until then; "" if it ends or the time is over before."""
        end = time.monotonic() + seconds
        while text.encode() not in self.heard:
            ready = select.select([self.qemu.stdout], [], [], max(0, end - time.monotonic()))[0]
            data = os.read(self.qemu.stdout.fileno(), 65536) if ready else b""
            if not data:
                return ""
            self.log.write(data)
            self.log.flush()
            self.heard += data
        before, found, self.heard = self.heard.partition(text.encode())
        return (before + found).decode(errors="replace")

    def ended(self, seconds):
        """Waits for the machine to switch itself off."""
        self.hear("\0 which nobody says", seconds)
        wait_for(lambda: self.qemu.poll() is not None)
        return self.qemu.poll() is not None
