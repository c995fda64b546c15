"""What clients say to servers: messages in pieces, requests."""
import re
import threading
import time

from peers import CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload, try_to
from registry import server, with_options
from runs import EARLY, HANDSHAKE, LATE, ServerRun


# Pieces.

@server("sends one byte at a time, and reads so", "echoed whole, closed")
def one_byte_at_a_time(run: ServerRun):
    run.start()
    peer = run.connect()
    peer.stream.at_once = 1
    peer.trickle(peer.request())
    run.check("101" in peer.read_head(), "not opened")
    peer.trickle(peer.frame(TEXT, b"byte by byte"))
    peer.expect(TEXT, b"byte by byte")
    peer.trickle(peer.frame(CLOSE, close_payload(1000)))
    peer.expect_close(1000)
    peer.expect_end()


@server("sends a message in fragments, a character split over two, a Ping between", "echoed whole, the Ping answered")
def message_in_fragments(run: ServerRun):
    run.start()
    peer = run.opened()
    text = "Grüße 😀!".encode()
    peer.send_frame(TEXT, text[:3], fin=False)
    run.pause(0.1)
    peer.send_frame(PING, b"p")
    peer.send_frame(CONTINUATION, text[3:10], fin=False)
    run.pause(0.1)
    peer.send_frame(CONTINUATION, text[10:])
    found = []
    while not any(one[0] != PONG and one[1] for one in found):
        found.append(peer.read_frame() or (CLOSE, True, b"the end"))
    run.check((PONG, True, b"p") in found, "no Pong")
    run.check(b"".join(one[2] for one in found if one[0] != PONG) == text, f"another echo: {found!r}")
    run.serves()


@server("sends request, message, Close and the end in one segment", "101, echo, Close, the end")
def all_at_once(run: ServerRun):
    run.start()
    peer = run.connect()
    peer.send_last(peer.request() + peer.frame(TEXT, b"one") + peer.frame(CLOSE, close_payload(1000)))
    run.check("101" in peer.read_head(), "not opened")
    peer.expect(TEXT, b"one")
    peer.expect_close(1000)
    peer.expect_end()


# The opening handshake.

@server("sends one byte of a request every half second, 20 clients at once",
        "dropped at the handshake deadline, others are served", seconds=11)
def slow_heads(run: ServerRun):
    run.start()
    since = time.monotonic()
    for _ in range(20):
        peer = run.connect()
        threading.Thread(target=try_to, args=(peer.trickle, peer.request(), 0.5), daemon=True).start()
    run.serves(2)
    run.waits("waits for the handshake deadline")
    run.drops(HANDSHAKE + LATE, HANDSHAKE - EARLY, since)
    run.serves()


@server("connects and says nothing", "dropped at the handshake deadline", seconds=11)
def says_nothing(run: ServerRun):
    run.start()
    run.connect_raw()
    since = time.monotonic()
    run.taken(1)
    run.waits("waits for the handshake deadline")
    run.drops(HANDSHAKE + LATE, HANDSHAKE - EARLY, since)


@server("sends a head that does not end", "refused, bounded memory, others are served", seconds=3)
def endless_head(run: ServerRun):
    run.start()
    peer = run.connect()
    head = peer.request()[:-2] + b"X-Header: more of it\r\n" * 1000
    threading.Thread(target=try_to, args=(peer.stream.push, head, 16 << 20), daemon=True).start()
    run.check(peer.read_head().startswith("HTTP/1.1 4"), "not refused with 4xx")
    run.lean(run.lean_at_rest)
    run.serves()
    run.drops(HANDSHAKE + LATE)


@server("offers the subprotocols `chat, superchat`", "the first is chosen")
def subprotocol_offered(run: ServerRun):
    run.start()
    agreed(run, "chat")


@server("offers `chat, superchat` to one that was started with `--subprotocol superchat`", "superchat is chosen",
        applies=with_options)
def subprotocol_chosen(run: ServerRun):
    run.start("--subprotocol", "superchat")
    agreed(run, "superchat")


def agreed(run: ServerRun, wanted: str):
    peer = run.connect()
    head = peer.open("Sec-WebSocket-Protocol: chat, superchat\r\n")
    chosen = re.findall(r"(?i)\r\nsec-websocket-protocol:\s*(.*?)\s*(?=\r\n|$)", head)
    run.check(chosen == [wanted], f"chosen: {chosen}, not {wanted}")
    run.echoes(peer)
