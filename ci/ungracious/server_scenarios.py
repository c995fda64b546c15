"""What clients do to servers."""
import os
import re
import signal
import threading
import time

from peers import BINARY, CLOSE, CONTINUATION, PING, PONG, SOON, TEXT, close_payload, try_to
from runs import CLOSING, EARLY, HANDSHAKE, LATE, WRITING, ServerRun, scenario
from runs import PING as PING_AFTER, PONG as PONG_WITHIN


def server(*arguments, **options):
    return scenario("server", *arguments, **options)


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
    peer.send(peer.request() + peer.frame(TEXT, b"one") + peer.frame(CLOSE, close_payload(1000)))
    peer.end()
    run.check("101" in peer.read_head(), "not opened")
    peer.expect(TEXT, b"one")
    peer.expect_close(1000)
    peer.expect_end()


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


@server("resets in the middle of the TLS handshake", "dropped at once, others are served", applies=lambda program: program.tls)
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
    since, cpu = time.monotonic() - 2, run.process.cpu()
    run.lean(run.lean_at_rest)
    run.serves(2)
    run.waits("waits for the writing deadline")
    run.pause(WRITING / 2)
    run.lean(run.lean_at_rest)
    run.drops(WRITING + LATE + 2, WRITING - 5, since)
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
    run.start()
    size, rate = (15_000_000, 75_000) if run.long else (6_000_000, 500_000)
    peer = run.opened(receive_buffer=16384)
    message, piece = os.urandom(size), 50_000

    def send():
        for at in range(0, size, piece):
            peer.send_frame(CONTINUATION if at else BINARY, message[at: at + piece], fin=at + piece >= size)
        peer.send_close(1000)
    threading.Thread(target=try_to, args=(send,), daemon=True).start()
    run.waits(f"echoes {size} bytes to a reader of {rate} bytes a second")
    peer.stream.rate = rate
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
        applies=lambda program: program.options)
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
    run.pause(0.2)
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
        applies=lambda program: program.options)
def subprotocol_chosen(run: ServerRun):
    run.start("--subprotocol", "superchat")
    agreed(run, "superchat")


def agreed(run: ServerRun, wanted: str):
    peer = run.connect()
    head = peer.open("Sec-WebSocket-Protocol: chat, superchat\r\n")
    chosen = re.findall(r"(?i)\r\nsec-websocket-protocol:\s*(.*?)\s*(?=\r\n|$)", head)
    run.check(chosen == [wanted], f"chosen: {chosen}, not {wanted}")
    run.echoes(peer)


# The system.

@server("behaves well, but calls are interrupted (EINTR)", "all echoed, closed")
def interrupted_calls(run: ServerRun):
    run.start(env={"LD_PRELOAD": str(run.setting.eintr)})
    peer = run.opened()
    for at in range(50):
        run.echoes(peer, b"x" * (at * at * 20))
    peer.send_close(1000)
    peer.expect_close(1000)
    run.serves()


@server("behaves well, but the server is stopped and continued all the time", "all echoed, closed")
def stopped_and_continued(run: ServerRun):
    run.start()
    peer = run.opened()
    threading.Thread(target=run.stop_and_continue, args=(40,), daemon=True).start()
    for _ in range(40):
        run.echoes(peer, b"x" * 10_000)
        run.pause(0.02)
    peer.send_close(1000)
    peer.expect_close(1000)
    run.serves()


@server("takes all descriptors (EMFILE)",
        "no spin, no flood of the log; who is connected is served, and others again when descriptors are free", seconds=5)
def no_descriptors(run: ServerRun):
    run.start(prefix=("sh", "-c", 'ulimit -n 32; exec "$@"', "sh"))
    peer = run.opened()
    run.echoes(peer)
    others = [run.connect_raw() for _ in range(60)]
    run.pause(0.5)
    cpu, lines = run.process.cpu(), dict(run.process.lines)
    run.waits("has no descriptors")
    run.pause(3)
    run.bounded(cpu=0.5, since=cpu)
    for name, most in ("stderr", 10), ("stdout", 100):
        count = run.process.lines[name] - lines[name]
        run.check(count <= most, f"{count} lines on {name}")
    run.echoes(peer, within=2)
    for other in others:
        other.close()
    run.pause(1)
    run.serves(3)
    run.echoes(peer)


@server("talks to a server whose standard output was closed", "served as ever")
def closed_stdout(run: ServerRun):
    reader, writer = os.pipe()
    try:
        run.start(stdout=writer)
    finally:
        os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.readline()
    found = re.search(rb"listening on \S*?127\.0\.0\.1:(\d+)/", said)
    run.check(found is not None, f"it does not listen: {said!r} {run.process.said()!r}")
    run.listening(int(found[1]))
    for _ in range(3):
        peer = run.opened()
        run.echoes(peer)
        peer.send_frame(PING, b"p")
        peer.expect(PONG, b"p")
        peer.send_close(1000, "so long")
        peer.expect_close(1000)
        run.pause(0.3)
    run.serves()


