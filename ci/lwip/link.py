"""Programs on lwIP, each behind a TAP device of its own, for the scenarios of ci/ungracious and others."""
import itertools
import json
import re
import signal
import socket
import subprocess
import time

from peers import SOON, Plain
from programs import Process
from runs import ClientRun, ServerRun

PORT = 9001
numbers = itertools.count(1)


class Link:
    """A TAP device, with an address for this end and one for the program's."""

    def __init__(self):
        number = next(numbers)
        self.tap, self.ours, self.theirs = f"tap{number}", f"10.68.{number}.1", f"10.68.{number}.2"
        subprocess.run(["ip", "tuntap", "add", "dev", self.tap, "mode", "tap"], check=True)
        subprocess.run(["ip", "address", "add", f"{self.ours}/24", "dev", self.tap], check=True)
        self.set("up")

    def set(self, state: str):
        subprocess.run(["ip", "link", "set", self.tap, state], check=True)

    def moved(self) -> int:
        """The bytes of all frames, both ways."""
        asked = subprocess.run(["ip", "-json", "-stats", "link", "show", "dev", self.tap], check=True, capture_output=True)
        return sum(json.loads(asked.stdout)[0]["stats64"][way]["bytes"] for way in ("tx", "rx"))


class Server(Process):
    """Its connections are in its memory, not descriptors: it says when one begins and ends."""

    def descriptors(self) -> int:
        said = self.output["stdout"]
        if self.returncode is not None:
            return super().descriptors()
        return len(re.findall(rb"(?m)^\d+: accepted$", said)) - len(re.findall(rb"(?m)^\d+: closed\b", said))


class LwipServerRun(ServerRun):
    def start_process(self, *arguments: str, prefix: tuple = (), stdout: int | None = None, env: dict | None = None) -> Process:
        self.process = Server([*prefix, self.program.path, *arguments], stdout, env)
        self.stack.callback(self.process.stop)
        return self.process

    def start(self, *arguments: str, **options) -> Process:
        self.link = Link()
        process = self.start_process("--tap", self.link.tap, "--listen", f"{self.link.theirs}:{PORT}", *arguments, **options)
        if "stdout" in options:
            return process
        due = time.monotonic() + SOON
        while not (found := re.search(rb"(\d+) connections of \d+ bytes; listening on ws://", process.output["stdout"])):
            self.check(time.monotonic() < due and process.returncode is None, f"it does not listen: {process.said()[-300:]!r}")
            time.sleep(0.01)
        self.most = int(found[1])
        self.listening(PORT)
        return process

    def url(self) -> str:
        return f"ws://{self.link.theirs}:{PORT}/"

    def connect_raw(self, receive_buffer: int = 0) -> Plain:
        sock = socket.socket()
        self.stack.callback(sock.close)
        sock.settimeout(SOON)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.connect((self.link.theirs, PORT))
        return Plain(sock)

    def ends_well(self):
        """With sanitizers: nothing was lost."""
        if self.process.returncode is None:
            self.process.signal(signal.SIGTERM)
            self.ends(0)


class LwipClientRun(ClientRun):
    def listen(self, address: str = "", **options):
        self.link = Link()
        super().listen(address or self.link.ours, **options)

    def url(self, host: str = "") -> str:
        return super().url(self.link.ours)

    def start_process(self, *arguments: str, **options) -> Process:
        link = ("--tap", self.link.tap, "--address", self.link.theirs) if hasattr(self, "link") else ()
        return super().start_process(*link, *arguments, **options)

    def ends_well(self):
        """Its exit status has said so."""
