"""What servers do to clients."""
import subprocess
import threading
import time

from peers import CLOSE, CONTINUATION, PING, PONG, SOON, TEXT, close_payload, try_to
from runs import CLOSED_PIPE, CLOSING, EARLY, HANDSHAKE, LATE, WRITING, ClientRun, Skip, scenario
from runs import PING as PING_AFTER, PONG as PONG_WITHIN


def client(*arguments, **options):
    return scenario("client", *arguments, **options)


def with_lines(program):
    return program.lines


def in_tls(program):
    return program.tls


# Pieces.

@client("answers one byte at a time, and reads so", "the message printed, exit 0")
def one_byte_at_a_time(run: ClientRun):
    peer = run.met()
    peer.stream.at_once = 1
    peer.trickle(peer.response(peer.read_head()))
    peer.expect(TEXT)
    peer.trickle(peer.frame(TEXT, b"m:byte by byte"))
    peer.expect_close(1000)
    peer.trickle(peer.frame(CLOSE, close_payload(1000)))
    peer.close()
    run.ends(0)
    run.printed("m:byte by byte")


@client("sends the 101, a message, a Close and the end in one segment", "the message printed, exit 0")
def all_at_once(run: ClientRun):
    peer = run.met()
    peer.send(peer.response(peer.read_head()) + peer.frame(TEXT, b"m:one") + peer.frame(CLOSE, close_payload(1000)))
    peer.end()
    run.ends(0)
    run.printed("m:one")


@client("sends two messages at once", "both printed, closed once, exit 0")
def two_messages(run: ClientRun):
    peer = run.greeted()
    peer.send(peer.frame(TEXT, b"m:one") + peer.frame(TEXT, b"m:two"))
    peer.expect_close(1000)
    peer.send_close(1000)
    peer.end()
    peer.expect_end()
    run.ends(0)
    run.printed("m:one", "m:two")


@client("sends a second message after the client's Close", "both printed, closed once, exit 0")
def message_after_close(run: ClientRun):
    peer = run.closing()
    peer.send_frame(TEXT, b"m:two")
    peer.send_close(1000)
    peer.end()
    peer.expect_end()
    run.ends(0)
    run.printed("m:one", "m:two")


@client("sends a message in three fragments, with a Ping and time between", "printed as one line, exit 0")
def message_in_fragments(run: ClientRun):
    peer = run.greeted()
    peer.send_frame(TEXT, b"m:one ", fin=False)
    run.pause(0.1)
    peer.send_frame(PING, b"p")
    peer.send_frame(CONTINUATION, b"", fin=False)
    run.pause(0.1)
    peer.send_frame(CONTINUATION, b"two")
    peer.expect(PONG, b"p")
    run.said_goodbye(peer)
    run.ends(0)
    run.printed("m:one two")


@client("sends a frame in two pieces, with time between", "printed as one line, exit 0")
def message_in_pieces(run: ClientRun):
    peer = run.greeted()
    whole = peer.frame(TEXT, b"m:one two")
    peer.send(whole[:8])
    run.pause(0.3)
    peer.send(whole[8:])
    run.said_goodbye(peer)
    run.ends(0)
    run.printed("m:one two")


@client("splits a character over two frames", "the character printed whole, exit 0")
def character_in_frames(run: ClientRun):
    peer = run.greeted()
    text = "m:Grüße 😀!".encode()
    at = text.index("😀".encode()) + 2
    peer.send_frame(TEXT, text[:at], fin=False)
    run.pause(0.2)
    peer.send_frame(CONTINUATION, text[at:])
    run.said_goodbye(peer)
    run.ends(0)
    run.printed("m:Grüße 😀!")


@client("splits a character over two pieces of a frame", "the character printed whole, exit 0")
def character_in_pieces(run: ClientRun):
    peer = run.greeted()
    text = "m:Grüße 😀!".encode()
    whole = peer.frame(TEXT, text)
    one, two = (len(whole) - len(text) + text.index(character.encode()) + 1 for character in "ü😀")
    for piece in whole[:one], whole[one:two], whole[two:]:
        peer.send(piece)
        run.pause(0.2)
    run.said_goodbye(peer)
    run.ends(0)
    run.printed("m:Grüße 😀!")


# Ends of the connection.

@client("resets the connection before it has read the request", "exit 1")
def reset_before_handshake(run: ClientRun):
    run.listen()
    run.start()
    run.accept_raw().reset()
    run.ends(1)


