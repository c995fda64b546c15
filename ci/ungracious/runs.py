"""What scenarios are made of: a program under test, with its peers, and the checks."""
import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable

from peers import SOON, TEXT, Peer, Plain, Tls, Wrong
from programs import Process, Program

# The deadlines of the programs, in seconds.
HANDSHAKE, CLOSING, WRITING, PING_AFTER, PONG_WITHIN = 10.0, 5.0, 20.0, 25.0, 20.0
# By how much a deadline may be missed: earlier because clocks differ in where they start, later because the machine is busy.
EARLY, LATE = 1.0, 4.0
# A closed pipe ended it: what a shell makes of SIGPIPE, or that itself.
CLOSED_PIPE = (141, -signal.SIGPIPE)


@dataclasses.dataclass
class Setting:
    """What all runs share."""
    folder: pathlib.Path
    long: bool
    heavy: threading.Semaphore  # held while a peer keeps a core busy

    def __post_init__(self):
        self.certificate, self.key = self.folder / "cert.pem", self.folder / "key.pem"
        names = "DNS:localhost,DNS:only-v6.test,DNS:both.test,IP:127.0.0.1,IP:::1"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", f"subjectAltName={names}",
                        "-addext", "basicConstraints=critical,CA:FALSE", "-out", self.certificate, "-keyout", self.key],
                       check=True, stderr=subprocess.DEVNULL)
        self.server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server_tls.load_cert_chain(self.certificate, self.key)
        self.client_tls = ssl.create_default_context(cafile=self.certificate)
        self.hosts = self.folder / "hosts"
        self.hosts.write_text("127.0.0.1 localhost both.test\n::1 localhost only-v6.test both.test\n")
        self.eintr = self.folder / "eintr.so"
        source = pathlib.Path(__file__).with_name("eintr.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.eintr, source], check=True)


def unsent_to(port: int) -> int:
    """Bytes that the system keeps for the peer at a port. They become more whenever a program writes."""
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    # While others come and go, the system may list a socket twice.
    unsent = {(row[1], row[2]): int(row[4].split(":")[0], 16) for row in rows if int(row[2].split(":")[1], 16) == port}
    return sum(unsent.values())


class Run:
    def __init__(self, program: Program, setting: Setting):
        self.program, self.setting, self.long = program, setting, setting.long
        self.stack = contextlib.ExitStack()
        self.process: Process | None = None
        self.step = "starts"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start_process(self, *arguments: str, prefix: tuple = (), stdout: int | None = None, env: dict | None = None) -> Process:
        self.process = Process([*prefix, self.program.path, *arguments], stdout, env)
        self.stack.callback(self.process.stop)
        return self.process

    def waits(self, what: str):
        """Says what goes on, for whoever watches."""
        self.step = what

    def pause(self, seconds: float):
        time.sleep(seconds)

    def check(self, holds: bool, otherwise: str):
        if not holds:
            raise Wrong(otherwise)

    def decent(self, process: Process | None = None):
        """Nothing raw for a terminal, and no panic."""
        process = process or self.process
        for name, data in process.output.items():
            if raw := re.search(rb".{0,30}[\x00-\x09\x0b-\x1f\x7f]", data):
                raise Wrong(f"a raw control character on {name}: {raw[0]!r}")
        self.check("panicked" not in process.said(), f"a panic: {process.said()[-300:]!r}")

    def ends(self, status: int | tuple, within: float = SOON, no_earlier: float = 0, since: float | None = None) -> Process:
        """The program ends with this status in this time, from now unless another moment is given."""
        process, since = self.process, since or time.monotonic()
        process.over.wait(max(0.1, since + within - time.monotonic()))
        found = process.wait(0, f"it still runs {time.monotonic() - since:.1f} s later")
        said = f"it said: {process.said()[-200:]!r}"
        took, wanted = process.ended - since, status if isinstance(status, tuple) else (status,)
        self.check(found in wanted, f"exit status {found} instead of {' or '.join(map(str, wanted))}; {said}")
        early = f"it ended after {took:.1f} s, {no_earlier:.1f} s were to be waited for; {said}"
        self.check(took >= no_earlier or not no_earlier, early)
        self.decent()
        return process

    def bounded(self, cpu: float, since: float = 0.0):
        used = self.process.cpu() - since
        self.check(used <= cpu, f"{used:.2f} s of CPU time, {cpu:.1f} s at most were expected")

    def lean(self, before: float, megabytes: float = 12):
        """Memory, since it was `before`."""
        grown = self.process.peak() - before
        self.check(grown <= megabytes, f"{grown:.1f} MB more memory than before, {megabytes} MB at most were expected")

    def writing_deadline(self, port: int, is_over: Callable[[], bool], memory: float):
        """Waits until the program gives up writing to the peer at this port, which does not read, and watches its memory."""
        self.waits("waits for the writing deadline")
        unsent, since = unsent_to(port), time.monotonic()
        while not is_over():
            time.sleep(0.1)
            self.lean(memory)
            if unsent != (now := unsent_to(port)):
                changed = time.monotonic()
                time.sleep(0.3)
                # Nor is the end of the program a write.
                if not is_over():
                    # They become fewer when the peer's system makes room for some more, which is no write.
                    unsent, since = now, changed if now > unsent else since
            passed = time.monotonic() - since
            self.check(passed < WRITING + LATE, f"after {passed:.1f} s in which it could write nothing it still tries to")
        passed = time.monotonic() - since
        self.check(passed > WRITING - LATE, f"it gave up {passed:.1f} s after it could write, not {WRITING:.0f} s")

    def stop_and_continue(self, times: int = 20):
        for _ in range(times):
            self.process.signal(signal.SIGSTOP)
            self.pause(0.01)
            self.process.signal(signal.SIGCONT)
            self.pause(0.02)

    def closed_pipe(self) -> int:
        reader, writer = os.pipe()
        os.close(reader)
        self.stack.callback(os.close, writer)
        return writer

    def usage(self, *arguments: str):
        """What is wrong usage."""
        self.start_process(*arguments)
        process = self.ends(2, 4)
        said = f"{list(arguments)}: "
        self.check(process.output["stderr"] != b"", said + "nothing on stderr")
        self.check(process.output["stdout"] == b"", said + "something on stdout")

    def help_into_closed_pipe(self):
        self.start_process("--help", stdout=self.closed_pipe())
        process = self.ends((0, *CLOSED_PIPE), 4)
        self.check(process.output["stderr"] == b"", f"not quiet: {process.said()[:200]!r}")


class ClientRun(Run):
    """A client against a server of ours."""

    def listen(self, address: str = "127.0.0.1", receive_buffer: int = 0, deaf: bool = False):
        """`deaf`: the port is taken, so that nobody else gets it, and nobody listens."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = self.stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind((address, 0))
        if not deaf:
            self.listener.listen()
        self.listener.settimeout(SOON)
        self.port = self.listener.getsockname()[1]

    def url(self, host: str = "localhost") -> str:
        return f"ws{'s' * self.program.tls}://{host}:{self.port}/"

    def start(self, host: str = "", feed: bool = True, **options) -> Process:
        """Starts the client with the listener's URL. One that sends lines gets one, and the end after the first message."""
        host = host or ("localhost" if self.program.tls else "127.0.0.1")
        trust = ("--ca", str(self.setting.certificate)) if self.program.tls else ()
        process = self.start_process(*trust, self.url(host), **options)
        if self.program.lines and feed:
            threading.Thread(target=self.feed, args=(process,), daemon=True).start()
        return process

    @staticmethod
    def feed(process: Process):
        process.feed(b"Hello, sansocket\n")
        while b"\n" not in process.output["stdout"] and not process.over.wait(0.02):
            pass
        process.feed(b"", end=True)

    def accept_raw(self) -> Plain:
        try:
            sock, _ = self.listener.accept()
        except TimeoutError:
            raise Wrong(f"it did not connect; it said: {self.process.said()[-300:]!r}") from None
        self.stack.callback(sock.close)
        self.connected = time.monotonic()
        return Plain(sock)

    def accept(self) -> Peer:
        stream = self.accept_raw()
        if self.program.tls:
            stream = Tls(stream.sock, self.setting.server_tls, None)
            stream.handshake()
        return Peer(stream, client=False)

    def met(self, **options) -> Peer:
        """Connected, TLS done, nothing read."""
        if not hasattr(self, "listener"):
            self.listen()
        self.start(**options)
        return self.accept()

    def opened(self, after: bytes = b"", **options) -> Peer:
        """Open; `after` goes out with the answer."""
        peer = self.met(**options)
        peer.send(peer.response(peer.read_head()) + after)
        return peer

    def greeted(self, **options) -> Peer:
        """Open, and the client has sent its message."""
        peer = self.opened(**options)
        got = peer.expect(TEXT)
        self.check(got.startswith(b"Hello"), f"a strange greeting: {got[:40]!r}")
        return peer

    def closing(self, **options) -> Peer:
        """The client has sent its Close, which is not answered."""
        peer = self.greeted(**options)
        peer.send_frame(TEXT, b"m:one")
        peer.expect_close(1000)
        return peer

    def said_goodbye(self, peer: Peer):
        """The rest of a good session: the client's Close and nothing after it, our answer, the end."""
        peer.expect_close(1000)
        peer.send_close(1000)
        peer.close()

    def printed(self, *messages: str):
        """Exactly these messages, of those that a scenario sends: they begin with `m:`."""
        lines = self.process.output["stdout"].decode(errors="replace").split("\n")
        found = [line for line in lines if line.startswith("m:")]
        self.check(found == list(messages), f"printed {lines!r} instead of {list(messages)!r}")


class ServerRun(Run):
    """A server, whose clients are ours."""

    def start(self, *arguments: str, **options) -> Process:
        if self.program.tls:
            arguments += ("--cert", str(self.setting.certificate), "--key", str(self.setting.key))
        process = self.start_process("--listen", "127.0.0.1:0", *arguments, **options)
        if "stdout" in options:
            return process
        due = time.monotonic() + SOON
        while not (found := re.search(rb"listening on \S*?127\.0\.0\.1:(\d+)/", process.output["stdout"])):
            self.check(time.monotonic() < due and process.returncode is None, f"it does not listen: {process.said()[-300:]!r}")
            time.sleep(0.01)
        self.listening(int(found[1]))
        return process

    def listening(self, port: int):
        """Talks to the server once, so that it has all that it has at rest."""
        self.port = port
        peer = self.opened()
        self.echoes(peer, b"hello")
        peer.send_close(1000)
        peer.expect_close(1000)
        peer.close()
        self.rest, since = self.process.descriptors(), time.monotonic()
        while time.monotonic() < since + 0.2:
            time.sleep(0.02)
            if (count := self.process.descriptors()) != self.rest:
                self.rest, since = count, time.monotonic()
        self.lean_at_rest = self.process.peak()

    def taken(self, count: int):
        """Waits until the server has accepted so many connections."""
        due = time.monotonic() + SOON
        while self.process.descriptors() < self.rest + count:
            self.check(time.monotonic() < due, "it does not accept")
            time.sleep(0.02)

    def connect_raw(self, receive_buffer: int = 0) -> Plain:
        sock = socket.socket()
        self.stack.callback(sock.close)
        sock.settimeout(SOON)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.connect(("127.0.0.1", self.port))
        return Plain(sock)

    def connect(self, receive_buffer: int = 0) -> Peer:
        """Connected, TLS done."""
        stream = self.connect_raw(receive_buffer)
        if self.program.tls:
            stream = Tls(stream.sock, self.setting.client_tls, "localhost")
            stream.handshake()
        return Peer(stream, client=True)

    def opened(self, receive_buffer: int = 0) -> Peer:
        peer = self.connect(receive_buffer)
        peer.open()
        return peer

    def echoes(self, peer: Peer, text: bytes = b"are you there?", within: float = SOON):
        peer.send_frame(TEXT, text)
        peer.expect(TEXT, text, within)

    def serves(self, within: float = SOON):
        """A new client is served."""
        self.waits("is asked whether it still serves")
        start = time.monotonic()
        peer = self.opened()
        self.echoes(peer)
        peer.send_close(1000)
        peer.expect_close(1000)
        peer.close()
        took = time.monotonic() - start
        self.check(took <= within, f"another client was served after {took:.1f} s only")
        self.check(self.process.returncode is None, "the server has ended")
        self.decent()

    def drops(self, within: float, no_earlier: float = 0, since: float | None = None, left: int = 0):
        """The server gives up all connections but those, in this time."""
        since = since or time.monotonic()
        while (count := self.process.descriptors() - self.rest) > left:
            self.check(time.monotonic() < since + within, f"{count - left} descriptors too many after {within:.1f} s")
            time.sleep(0.05)
        took = time.monotonic() - since
        self.check(took >= no_earlier or not no_earlier, f"dropped after {took:.1f} s, {no_earlier:.1f} s were to be waited for")
