"""The peers: WebSocket as raw bytes over a socket, plain or in TLS. Nothing here keeps anyone from doing wrong."""
import base64
import contextlib
import hashlib
import os
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# How long anything may take that is not waited for on purpose, on a machine that does other things too.
SOON = 8.0
# What this sends to a program that does not take it is given up after this.
STUCK = 60.0


class Wrong(Exception):
    """What a scenario found."""


def frame(opcode: int, payload: bytes = b"", fin: bool = True, masked: bool = False) -> bytes:
    head = bytes([fin << 7 | opcode])
    if len(payload) < 126:
        head += bytes([masked << 7 | len(payload)])
    elif len(payload) < 1 << 16:
        head += struct.pack(">BH", masked << 7 | 126, len(payload))
    else:
        head += struct.pack(">BQ", masked << 7 | 127, len(payload))
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + unmask(key, payload)


def unmask(key: bytes, payload: bytes) -> bytes:
    keys = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")).to_bytes(len(payload), "big")


def close_payload(code: int, reason: str = "") -> bytes:
    return struct.pack(">H", code) + reason.encode()


def try_to(act: Callable, *arguments):
    """For a thread: the other end may be gone before all is sent."""
    with contextlib.suppress(OSError):
        act(*arguments)


class Plain:
    """A socket. Reading and writing may happen in two threads."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        # How many bytes are read at once, and in a second.
        self.at_once, self.rate = 65536, 0.0
        self.count, self.start = 0, time.monotonic()
        self.sending = threading.Lock()
        sock.settimeout(STUCK)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def port(self) -> int:
        return self.sock.getsockname()[1]

    def ready(self, what: int, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self.sock, what)
        return bool(poll.poll(max(0, seconds) * 1000))

    def encode(self, data: bytes) -> bytes:
        return data

    def send(self, data: bytes):
        with self.sending:
            self.sock.sendall(self.encode(data))

    def recv(self, seconds: float) -> bytes:
        """What there is, after waiting for it. Nothing at the end."""
        if self.rate:
            time.sleep(max(0, self.start + self.count / self.rate - time.monotonic()))
        if not self.ready(select.POLLIN, seconds):
            raise TimeoutError
        got = self.sock.recv(self.at_once)
        self.count += len(got)
        return got

    def push(self, data: bytes, limit: int, patience: float = 2.0) -> int:
        """Sends the same again and again, until nothing is taken for so long or the limit is reached. Returns how much it was."""
        sent, pending = 0, b""
        while sent < limit:
            pending = pending or self.encode(data)
            if not self.ready(select.POLLOUT, patience):
                break
            taken = self.sock.send(pending)
            pending, sent = pending[taken:], sent + taken
        return sent

    def end(self):
        """Half-closes."""
        self.sock.shutdown(socket.SHUT_WR)

    def send_last(self, data: bytes):
        """Sends, and half-closes in the same segment."""
        self.sock.send(data, socket.MSG_MORE)
        self.end()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()


class Tls(Plain):
    """TLS between two buffers, so that half of a connection can be closed and the socket be reset at any moment."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, host: str | None):
        super().__init__(sock)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=host is None, server_hostname=host)
        self.lock = threading.Lock()

    def handshake(self, seconds: float = SOON):
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.sock.sendall(self.outgoing.read())
                self.fill(seconds)
        self.sock.sendall(self.outgoing.read())

    def fill(self, seconds: float):
        got = super().recv(seconds)
        with self.lock:
            self.incoming.write(got) if got else self.incoming.write_eof()

    def encode(self, data: bytes) -> bytes:
        with self.lock:
            for at in range(0, len(data), 16384):
                self.tls.write(data[at: at + 16384])
            return self.outgoing.read()

    def recv(self, seconds: float) -> bytes:
        due = time.monotonic() + seconds
        while True:
            try:
                with self.lock:
                    return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.fill(due - time.monotonic())
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def end(self):
        """By close_notify alone: TCP stays as it is."""
        self.sock.sendall(self.close_notify())

    def close_notify(self) -> bytes:
        with self.lock, contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        return self.outgoing.read()

    def send_last(self, data: bytes):
        self.sock.send(self.encode(data) + self.close_notify(), socket.MSG_MORE)
        self.sock.shutdown(socket.SHUT_WR)


