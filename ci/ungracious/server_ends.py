"""How clients end, and do not end, their connections with servers."""
import os
import re
import threading
import time

from peers import BINARY, CLOSE, CONTINUATION, PING, PONG, SOON, TEXT, close_payload, try_to
from registry import in_tls, server, with_options
from runs import CLOSING, LATE, WRITING, ServerRun


# Ends of the connection.

def resets(name: str, when: str, act, left: str = "dropped at once, others are served"):
    @server(f"resets {when}", left, name=name)
    def reset(run: ServerRun):
        run.start()
        peer = act(run)
        run.pause(0.2)
        peer.reset()
        run.drops(3)
        run.serves()


def sends(run: ServerRun, data: bytes, peer=None):
    peer = peer or run.connect()
    peer.send(data)
    return peer


def has_closed(run: ServerRun):
    peer = run.opened()
    peer.send_close(1000)
    peer.expect_close(1000)
    return peer


def is_in_a_frame(run: ServerRun):
    peer = run.opened()
    peer.send(peer.frame(TEXT, b"never whole")[:9])
    return peer


def has_failed(run: ServerRun):
    peer = run.opened()
    peer.send(b"\x8f\x80\0\0\0\0")
    peer.expect_close(1002)
    return peer


resets("reset_before_handshake", "before it sends anything", lambda run: run.connect_raw())
resets("reset_in_head", "in the middle of the request", lambda run: sends(run, b"GET / HTTP/1.1\r\nHost: x\r\nUpgr"))
resets("reset_open", "while the connection is open", lambda run: run.opened())
resets("reset_in_frame", "inside a frame", is_in_a_frame)
resets("reset_after_own_close", "after the exchange of Closes", has_closed)
resets("reset_after_fault", "after the server's Close 1002", has_failed)


@server("resets right after its Close, without reading", "dropped at once, others are served")
def reset_with_close(run: ServerRun):
    run.start()
    for _ in range(20):
        peer = run.opened()
        peer.send(peer.frame(TEXT, b"x" * 1000) * 5 + peer.frame(CLOSE, close_payload(1000)))
        peer.reset()
    run.drops(3)
    run.serves()


@server("resets in the middle of the TLS handshake", "dropped at once, others are served", applies=in_tls)
def reset_in_tls(run: ServerRun):
    run.start()
    stream = run.connect_raw()
    stream.send(b"\x16\x03\x01\x02\x00\x01")
    run.pause(0.2)
    stream.reset()
    run.drops(3)
    run.serves()


