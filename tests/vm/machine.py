"""One boot of the VM: QEMU, with the machine's own virtualisation where there is /dev/kvm and emulation otherwise."""

import os
import pathlib
import subprocess
import threading


def has_kvm():
    return os.access("/dev/kvm", os.R_OK | os.W_OK)


def processors():
    return str(min(os.cpu_count() or 1, 4))


# no_timer_check: on a busy host the emulated timer may be too late for the kernel, which then waits for ever.
def qemu_line(debian, initramfs, command_line, more):
    """QEMU's command line without the devices that make the difference (`more`)."""
    speed = ["-accel", "kvm", "-cpu", "host"] if has_kvm() else ["-accel", "tcg,thread=multi", "-cpu", "max"]
    # setpriv: whoever kills us, however, takes the machine along.
    return ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-machine", "pc", *speed, "-smp", processors(),
            "-m", "2G", "-no-reboot", "-nodefaults", "-no-user-config", "-display", "none",
            "-kernel", str(debian / "vmlinuz"), "-initrd", str(initramfs),
            "-append", f"console=ttyS0 panic=-1 no_timer_check {command_line}", "-device", "virtio-rng-pci", *more]


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
