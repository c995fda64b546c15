"""How servers end, and do not end, their connections with clients."""
import threading
import time

from peers import CLOSE, PING, PONG, SOON, TEXT, close_payload, try_to
from registry import client, in_tls, with_lines
from runs import CLOSING, EARLY, LATE, WRITING, ClientRun


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


@client("ends TLS with close_notify, without a Close", "exit 1", applies=in_tls)
def close_notify_without_close(run: ClientRun):
    peer = run.greeted()
    peer.end()
    run.pause(0.2)
    peer.close()
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
    cpu = run.process.cpu()
    run.writing_deadline(run.port, run.process.over.is_set, before)
    run.ends(1)
    run.bounded(cpu=2, since=cpu)


@client("does not read, and many lines are to be sent", "exit 1 at the writing deadline, bounded memory",
        seconds=25, applies=with_lines)
def never_reads(run: ClientRun):
    run.listen(receive_buffer=4096)
    run.opened(feed=False)
    before = run.process.peak()
    threading.Thread(target=run.process.feed, args=((b"a" * 999 + b"\n") * 64_000,), daemon=True).start()
    run.writing_deadline(run.port, run.process.over.is_set, before)
    run.ends(1)


@client("reads slowly what a long line gives", "the line kept whole, closed after it, exit 0", seconds=12, applies=with_lines)
def slow_reader(run: ClientRun):
    read_slowly(run, *(15_000_000, 75_000) if run.long else (4_000_000, 400_000))


@client("the same for a minute, at 80 KB/s: longer than until a Ping and its Pong are due", "the same",
        seconds=62, applies=with_lines)
def slower_reader(run: ClientRun):
    read_slowly(run, 5_000_000, 80_000)


def read_slowly(run: ClientRun, size: int, rate: int):
    run.listen(receive_buffer=16384)
    peer = run.opened(feed=False)
    line = b"0123456789abcde\xc3\xa9" * (size // 17)
    threading.Thread(target=run.process.feed, args=(line + b"\n", True), daemon=True).start()
    run.waits(f"sends {size} bytes to a reader of {rate} bytes a second")
    peer.stream.rate, peer.answers = rate, True
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
