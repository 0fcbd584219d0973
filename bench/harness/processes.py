# SPDX-License-Identifier: Apache-2.0
"""Child processes: servers that run beside a job, and commands whose time and memory are taken."""
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time

NOBODY = 65534
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def as_nobody():
    """What makes subprocess run a command without the rights of root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def give_away(path):
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def must_succeed(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"bench: {command[0]} failed: {done.stdout}{done.stderr}")
    return done.stdout


class Server:
    """Listens when the constructor returns; ended by its own process id."""

    def __init__(self, command, port, log, unprivileged=True, end=signal.SIGTERM, ready=None):
        self.port, self.end = port, end
        with open(log, "w", encoding="utf-8") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            preexec_fn=die_with_parent, **(as_nobody() if unprivileged else {}))
        give_up = time.monotonic() + 60
        while not (self.listens() and (ready is None or ready())):
            if self.process.poll() is not None or time.monotonic() > give_up:
                self.stop()
                with open(log, encoding="utf-8", errors="replace") as output:
                    raise SystemExit(f"bench: {command[0]} does not listen:\n{output.read()[-2000:]}")
            time.sleep(0.05)

    def listens(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(self.end)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Timed:
    """One run that was measured by the program which did it, alone on one processor."""

    def __init__(self, seconds):
        self.seconds = self.cpu_seconds = seconds
        self.mebibytes, self.bytes = 0, 0


class Measured:
    """One run of a command: seconds by the clock, and the peak memory of its largest process."""

    def __init__(self, command, environment, log):
        with open(log, "wb") as output:
            started = time.monotonic()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       env={**os.environ, **environment})
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            with open(log, encoding="utf-8", errors="replace") as output:
                raise SystemExit(f"bench: {' '.join(command)} failed ({process.returncode}):\n{output.read()[-2000:]}")
        self.mebibytes = usage.ru_maxrss / 1024
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
