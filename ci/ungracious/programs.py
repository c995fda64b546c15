"""The programs, one entry each, and what a program that runs can be asked."""
import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

from peers import SOON, Wrong

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# Of what a program prints, as much is kept.
KEPT = 4 << 20


@dataclasses.dataclass(frozen=True)
class Program:
    """To add one is to add an entry to PROGRAMS, and to `run` what builds it."""
    name: str
    role: str  # client or server
    path: pathlib.Path
    tls: bool = False
    # A client that sends the lines of its standard input; its end closes. The others send a greeting and close after one message.
    lines: bool = False
    # A server that has --subprotocol and --max-message.
    options: bool = False
    # A client whose TLS compares names with the certificate's, and no addresses.
    names_only: bool = False


PROGRAMS = [
    Program("minimal", "client", TARGET / "release/examples/minimal"),
    Program("client", "client", TARGET / "release/examples/client", lines=True),
    Program("std_client", "client", TARGET / "std/client", lines=True),
    Program("wss_client", "client", TARGET / "release/wss_client", tls=True),
    Program("minimal.c", "client", ROOT / "ffi-examples/build/minimal"),
    Program("tls_client.c", "client", ROOT / "ffi-examples/build/tls_client", tls=True),
    Program("mbedtls_client.c", "client", ROOT / "ffi-examples/build/mbedtls_client", tls=True, names_only=True),
    Program("tokio-client", "client", TARGET / "release/examples/peer", lines=True),
    Program("echo_server", "server", TARGET / "release/examples/echo_server", options=True),
    Program("std_echo_server", "server", TARGET / "std/echo_server"),
    Program("wss_server", "server", TARGET / "release/wss_server", tls=True),
    Program("echo_server.c", "server", ROOT / "ffi-examples/build/echo_server", options=True),
    Program("echo_server.cpp", "server", ROOT / "ffi-examples/build/echo_server_cpp", options=True),
    Program("uv_server.c", "server", ROOT / "ffi-examples/build/uv_server", options=True),
    Program("asio_server.cpp", "server", ROOT / "ffi-examples/build/asio_server", options=True),
    Program("tokio-server", "server", TARGET / "release/examples/peer"),
]


class Process:
    """A program that runs. Its output is collected; with `stdout` the caller has given a file instead."""

    def __init__(self, command: list, stdout: int | None = None, env: dict | None = None):
        self.started = time.monotonic()
        self.output = {"stdout": b"", "stderr": b""}
        self.lines = {"stdout": 0, "stderr": 0}
        self.returncode, self.usage, self.ended, self.most = None, None, 0.0, 0.0
        self.over, self.lock = threading.Event(), threading.Lock()
        self.child = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                                      stdout=subprocess.PIPE if stdout is None else stdout,
                                      env={**os.environ, "RUST_BACKTRACE": "0", **(env or {})})
        self.pid = self.child.pid
        pipes = [("stderr", self.child.stderr), ("stdout", self.child.stdout)]
        self.readers = [threading.Thread(target=self.collect, args=pipe, daemon=True) for pipe in pipes if pipe[1]]
        for thread in [*self.readers, threading.Thread(target=self.reap, daemon=True)]:
            thread.start()

    def collect(self, name: str, pipe):
        while got := pipe.read(65536):
            self.lines[name] += got.count(b"\n")
            if len(self.output[name]) < KEPT:
                self.output[name] += got
        pipe.close()

    def reap(self):
        """Waits by itself: only so the CPU time of this one child is known."""
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self.ended = time.monotonic()
        with self.lock:
            _, status, self.usage = os.wait4(self.pid, 0)
            self.child.returncode = self.returncode = os.waitstatus_to_exitcode(status)
        for thread in self.readers:
            thread.join(SOON)
        self.over.set()

    def wait(self, within: float, otherwise: str = "it does not end") -> int:
        if not self.over.wait(within):
            raise Wrong(otherwise)
        return self.returncode

    def signal(self, number: int):
        with self.lock:
            if self.returncode is None:
                os.kill(self.pid, number)

    def stop(self):
        self.signal(signal.SIGKILL)
        self.over.wait(SOON)
        self.child.stdin.close()

    def feed(self, data: bytes, end: bool = False):
        """To its standard input."""
        try:
            while data:
                data = data[self.child.stdin.write(data):]
            if end:
                self.child.stdin.close()
        except (OSError, ValueError):
            pass  # it has ended, or its input has

    def said(self) -> str:
        return (self.output["stdout"] + self.output["stderr"]).decode(errors="replace")

    def cpu(self) -> float:
        """Seconds, of user and system."""
        if self.usage:
            return self.usage.ru_utime + self.usage.ru_stime
        try:
            fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return self.cpu() if self.over.wait(1) else 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> float:
        """The most memory that it has had so far, in MB."""
        with contextlib.suppress(OSError):
            if found := re.search(r"VmHWM:\s*(\d+)", pathlib.Path(f"/proc/{self.pid}/status").read_text()):
                self.most = int(found[1]) / 1024
        return self.most

    def descriptors(self) -> int:
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except OSError:
            raise Wrong(f"it has ended, with {self.wait(SOON)}; it said: {self.said()[-300:]!r}") from None