@client("resets in the middle of the 101", "exit 1")
def reset_in_head(run: ClientRun):
    peer = run.met()
    peer.send(peer.response(peer.read_head())[:40])
    run.pause(0.2)
    peer.reset()
    run.ends(1)


@client("resets while the connection is open", "exit 1")
def reset_open(run: ClientRun):
    run.greeted().reset()
    run.ends(1)


@client("resets inside a frame", "exit 1")
def reset_in_frame(run: ClientRun):
    peer = run.greeted()
    peer.send(peer.frame(TEXT, b"m:never whole")[:7])
    run.pause(0.2)
    peer.reset()
    run.ends(1)


@client("resets instead of answering the client's Close", "exit 1")
def reset_after_clients_close(run: ClientRun):
    peer = run.closing()
    peer.reset()
    run.ends(1)
    run.printed("m:one")


@client("answers the client's Close, then resets", "closed clean, exit 0")
def reset_after_answer(run: ClientRun):
    peer = run.closing()
    peer.send_close(1000)
    run.pause(0.3)
    peer.reset()
    run.ends(0)
    run.printed("m:one")


@client("sends a Close, reads the answer, then resets", "closed clean, exit 0")
def reset_after_own_close(run: ClientRun):
    peer = run.greeted()
    peer.send_close(1001)
    peer.expect_close(1001)
    peer.reset()
    run.ends(0)


@client("sends a Close and half-closes at once", "the Close is answered, exit 0")
def half_close_after_own_close(run: ClientRun):
    peer = run.greeted()
    peer.send_close(1000)
    peer.end()
    peer.expect_close(1000)
    peer.expect_end()
    run.ends(0)


@client("ends TCP before it answers the request", "exit 1")
def end_before_answer(run: ClientRun):
    peer = run.met()
    peer.read_head()
    peer.close()
    run.ends(1)


@client("ends TCP without a Close", "exit 1")
def end_without_close(run: ClientRun):
    run.greeted().close()
    run.ends(1)


@client("ends TCP inside a message", "exit 1")
def end_in_message(run: ClientRun):
    peer = run.greeted()
    peer.send_frame(TEXT, b"m:never", fin=False)
    peer.close()
    run.ends(1)


@client("does not answer the client's Close", "exit 1 at the closing deadline", seconds=5)
def close_unanswered(run: ClientRun):
    run.closing()
    run.waits("waits for the closing deadline")
    run.ends(1, CLOSING + LATE, CLOSING - EARLY)


@client("answers the client's Close and does not end TCP", "exit 0 at the closing deadline at the latest", seconds=5)
def end_withheld(run: ClientRun):
    peer = run.closing()
    peer.send_close(1000)
    run.waits("waits for the closing deadline")
    run.ends(0, CLOSING + LATE)
    run.bounded(cpu=1)


@client("is gone while the client still writes", "exit 1, not killed by SIGPIPE")
def gone_while_writing(run: ClientRun):
    peer = run.opened(feed=False) if run.program.lines else run.greeted()
    ping = peer.frame(PING, b"x" * 100)
    peer.send(ping * 200 + peer.frame(TEXT, b"m:one"))
    peer.reset()
    if run.program.lines:
        for _ in range(30):
            run.process.feed(b"a line for nobody\n")
            run.pause(0.02)
    run.ends(1)


# Floods.

@client("does not answer the client's Close and floods it with Pongs", "exit 1 at the closing deadline, little CPU time",
        seconds=6)
def pongs_after_close(run: ClientRun):
    peer = run.closing()
    since, before = time.monotonic(), run.process.cpu()
    run.waits("is flooded until the closing deadline")
    peer.flood(peer.frame(PONG, b"x" * 100) * 50, 500_000, CLOSING + LATE)
    run.ends(1, CLOSING + LATE, CLOSING - EARLY, since)
    run.bounded(cpu=1, since=before)


@client("does not answer the client's Close and floods it with Pongs, as fast as it can", "exit 1 at the closing deadline",
        seconds=6)
def pongs_at_full_speed(run: ClientRun):
    with run.setting.heavy:
        peer = run.closing()
        since = time.monotonic()
        run.waits("is flooded until the closing deadline")
        peer.flood(peer.frame(PONG, b"x" * 100) * 500, None, CLOSING + LATE)
    run.ends(1, CLOSING + LATE, since=since)


@client("floods with Pings and does not read the Pongs",
        "exit 1 at the writing deadline, bounded memory, little CPU time", seconds=25)