class Peer:
    """One end of a WebSocket connection. `client` says which: what a client sends is masked."""

    def __init__(self, stream: Plain, client: bool):
        self.stream, self.client = stream, client
        self.buffer = bytearray()
        self.send, self.send_last, self.end, self.reset, self.close = (
            stream.send, stream.send_last, stream.end, stream.reset, stream.close)
        # Whether Pings inside a message are answered.
        self.answers = False

    # Writing.

    def frame(self, opcode: int, payload: bytes = b"", fin: bool = True) -> bytes:
        return frame(opcode, payload, fin, masked=self.client)

    def send_frame(self, opcode: int, payload: bytes = b"", fin: bool = True):
        self.send(self.frame(opcode, payload, fin))

    def send_close(self, code: int, reason: str = ""):
        self.send_frame(CLOSE, close_payload(code, reason))

    def answer(self, payload: bytes):
        """To a Ping."""
        with self.stream.sending:
            if self.answers:
                self.stream.sock.sendall(self.stream.encode(self.frame(PONG, payload)))

    def trickle(self, data: bytes, pause: float = 0.002):
        """One byte at a time."""
        for at in range(len(data)):
            self.send(data[at: at + 1])
            time.sleep(pause)

    def flood(self, data: bytes, rate: float | None, seconds: float):
        """Sends the same for so long, at most so many bytes a second if that is given, or until the other end has gone."""
        start, sent = time.monotonic(), 0
        with contextlib.suppress(OSError):
            while (passed := time.monotonic() - start) < seconds:
                if rate and sent > rate * passed:
                    time.sleep(0.01)
                elif self.stream.ready(select.POLLOUT, 0.1):
                    self.send(data)
                    sent += len(data)

    # Reading. What does not come in time is a fault of the program.

    def fill(self, seconds: float) -> bool:
        try:
            got = self.stream.recv(seconds)
        except TimeoutError:
            raise Wrong(f"nothing came for {seconds:.0f} s") from None
        self.buffer += got
        return bool(got)

    def take(self, size: int, seconds: float) -> bytes | None:
        """None if the connection ends first."""
        while len(self.buffer) < size:
            if not self.fill(seconds):
                return None
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def read_head(self, seconds: float = SOON) -> str:
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill(seconds):
                raise Wrong("the connection ended inside or before a head")
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        self.buffer[:] = rest
        return head.decode("latin-1")

    def read_frame(self, seconds: float = SOON) -> tuple[int, bool, bytes] | None:
        """Opcode, fin and payload. None at the end."""
        if (head := self.take(2, seconds)) is None:
            return None
        size, masked = head[1] & 127, head[1] >> 7
        if masked == self.client:
            raise Wrong("a frame is masked and should not be, or the other way round")
        if size > 125:
            size = int.from_bytes(self.take(2 if size == 126 else 8, seconds) or b"", "big")
        key = self.take(4, seconds) if masked else b""
        payload = self.take(size, seconds)
        if payload is None or key is None:
            raise Wrong("the connection ended inside a frame")
        return head[0] & 15, bool(head[0] >> 7), unmask(key, payload) if key else payload

    def read_message(self, seconds: float = SOON) -> tuple[int, bytes]:
        """A whole message or a control frame; the end is a fault."""
        opcode, joined = None, []
        while True:
            got = self.read_frame(seconds)
            if got is None:
                raise Wrong("the connection ended, a message was expected")
            if got[0] >= CLOSE:
                if opcode is None or got[0] == CLOSE:
                    return got[0], got[2]
                if got[0] == PING and self.answers:
                    # From a thread, because what another one sends may take long.
                    threading.Thread(target=try_to, args=(self.answer, got[2]), daemon=True).start()
                continue
            opcode = got[0] if opcode is None else opcode
            joined.append(got[2])
            if got[1]:
                return opcode, b"".join(joined)

    def expect(self, opcode: int, payload: bytes | None = None, seconds: float = SOON) -> bytes:
        got, found = self.read_message(seconds)
        if got != opcode or payload is not None and found != payload:
            raise Wrong(f"opcode {got} {found[:40]!r} came instead of opcode {opcode} {(payload or b'')[:40]!r}")
        return found

    def expect_close(self, code: int, seconds: float = SOON):
        """The next frame, Pings and Pongs aside, is a Close with this code."""
        while (got := self.read_message(seconds))[0] in (PING, PONG):
            pass
        if got[0] != CLOSE or got[1][:2] != struct.pack(">H", code):
            raise Wrong(f"opcode {got[0]} {got[1][:40]!r} came instead of a Close {code}")

    def expect_end(self, seconds: float = SOON):
        """Nothing more comes, and no reset."""
        due = time.monotonic() + seconds
        try:
            while self.fill(max(0.1, due - time.monotonic())):
                pass
        except ConnectionError as error:
            raise Wrong(f"a reset instead of an end: {error.strerror}") from None
        if self.buffer:
            raise Wrong(f"{len(self.buffer)} bytes more than expected: {bytes(self.buffer[:40])!r}")

    # The opening handshake, as it should be.

    def request(self, extra: str = "") -> bytes:
        key = base64.b64encode(os.urandom(16)).decode()
        return (f"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{extra}\r\n").encode()

    def response(self, head: str) -> bytes:
        """To the request with this head."""
        lines = (line.partition(":") for line in head.split("\r\n"))
        key = next((value.strip() for name, _, value in lines if name.lower() == "sec-websocket-key"), "")
        accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
        return (f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode()

    def open(self, extra: str = "", seconds: float = SOON) -> str:
        """A client's handshake. Returns the head of the answer."""
        self.send(self.request(extra))
        head = self.read_head(seconds)
        if not head.startswith("HTTP/1.1 101"):
            raise Wrong(f"not opened: {head[:60]!r}")
        return head