@server("half-closes after a plain HTTP request", "the answer comes whole, then the end")
def half_close_after_request(run: ServerRun):
    run.start()
    peer = run.connect()
    peer.send(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
    peer.end()
    head = peer.read_head()
    size = re.search(r"(?i)\r\ncontent-length: (\d+)", head)
    run.check(head.startswith("HTTP/1.1 ") and size is not None, f"a strange answer: {head!r}")
    run.check(peer.take(int(size[1]), SOON) is not None, "the body was cut")
    peer.expect_end()


@server("half-closes after its Close, while echoes are unwritten", "all echoes, the Close, the end")
def half_close_after_close(run: ServerRun):
    echoes_unwritten(run, b"")


@server("sends stray bytes after its Close and half-closes, while echoes are unwritten", "all echoes, the Close, the end")
def stray_bytes_and_half_close(run: ServerRun):
    echoes_unwritten(run, b"\xff\x00 stray bytes " * 20_000)


def echoes_unwritten(run: ServerRun, after: bytes):
    run.start()
    peer = run.opened(receive_buffer=8192)
    messages = [bytes([65 + at % 26]) * 40_000 for at in range(80)]

    def send():
        peer.send(b"".join(peer.frame(TEXT, one) for one in messages) + peer.frame(CLOSE, close_payload(1000)) + after)
        peer.end()
    threading.Thread(target=try_to, args=(send,), daemon=True).start()
    run.pause(1)
    for at, one in enumerate(messages):
        opcode, got = peer.read_message()
        run.check((opcode, got) == (TEXT, one), f"echo {at} of {len(messages)} is opcode {opcode}, {len(got)} bytes")
    peer.expect_close(1000)
    peer.expect_end()
    run.drops(3)


@server("ends TCP without a Close", "dropped at once, others are served")
def end_without_close(run: ServerRun):
    run.start()
    run.opened().close()
    is_in_a_frame(run).close()
    run.drops(3)
    run.serves()


@server("is gone while the server writes echoes", "dropped, others are served: not killed by SIGPIPE")
def gone_while_writing(run: ServerRun):
    run.start()
    for _ in range(10):
        peer = run.opened(receive_buffer=4096)
        peer.stream.push(peer.frame(BINARY, b"x" * 10_000), 500_000, 0.1)
        peer.reset()
    run.drops(3)
    run.serves()


# Floods.

@server("sends messages and never reads",
        "dropped at the writing deadline, bounded memory, little CPU time, others are served", seconds=25)
def never_reads(run: ServerRun):
    unread(run, lambda peer: peer.frame(BINARY, b"x" * 1000) * 60)


@server("floods with Pings and does not read the Pongs",
        "dropped at the writing deadline, bounded memory, little CPU time, others are served", seconds=25)
def pings_unread(run: ServerRun):
    unread(run, lambda peer: peer.frame(PING, b"x" * 125) * 500)


def unread(run: ServerRun, data):
    run.start()
    with run.setting.heavy:
        peer = run.opened(receive_buffer=4096)
        run.waits("is flooded")
        peer.stream.push(data(peer), 64 << 20)
    cpu = run.process.cpu()
    run.serves(2)
    run.writing_deadline(peer.stream.port(), lambda: run.process.descriptors() <= run.rest, run.lean_at_rest)
    run.bounded(cpu=2, since=cpu)
    run.serves()


@server("floods with Pongs after the exchange of Closes", "dropped at the closing deadline, little CPU time", seconds=6)
def pongs_after_close(run: ServerRun):
    run.start()
    peer = has_closed(run)
    since, cpu = time.monotonic(), run.process.cpu()
    run.waits("is flooded until the closing deadline")
    peer.flood(peer.frame(PONG, b"x" * 100) * 50, 500_000, CLOSING + LATE)
    run.drops(CLOSING + LATE, since=since)
    run.bounded(cpu=1, since=cpu)
    run.serves()


@server("floods with Pongs after the exchange of Closes, as fast as it can", "dropped at the closing deadline", seconds=6)
def pongs_at_full_speed(run: ServerRun):
    run.start()
    with run.setting.heavy:
        peer = has_closed(run)
        since = time.monotonic()
        run.waits("is flooded until the closing deadline")
        peer.flood(peer.frame(PONG, b"x" * 100) * 500, None, CLOSING + LATE)
    run.drops(CLOSING + LATE, since=since)
    run.serves()


@server("sends stray bytes after its Close", "ignored; the Close is answered, then the end")
def stray_bytes_after_close(run: ServerRun):
    run.start()
    peer = run.opened()
    peer.send(peer.frame(CLOSE, close_payload(1000)) + b"\xff\x00 stray bytes " * 1000 + peer.frame(TEXT, b"stray"))
    peer.expect_close(1000)
    peer.flood(b"\xff" * 1000, 100_000, 0.5)
    peer.expect_end()
    peer.close()
    run.drops(3)
    run.serves()


@server("writes 270 KB at once, which break the protocol somewhere; 20 times, of which half are read late",
        "each time all echoes and the Close 1002, not a reset", seconds=4)
def fault_at_once(run: ServerRun):
    run.start()
    for turn in range(20):
        late = turn % 2 == 1
        peer = run.opened(receive_buffer=8192 * late)
        count = 30 + 37 * turn % 90
        data = peer.frame(TEXT, b"x" * 1000) * count + b"\x8f\x80\0\0\0\0" + b"junk" * (270_000 // 4 - 250 * count)
        sender = threading.Thread(target=try_to, args=(peer.send, data), daemon=True)
        sender.start()
        run.pause(0.1 * late)
        for at in range(count):
            opcode, got = peer.read_message()
            is_echo = (opcode, got) == (TEXT, b"x" * 1000)
            run.check(is_echo, f"turn {turn}: opcode {opcode} {got[:20]!r} instead of echo {at} of {count}")
        peer.expect_close(1002)
        sender.join(SOON)
        try_to(peer.end)
        peer.expect_end()
        peer.close()
    run.drops(3)


@server("reads slowly what a long message in fragments gives, and has sent its Close",
        "the echo kept whole, then the Close, bounded memory", seconds=15)
def slow_reader(run: ServerRun):
    read_slowly(run, *(15_000_000, 75_000) if run.long else (6_000_000, 500_000))


@server("the same for a minute, at 80 KB/s: longer than until a Ping and its Pong are due", "the same", seconds=62)
def slower_reader(run: ServerRun):
    read_slowly(run, 5_000_000, 80_000)


def read_slowly(run: ServerRun, size: int, rate: int):
    run.start()
    peer = run.opened(receive_buffer=16384)
    peer.stream.rate, peer.answers = rate, True
    message, piece = os.urandom(size), 50_000

    def send():
        for at in range(0, size, piece):
            peer.send_frame(CONTINUATION if at else BINARY, message[at: at + piece], fin=at + piece >= size)
        # Nothing follows a Close: what came after the server has closed would reset the connection.
        peer.answers = False
        peer.send_close(1000)
    threading.Thread(target=try_to, args=(send,), daemon=True).start()
    run.waits(f"echoes {size} bytes to a reader of {rate} bytes a second")
    opcode, got = peer.read_message(WRITING)
    run.check((opcode, got) == (BINARY, message), f"{len(got)} bytes of {size} came, or others")
    peer.expect_close(1000)
    peer.expect_end()
    run.lean(run.lean_at_rest)


@server("announces a frame of 2^62 bytes", "Close 1009, others are served")
def endless_frame(run: ServerRun):
    run.start()
    too_long(run, b"\x82\xff" + (1 << 62).to_bytes(8, "big") + b"\0\0\0\0" + b"x" * 1000)


@server("sends 6 bytes to a server that was started with `--max-message 5`", "Close 1009, others are served",
        applies=with_options)
def message_too_long(run: ServerRun):
    run.start("--max-message", "5")
    too_long(run, b"\x82\x86\0\0\0\0abcdef")


def too_long(run: ServerRun, data: bytes):
    peer = run.opened()
    peer.send(data)
    peer.expect_close(1009)
    peer.close()
    run.drops(3)
    other = run.opened()
    run.echoes(other, b"short")