def pings_unread(run: ClientRun):
    run.listen(receive_buffer=4096)
    with run.setting.heavy:
        peer = run.greeted()
        before = run.process.peak()
        run.waits("is flooded with Pings")
        peer.stream.push(peer.frame(PING, b"x" * 125) * 500, 64 << 20)
    since, cpu = time.monotonic() - 2, run.process.cpu()
    run.lean(before)
    run.waits("waits for the writing deadline")
    run.pause(WRITING / 2)
    run.lean(before)
    run.ends(1, WRITING + LATE + 2, WRITING - 5, since)
    run.bounded(cpu=2, since=cpu)


@client("does not read, and many lines are to be sent", "exit 1 at the writing deadline, bounded memory",
        seconds=25, applies=with_lines)
def never_reads(run: ClientRun):
    run.listen(receive_buffer=4096)
    run.opened(feed=False)
    before = run.process.peak()
    block, since = (b"a" * 999 + b"\n") * 64, [time.monotonic()]

    def feed():
        for _ in range(1000):
            if run.process.returncode is not None:
                return
            run.process.feed(block)
            since[0] = time.monotonic()
    threading.Thread(target=feed, daemon=True).start()
    run.waits("waits for the writing deadline")
    run.pause(WRITING / 2)
    run.lean(before)
    run.ends(1, WRITING + LATE, since=since[0])


@client("reads slowly what a long line gives", "the line kept whole, closed after it, exit 0", seconds=12, applies=with_lines)
def slow_reader(run: ClientRun):
    run.listen(receive_buffer=16384)
    peer = run.opened(feed=False)
    size, rate = (15_000_000, 75_000) if run.long else (4_000_000, 400_000)
    line = b"0123456789abcde\xc3\xa9" * (size // 17)
    threading.Thread(target=run.process.feed, args=(line + b"\n", True), daemon=True).start()
    run.waits(f"sends {size} bytes to a reader of {rate} bytes a second")
    peer.stream.rate = rate
    opcode, got = peer.read_message(WRITING)
    run.check((opcode, got) == (TEXT, line), f"{len(got)} bytes of {len(line)} came, or others")
    run.said_goodbye(peer)
    run.ends(0)


@client("answers the client's Close, then sends bytes that are no frames", "ignored, exit 0")
def stray_bytes_after_close(run: ClientRun):
    peer = run.closing()
    peer.send(peer.frame(CLOSE, close_payload(1000)) + b"\xff\x00 stray bytes " * 100 + peer.frame(TEXT, b"m:stray"))
    peer.flood(b"\xff" * 1000, 100_000, 0.5)
    peer.close()
    run.ends(0)
    run.printed("m:one")


@client("breaks the protocol, in the middle of 300 KB written at once", "it gets the Close 1002, not a reset; exit 1")
def fault_at_once(run: ClientRun):
    peer = run.greeted()
    data = peer.frame(PONG, b"x" * 100) * 1500 + b"\x8f\x00" + b"junk" * 40_000
    sender = threading.Thread(target=try_to, args=(peer.send, data), daemon=True)
    sender.start()
    peer.expect_close(1002)
    sender.join(SOON)
    peer.end()
    peer.expect_end()
    peer.close()
    run.ends(1)


@client("announces a frame of 2^62 bytes", "Close 1009, exit 1")
def endless_frame(run: ClientRun):
    peer = run.greeted()
    peer.send(b"\x82\x7f" + (1 << 62).to_bytes(8, "big") + b"x" * 1000)
    peer.expect_close(1009)
    peer.close()
    run.ends(1)


# The opening handshake.

@client("takes the connection and says nothing", "exit 1 at the handshake deadline", seconds=10)
def no_answer(run: ClientRun):
    peer = run.met()
    since = run.process.started
    peer.read_head()
    run.waits("waits for the handshake deadline")
    run.ends(1, HANDSHAKE + LATE, HANDSHAKE - EARLY, since)


@client("does not answer the TLS handshake", "exit 1 at the handshake deadline", seconds=10, applies=in_tls)
def no_tls_answer(run: ClientRun):
    run.listen()
    run.start()
    run.accept_raw()
    run.waits("waits for the handshake deadline")
    run.ends(1, HANDSHAKE + LATE, HANDSHAKE - EARLY, run.process.started)


@client("resets in the middle of the TLS handshake", "exit 1", applies=in_tls)
def reset_in_tls(run: ClientRun):
    run.listen()
    run.start()
    stream = run.accept_raw()
    stream.recv(SOON)
    stream.send(b"\x16\x03\x03\x00")
    run.pause(0.2)
    stream.reset()
    run.ends(1)


@client("answers with one byte of a head every half second", "exit 1 at the handshake deadline", seconds=10)
def slow_head(run: ClientRun):
    peer = run.met()
    run.waits("waits for the handshake deadline")
    answer = peer.response(peer.read_head())
    threading.Thread(target=try_to, args=(peer.trickle, answer, 0.5), daemon=True).start()
    run.ends(1, HANDSHAKE + LATE, HANDSHAKE - EARLY, run.process.started)


@client("answers with a head that does not end", "exit 1 soon, bounded memory")
def endless_head(run: ClientRun):
    peer = run.met()
    before = run.process.peak()
    head = peer.response(peer.read_head())[:-2]
    head += b"X-Header: more of it\r\n" * 1000
    threading.Thread(target=try_to, args=(peer.stream.push, head, 16 << 20), daemon=True).start()
    run.pause(0.5)
    if run.process.returncode is None:
        run.lean(before)
    run.ends(1, HANDSHAKE + LATE)


@client("nobody listens", "exit 1 and a reason on stderr")
def nobody_listens(run: ClientRun):
    run.listen(deaf=True)
    run.start()
    process = run.ends(1)
    run.check(process.output["stderr"].strip() != b"", "no reason on stderr")


@client("sends a wrong Sec-WebSocket-Accept", "the client half-closes at once, exit 1")
def wrong_accept(run: ClientRun):
    peer = run.met()
    peer.send(peer.response("sec-websocket-key: of another\r\n" + peer.read_head()))
    peer.expect_end(3)
    peer.close()
    run.ends(1)


def refuses(status: str, headers: str, body: str):
    @client(f"refuses with {status}, and keeps TCP open", "exit 3, the status on stderr", name=f"refused_{status[:3]}")
    def refused(run: ClientRun):
        peer = run.met()
        peer.read_head()
        peer.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}".encode())
        process = run.ends(3)
        run.check(status[:3].encode() in process.output["stderr"], f"the status is not on stderr: {process.said()!r}")
        run.printed()


