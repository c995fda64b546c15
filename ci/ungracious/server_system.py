"""What the system does to servers, and those who start and stop them."""
import os
import re
import signal
import threading
import time

from peers import BINARY, CLOSE, PING, PONG
from registry import server
from runs import CLOSING, EARLY, LATE, PING_AFTER, PONG_WITHIN, WRITING, ServerRun


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
    run.bounded(cpu=0.3, since=cpu)
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
    found = re.search(rb"listening on \S*?:(\d+)/", said)
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
    run.taken(2)
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