@server("closes with terminal escapes in the reason", "the log shows them escaped or not at all")
def escapes_in_reason(run: ServerRun):
    run.start()
    peer = run.opened()
    peer.send_close(1000, "\x1b[2J\x1b]0;title\x07 so long")
    peer.expect(CLOSE)
    peer.close()
    run.drops(3)
    run.pause(1.2)
    run.serves()


def stops_with(number: int):
    name = signal.Signals(number).name

    @server(f"is open when the server gets {name}; three clients", "Close 1001 to each, exit 0 after their answers",
            name=name.lower())
    def stops(run: ServerRun):
        run.start()
        peers = [run.opened() for _ in range(3)]
        run.echoes(peers[0])
        run.process.signal(number)
        for peer in peers:
            peer.expect_close(1001)
        run.pause(0.3)
        run.check(run.process.returncode is None, "it did not wait for the answers")
        for peer in peers:
            peer.send_close(1001)
            peer.end()
            peer.expect_end()
        run.ends(0, 3)


stops_with(signal.SIGTERM)
stops_with(signal.SIGINT)


@server("does not answer the Close of a server that gets SIGTERM", "Close 1001, exit 0 at the closing deadline", seconds=6)
def sigterm_unanswered(run: ServerRun):
    run.start()
    peer, other = run.opened(), run.opened()
    run.process.signal(signal.SIGTERM)
    since = time.monotonic()
    peer.expect_close(1001)
    other.expect_close(1001)
    other.send_close(1001)
    run.waits("waits for the closing deadline")
    run.ends(0, CLOSING + 2, CLOSING - EARLY, since)
    run.bounded(cpu=1)


@server("floods with Pongs instead of answering the Close of a server that gets SIGTERM",
        "exit 0 at the closing deadline, little CPU time", seconds=6)
def sigterm_and_pongs(run: ServerRun):
    run.start()
    peer = run.opened()
    run.process.signal(signal.SIGTERM)
    since = time.monotonic()
    peer.expect_close(1001)
    run.waits("is flooded until the closing deadline")
    peer.flood(peer.frame(PONG, b"x" * 100) * 50, 500_000, CLOSING + LATE)
    run.ends(0, CLOSING + 2, CLOSING - EARLY, since)
    run.bounded(cpu=1)


@server("resets after the Close of a server that gets SIGTERM", "exit 0 soon")
def sigterm_and_reset(run: ServerRun):
    run.start()
    peer = run.opened()
    run.process.signal(signal.SIGTERM)
    peer.expect_close(1001)
    peer.reset()
    run.ends(0, 3)


@server("never reads, and the server's output is full when it gets SIGTERM",
        "exit 0 at the writing deadline at the latest", seconds=25)
def sigterm_unread(run: ServerRun):
    run.start()
    with run.setting.heavy:
        peer = run.opened(receive_buffer=4096)
        run.waits("is flooded")
        peer.stream.push(peer.frame(BINARY, b"x" * 1000) * 60, 64 << 20)
    run.process.signal(signal.SIGTERM)
    run.waits("waits for the writing deadline")
    run.ends(0, WRITING + LATE)


@server("is in the middle of a request, another in plain silence, when the server gets SIGTERM",
        "exit 0 at the closing deadline at the latest", seconds=6)
def sigterm_in_head(run: ServerRun):
    run.start()
    run.connect().send(b"GET / HTTP/1.1\r\nHost:")
    run.connect_raw()
    run.pause(0.3)
    run.process.signal(signal.SIGTERM)
    run.waits("waits for the closing deadline")
    run.ends(0, CLOSING + 2)


@server("(no client) `--help` into a closed pipe", "quiet, status 0, 141 or SIGPIPE")
def help_into_closed_pipe(run: ServerRun):
    run.help_into_closed_pipe()


@server("(no client) unknown options, values that are missing", "exit 2, a reason on stderr")
def wrong_usage(run: ServerRun):
    run.usage("--nonsense")
    run.usage("--listen")


@server("reads, but answers no Ping", "a Ping after 25 s, dropped 20 s later", seconds=45)
def silent(run: ServerRun):
    run.start()
    peer = run.opened()
    since = time.monotonic()
    run.waits("waits for the keepalive's Ping")
    peer.expect(PING, seconds=PING_AFTER + LATE)
    run.waits("waits for the deadline of the Pong")
    run.drops(PING_AFTER + PONG_WITHIN + LATE, PING_AFTER + PONG_WITHIN - EARLY, since)
    run.bounded(cpu=1)