refuses("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"\r\n', "Who are you?\n")
refuses("404 Not Found", "", "Nothing here.")
refuses("302 Found", "Location: wss://elsewhere.example/\r\n", "")


@client("closes with 1011", "the Close is answered, exit 1")
def fails_with_1011(run: ClientRun):
    peer = run.greeted()
    peer.send_close(1011, "out of order")
    peer.expect_close(1011)
    peer.close()
    run.ends(1)


@client("closes without a code", "exit 0")
def closes_without_code(run: ClientRun):
    peer = run.greeted()
    peer.send_frame(CLOSE)
    run.check(peer.expect(CLOSE) == b"", "the Close was not answered with an empty one")
    peer.close()
    run.ends(0)


# What a terminal shows.

@client("sends a message with terminal escapes", "shown escaped, exit 0")
def escapes_in_message(run: ClientRun):
    peer = run.greeted()
    peer.send_frame(TEXT, b"m:\x1b[31mred\x1b[0m \x07\x08\x7f\x00\r\t!")
    run.said_goodbye(peer)
    process = run.ends(0)
    run.check(b"m:" in process.output["stdout"] and b"[31mred" in process.output["stdout"], f"not shown: {process.said()!r}")


@client("sends a message with U+009B, which also begins an escape", "shown escaped, exit 0")
def c1_in_message(run: ClientRun):
    peer = run.greeted()
    peer.send_frame(TEXT, "m:\u009b31mred".encode())
    run.said_goodbye(peer)
    process = run.ends(0)
    run.check(b"31mred" in process.output["stdout"], f"not shown: {process.said()!r}")
    run.check(b"\xc2\x9b" not in process.output["stdout"], "a raw U+009B")


@client("closes with escapes in the reason", "shown escaped or not at all, exit 0")
def escapes_in_reason(run: ClientRun):
    peer = run.greeted()
    peer.send_close(1000, "\x1b[2J\x1b]0;title\x07 so long")
    peer.expect(CLOSE)
    peer.close()
    run.ends(0)


@client("refuses, and the body does not come", "exit 3 at the handshake deadline at the latest", seconds=10)
def refusal_without_body(run: ClientRun):
    peer = run.met()
    peer.read_head()
    peer.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1000\r\n\r\nWe are")
    run.waits("waits for the handshake deadline")
    run.ends(3, HANDSHAKE + LATE)


@client("refuses with escapes in the body", "shown escaped or not at all, exit 3")
def escapes_in_refusal(run: ClientRun):
    peer = run.met()
    peer.read_head()
    peer.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\n\x1b[31mred\n")
    run.ends(3)


@client("refuses with escapes in the status text", "shown escaped or not at all, exit 3 or, as no HTTP, 1")
def escapes_in_status(run: ClientRun):
    peer = run.met()
    peer.read_head()
    peer.send(b"HTTP/1.1 401 \x1b[31mUnauthorized\r\nContent-Length: 0\r\n\r\n")
    peer.end()
    run.ends((1, 3), HANDSHAKE + LATE)


# The system.

@client("behaves well, but calls are interrupted (EINTR)", "the message printed, exit 0")
def interrupted_calls(run: ClientRun):
    peer = run.greeted(env={"LD_PRELOAD": str(run.setting.eintr)})
    for _ in range(20):
        peer.send_frame(PING, b"p")
        peer.expect(PONG, b"p")
    peer.send_frame(TEXT, b"m:one")
    run.said_goodbye(peer)
    run.ends(0)
    run.printed("m:one")


@client("behaves well, but the client is stopped and continued all the time", "the message printed, exit 0")
def stopped_and_continued(run: ClientRun):
    peer = run.greeted()
    run.stop_and_continue()
    peer.send_frame(TEXT, b"m:one")
    run.said_goodbye(peer)
    run.ends(0)
    run.printed("m:one")


@client("sends a message, and the client's standard output is closed", "quiet, status 141 or SIGPIPE")
def closed_stdout(run: ClientRun):
    peer = run.greeted(stdout=run.closed_pipe())
    peer.send_frame(TEXT, b"m:one")
    process = run.ends(CLOSED_PIPE)
    run.check(process.output["stderr"] == b"", f"not quiet: {process.said()[:200]!r}")


@client("(no server) `--help` into a closed pipe", "quiet, status 0, 141 or SIGPIPE")
def help_into_closed_pipe(run: ClientRun):
    run.help_into_closed_pipe()


@client("(no server) invalid URLs, unknown options", "exit 2, a reason on stderr")
def wrong_usage(run: ClientRun):
    scheme = "wss" if run.program.tls else "ws"
    for argument in "ftp://127.0.0.1/", f"{scheme}://127.0.0.1:99999/", f"{scheme}://[1:2:3]/", f"{scheme}:///", "--nonsense":
        run.usage(argument)


def hello_over(run: ClientRun, listen: str, host: str, **options):
    run.listen(listen)
    peer = run.met(host=host, **options)
    head = peer.read_head()
    run.check(f"\r\nhost: {host}:{run.port}\r\n" in head.lower() + "\r\n", f"not this Host: {head!r}")
    peer.send(peer.response(head))
    peer.expect(TEXT)
    peer.send_frame(TEXT, b"m:one")
    run.said_goodbye(peer)
    run.ends(0)
    run.printed("m:one")


@client("has an IPv6 address, in brackets in the URL", "connected, with that Host; exit 0")
def ipv6_literal(run: ClientRun):
    hello_over(run, "::1", "[::1]")


def own_hosts(run: ClientRun) -> tuple:
    """A prefix that gives a program another /etc/hosts."""
    prefix = ("unshare", "--mount", "sh", "-c", f'mount --bind {run.setting.hosts} /etc/hosts && exec "$@"', "sh")
    if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        raise Skip("a hosts file of its own takes root")
    return prefix


@client("has a name with an IPv6 address only", "connected, exit 0")
def ipv6_name(run: ClientRun):
    hello_over(run, "::1", "only-v6.test", prefix=own_hosts(run))


@client("has a name with two addresses, and listens at the second only", "connected, exit 0")
def second_address(run: ClientRun):
    hello_over(run, "127.0.0.1", "both.test", prefix=own_hosts(run))


@client("reads, but answers no Ping", "a Ping after 25 s, exit 1 20 s later", seconds=45)
def silent(run: ClientRun):
    peer = run.greeted()
    since = time.monotonic()
    run.waits("waits for the keepalive's Ping")
    peer.expect(PING, seconds=PING_AFTER + LATE)
    run.waits("waits for the deadline of the Pong")
    run.ends(1, PING_AFTER + PONG_WITHIN + LATE, PING_AFTER + PONG_WITHIN - EARLY, since)
    run.bounded(cpu=1)
