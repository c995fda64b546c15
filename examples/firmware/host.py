#!/usr/bin/env python3
"""Talks to the firmware's UART, which QEMU serves as a TCP port, with a stock WebSocket client: host.py PORT [compressed].

Everything sent must come back with its own type, and faults must be answered as the RFC says. The exit status is 0 if
they were; standard error says what was not.

QEMU hands what the firmware still writes to a peer that has gone to the next one. So every client here waits for the answer
before leaving, and those that broke a rule wait until the firmware has noticed the end.
"""

import http.client
import socket
import statistics
import sys
import time

from websockets.sync.client import connect

SUBPROTOCOL = "echo"
STOP = 4000  # a close code for private use (§7.4.2): the firmware prints its figures and ends the emulator
SIZES = (0, 1, 16, 125, 126, 1000)
INPUT = 512  # bytes of the firmware's input buffer: a longer head is refused
QUIET = 0.5  # seconds of silence after which the firmware has certainly given up a peer that broke a rule: 0.1, and 0.1 asleep
LARGE = 20_000  # many times the firmware's buffers, so it has to come back as fragments
TIMEOUT = 20


def main(port, compressed):
    with open_connection(port, patience=TIMEOUT) as ws:
        check("subprotocol", ws.subprotocol, SUBPROTOCOL)
        # What the client sends has a window of 1 KiB, which is what the firmware can inflate.
        agreed = [(extension.name, extension.local_max_window_bits) for extension in ws.protocol.extensions]
        check("extensions", agreed, [("permessage-deflate", 10)] if compressed else [])
        echo_every_size(ws)
        echo_large(ws)
        echo_fragmented(ws)
        ping_payloads(ws)
        measure(ws)
        close(ws, 1000)

    # A UART does not report that a peer has gone: after the closing handshake the firmware expects the next one.
    frame_faults(port)
    plain_http(port)
    head_faults(port)
    with open_connection(port, patience=TIMEOUT) as ws:
        check("subprotocol", ws.subprotocol, SUBPROTOCOL)
        echo(ws, "a last connection on the same UART")
        close(ws, STOP)


def open_connection(port, patience):
    """Connects as soon as QEMU listens. A mere probe of the port would count as the client that QEMU waits for."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return connect(
                f"ws://127.0.0.1:{port}/",
                subprotocols=[SUBPROTOCOL],
                open_timeout=TIMEOUT,
                # The firmware has no TCP connection to close, so the client does it when this is over (§7.1.1).
                close_timeout=QUIET,
                ping_interval=None,
                proxy=None,
            )
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def echo_every_size(ws):
    for size in SIZES:
        echo(ws, text(size))
        echo(ws, binary(size))


def echo_large(ws):
    for message in text(LARGE), binary(LARGE):
        ws.send(message)
        pieces = list(ws.recv_streaming())
        check(f"{describe(message)}, joined", message[:0].join(pieces), message)
        check(f"{describe(message)} comes back as fragments", len(pieces) > 1, True)


def echo_fragmented(ws):
    for whole in text(300), binary(300):
        ws.send(whole[at : at + 70] for at in range(0, len(whole), 70))
        check(f"fragmented {describe(whole)}", ws.recv(TIMEOUT), whole)

    # §5.4: control frames may come between the fragments of a message.
    def with_ping():
        yield "before "
        check("a pong between fragments", ws.ping(b"between").wait(TIMEOUT), True)
        yield "after"

    ws.send(with_ping())
    check("message with a ping inside", ws.recv(TIMEOUT), "before after")


def ping_payloads(ws):
    for payload in b"\x00", b"a payload", bytes(range(125)):
        # The event is set by the pong with the same payload only.
        check(f"pong of {len(payload)} bytes", ws.ping(payload).wait(TIMEOUT), True)


def frame_faults(port):
    """§7.1.7: the Close says what was wrong, for a frame alone and for one with more under way after it."""
    for what, frame, code in (
        ("an unmasked frame", "81 01 61", 1002),
        ("a reserved bit", "a1 81 00000000 61", 1002),
        ("a ping of 126 bytes", "89 fe 007e 00000000", 1002),
        ("a Close body of one byte", "88 81 00000000 03", 1002),
        ("text that is not UTF-8", "81 82 00000000 c0 80", 1007),
        ("a message that is too long", "82 ff 0000000001000001 00000000", 1009),
    ):
        for more in b"", bytes(300):
            with open_connection(port, patience=TIMEOUT) as ws:
                ws.socket.sendall(bytes.fromhex(frame) + more)
                # The client's `recv` would wait for the server to end TCP.
                deadline = time.monotonic() + TIMEOUT
                while ws.protocol.close_rcvd is None and time.monotonic() < deadline:
                    time.sleep(0.001)
                close = ws.protocol.close_rcvd
                check(f"Close after {what}, {len(more)} bytes after it", close and close.code, code)


def plain_http(port):
    """A page that somebody opens on our port, and then another."""
    for _ in range(2):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        client.request("GET", "/")
        response = client.getresponse()
        check("plain HTTP", (response.status, response.read()), (404, b"WebSocket only\n"))
        time.sleep(QUIET)
        client.close()


def head_faults(port):
    for what, head, status in (
        ("a head as long as the input", b"GET / HTTP/1.1\r\nHost: ".ljust(INPUT, b"x"), b"431"),
        ("a head that outruns the UART's ring", b"GET / HTTP/1.1\r\nHost: ".ljust(4 * INPUT, b"x"), b"431"),
        ("what is not HTTP", bytes(20), b"400"),
        ("a future version of WebSocket", opening_handshake(b"14"), b"426"),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as raw:
            raw.sendall(head)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += raw.recv(4096)
            check(f"status for {what}", answer[:13], b"HTTP/1.1 " + status + b" ")
            time.sleep(QUIET)


def opening_handshake(version):
    return (
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: " + version + b"\r\n\r\n"
    )


def measure(ws):
    times = []
    for _ in range(20):
        start = time.perf_counter()
        check("pong", ws.ping().wait(TIMEOUT), True)
        times.append(time.perf_counter() - start)
    print(f"ping to pong        {statistics.median(times) * 1000:.2f} ms (median of {len(times)})")

    message = binary(LARGE)
    start = time.perf_counter()
    echo(ws, message)
    print(f"echo throughput     {LARGE / 1000 / (time.perf_counter() - start):.1f} KB/s ({LARGE} bytes there and back)")


def close(ws, code):
    ws.close(code, "host.py is done")
    check(f"close code after {code}", ws.close_code, code)


def echo(ws, message):
    ws.send(message)
    check(describe(message), ws.recv(TIMEOUT), message)


def text(size):
    """`size` bytes in which characters of one to four bytes are cut by every buffer's end."""
    whole = ("aé€😀" * (size // 10 + 1)).encode()[:size].decode(errors="ignore")
    return whole + "x" * (size - len(whole.encode()))


def binary(size):
    return bytes(i * 7 % 256 for i in range(size))


def describe(message):
    return f"text of {len(message.encode())} bytes" if isinstance(message, str) else f"binary of {len(message)} bytes"


def check(what, got, wanted):
    # A str never equals bytes, so this compares the type of a message as well.
    if got != wanted:
        sys.exit(f"host.py: {what}: got {got!r:.200}, wanted {wanted!r:.200}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["compressed"]):
        sys.exit(__doc__)
    main(int(sys.argv[1]), len(sys.argv) == 3)
