#!/usr/bin/env python3
"""Boots the image in QEMU and talks to it with stock WebSocket software, as its client and as its server: host.py IMAGE QEMU...

Everything sent must come back with its own type, faults must be answered as the RFC says, and the firmware's own client must end in good
order. The exit status is 0 if all did; standard error says what did not. What the firmware prints goes to standard output.
"""

import contextlib
import pathlib
import socket
import subprocess
import sys
import threading

from websockets.sync.server import serve

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "examples/firmware"))
import host as peer  # noqa: E402

check = peer.check
READINGS = pathlib.Path(__file__).with_name("src") / "talk.rs"
INPUT = 1024  # bytes of the firmware's input buffer: a longer head is refused


def main(image, qemu):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    got, is_done = [], threading.Event()

    def echo(ws):
        for message in ws:
            got.append(message)
            ws.send(message)
        got.append((ws.request.path, ws.close_code))
        is_done.set()

    with serve(echo, "127.0.0.1", 0) as server, contextlib.ExitStack() as stack:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        network = f"user,model=lan9118,hostfwd=tcp:127.0.0.1:{port}-:9001"
        arguments = f"enable=on,target=native,arg=firmware,arg={server.socket.getsockname()[1]}"
        board = subprocess.Popen([*qemu, "-monitor", "none", "-serial", "none", "-nic", network,
                                  "-semihosting-config", arguments, "-kernel", image])
        stack.callback(board.kill)
        check("the firmware's client is done in time", is_done.wait(peer.TIMEOUT), True)
        check("what the firmware's client sent", got, ["22.4 °C", READINGS.read_bytes(), ("/readings", 1000)])
        talk(port)
        check("the firmware's exit status", board.wait(peer.TIMEOUT), 0)


def talk(port):
    with peer.open_connection(port, peer.TIMEOUT) as ws, peer.open_connection(port, peer.TIMEOUT) as other:
        check("subprotocol", ws.subprotocol, peer.SUBPROTOCOL)
        peer.echo_every_size(ws)
        peer.echo_large(ws)
        peer.echo(other, "at the same time")
        peer.echo_fragmented(ws)
        peer.ping_payloads(ws)
        peer.measure(ws)
        peer.close(other, 1001)
        peer.close(ws, 1000)
    peer.frame_faults(port)
    heads(port)
    cut_off(port)
    with peer.open_connection(port, peer.TIMEOUT) as ws:
        peer.echo(ws, "a last connection")
        peer.close(ws, peer.STOP)


def heads(port):
    """What is no opening handshake is answered as HTTP wants it, to its end."""
    for what, head, status in (
        ("plain HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        ("a head as long as the input", b"GET / HTTP/1.1\r\nHost: ".ljust(INPUT, b"x"), b"431"),
        ("a future version of WebSocket", peer.opening_handshake(b"14"), b"426"),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=peer.TIMEOUT) as raw:
            raw.sendall(head)
            answer = b""
            while more := raw.recv(4096):
                answer += more
            check(f"status for {what}", answer[:13], b"HTTP/1.1 " + status + b" ")


def cut_off(port):
    """Peers that go in the middle of a head, of a frame, of an echo that they do not read."""
    frame = b"\x82\xfe\xff\xff\0\0\0\0"
    for sent in b"GET / HT", peer.opening_handshake(b"13"), peer.opening_handshake(b"13") + frame + bytes(30_000):
        with socket.create_connection(("127.0.0.1", port), timeout=peer.TIMEOUT) as raw:
            raw.sendall(sent)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
