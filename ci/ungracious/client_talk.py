"""What servers say to clients: messages in pieces, answers to the request, texts for a terminal."""
import threading

from peers import CLOSE, CONTINUATION, PING, PONG, SOON, TEXT, close_payload, try_to
from registry import client, in_tls
from runs import EARLY, HANDSHAKE, LATE, ClientRun


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
    peer.send_last(peer.response(peer.read_head()) + peer.frame(TEXT, b"m:one") + peer.frame(CLOSE, close_payload(1000)))
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


# The opening handshake.

@client("takes the connection and says nothing", "exit 1 at the handshake deadline", seconds=10)
def no_answer(run: ClientRun):
    peer = run.met()
    peer.read_head()
    run.waits("waits for the handshake deadline")
    run.ends(1, HANDSHAKE + LATE, HANDSHAKE - EARLY, run.connected)


@client("does not answer the TLS handshake", "exit 1 at the handshake deadline", seconds=10, applies=in_tls)
def no_tls_answer(run: ClientRun):
    run.listen()
    run.start()
    run.accept_raw()
    run.waits("waits for the handshake deadline")
    run.ends(1, HANDSHAKE + LATE, HANDSHAKE - EARLY, run.connected)


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
    run.ends(1, HANDSHAKE + LATE, HANDSHAKE - EARLY, run.connected)


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
