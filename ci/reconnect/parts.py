"""What scenarios are made of: servers, the client under test, a relay that stops, and what must hold in the end."""
import contextlib
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

# Seconds that anything may take that is not waited for on purpose, on a machine that does other things too.
SOON = 20.0
SERVER = pathlib.Path(__file__).with_name("server.py")


class Wrong(Exception):
    """What a scenario found."""


def check(holds: bool, otherwise: str):
    if not holds:
        raise Wrong(otherwise)


def until(holds: Callable[[], bool], otherwise: str, within: float = SOON):
    deadline = time.monotonic() + within
    while not holds():
        check(time.monotonic() < deadline, f"not within {within:.0f} s: {otherwise}")
        time.sleep(0.01)


def free_port(host: str = "127.0.0.1") -> int:
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        return server.getsockname()[1]


class Server:
    """By Python's `websockets`, in a process of its own; always on the same port, with one ledger."""

    def __init__(self, folder: pathlib.Path, name: str = "server", host: str = "127.0.0.1", interval: float = 0.01):
        self.host, self.port, self.interval = host, free_port(host), interval
        self.ledger, self.notes = folder / f"{name}.ledger", folder / "client.err"
        self.ledger.touch()
        self.process = None

    def url(self, path: str = "/", scheme: str = "ws", user: str = "") -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{user}{host}:{self.port}{path}"

    def lines(self, word: str) -> list[str]:
        return [line[len(word) + 1:] for line in self.ledger.read_text().splitlines() if line.partition(" ")[0] == word]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        before = len(self.lines("listens"))
        command = [sys.executable, SERVER, self.host, str(self.port), self.ledger, self.notes, str(self.interval)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=open(self.ledger.with_suffix(".err"), "ab"))
        until(lambda: len(self.lines("listens")) > before, f"the server listens on port {self.port}")

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process = None


class Client:
    """The client, and a thread that types a numbered line from time to time, so long: the client's own numbers."""

    def __init__(self, program: str, folder: pathlib.Path, url: str, *options: str, env: dict | None = None, interval: float = 0.005,
                 length: int = 0):
        self.out, self.err, self.interval, self.length = folder / "client.out", folder / "client.err", interval, length
        environment = {name: value for name, value in os.environ.items() if name.lower() not in ("all_proxy", "no_proxy")}
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([program, *options, url], stdin=subprocess.PIPE, stdout=out, stderr=err,
                                            env={**environment, **(env or {})})
        self.typed, self.types, self.ends = 0, threading.Event(), threading.Event()
        if interval:
            self.types.set()
        self.typist = threading.Thread(target=self.type, daemon=True)
        self.typist.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ends.set()
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.typist.join(SOON)

    def type(self):
        with contextlib.suppress(OSError):
            while not self.ends.wait(self.interval or 0.01):
                if self.types.is_set():
                    line = f"c {self.typed + 1} ".ljust(self.length, "x").encode() + b"\n"
                    # Before the client has all of it: it may be faster than we are.
                    self.typed += 1
                    while line:
                        line = line[os.write(self.process.stdin.fileno(), line):]
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def input(self, text: str):
        """Instead of numbered lines: no interval."""
        os.write(self.process.stdin.fileno(), text.encode())

    def notes(self) -> str:
        return self.err.read_text(errors="replace")

    def said(self, pattern: str) -> list:
        return re.findall(pattern, self.notes(), re.M)

    def says(self, pattern: str, count: int = 1, within: float = SOON):
        """Waits until it has said that so often."""
        until(lambda: len(self.said(pattern)) >= count or self.process.poll() is not None, f"{count} times {pattern!r}", within)
        check(len(self.said(pattern)) >= count, f"it ended with {self.process.poll()} and never said {pattern!r}: {self.tail()}")

    def opens(self, count: int, within: float = SOON):
        self.says(r"^\* open", count, within)

    def end(self, status: int, within: float = SOON):
        """No more lines; it ends with this status."""
        self.ends.set()
        try:
            found = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise Wrong(f"it has not ended within {within:.0f} s: {self.tail()}") from None
        self.typist.join(SOON)
        check(found == status, f"exit status {found} instead of {status}: {self.tail()}")

    def tail(self) -> str:
        return repr(self.notes()[-400:])


class Relay:
    """Forwards TCP, until bytes are to vanish: then those connections that there are hang, and new ones work."""

    def __init__(self, to: int):
        self.to, self.pairs, self.lock = to, [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        with self.lock:
            for sockets, _ in self.pairs:
                for one in sockets:
                    one.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                inner, _ = self.listener.accept()
                pair = ((inner, socket.create_connection(("127.0.0.1", self.to))), threading.Event())
                with self.lock:
                    self.pairs.append(pair)
                threading.Thread(target=self.forward, args=pair, daemon=True).start()

    @staticmethod
    def forward(sockets: tuple, vanishes: threading.Event):
        """To both sides. What vanishes is not even read, as if a cable was cut."""
        with contextlib.suppress(OSError, ValueError):
            while not vanishes.is_set():
                for one in select.select(sockets, [], [], 0.05)[0]:
                    other = sockets[one is sockets[0]]
                    if not (got := one.recv(65536)):
                        other.shutdown(socket.SHUT_WR)
                        return
                    other.sendall(got)

    def cut(self):
        with self.lock:
            for _, vanishes in self.pairs:
                vanishes.set()


def reported(client: Client) -> set[int]:
    """The numbers that the client said may be lost, or were dropped."""
    found = set()
    kinds = r"^\* (?:may be lost|dropped unsent): \d+ messages?(?:, number| of numbers|, numbers) (\d+)(?: to (\d+))?"
    for first, last in client.said(kinds):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def numbers(lines: list[str], letter: str) -> list[int]:
    return [int(line.split()[1]) for line in lines if line.startswith(f"{letter} ")]


def judge(client: Client, *servers: Server) -> dict:
    """What must hold, whatever has happened. The client has ended and all its lines were read."""
    def got() -> list[int]:
        return [number for server in servers for number in numbers(server.lines("got"), "c")]

    told, typed = reported(client), set(range(1, client.typed + 1))
    # A server that lives answers the client's Close before its program has noted all that came before.
    with contextlib.suppress(Wrong):
        until(lambda: typed - set(got()) <= told, "", 3)
    arrived = got()
    check(len(arrived) == len(set(arrived)), f"arrived twice: {sorted(n for n in set(arrived) if arrived.count(n) > 1)[:20]}")
    check(set(arrived) <= typed, "numbers arrived that nobody has typed")
    check(len(servers) > 1 or arrived == sorted(arrived), "out of order")
    missing = typed - set(arrived)
    check(missing <= told, f"lost, and not reported: {sorted(missing - told)[:20]} of {len(missing)}")
    for server in servers:
        check("no" not in server.lines("first"), "a message came before the note that the connection is open")
    shown = numbers(client.out.read_text().splitlines(), "s")
    sent = [int(line) for server in servers for line in server.lines("sent")]
    check(len(shown) == len(set(shown)) and set(shown) <= set(sent), "the client showed something twice, or what nobody sent")
    check(len(servers) > 1 or shown == sorted(shown), "the client showed messages out of order")
    return {"typed": len(typed), "arrived": len(arrived), "told": len(told), "lost": len(missing), "sent": len(sent),
            "shown": len(shown), "opened": len(client.said(r"^\* open"))}
