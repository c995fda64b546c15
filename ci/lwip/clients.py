"""What talks to the server on lwIP, beside the peers of ci/ungracious: clients of others, and as many as there are."""
import json
import pathlib
import random
import subprocess
import sys
import time

from link import LwipServerRun
from peers import BINARY, TEXT
from programs import ROOT
from registry import server
from runs import LATE, WRITING

INTEROP = ROOT / "ci/interop"


def program(run: LwipServerRun, *command: str):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    run.check(done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-2000:]}")


def on(*builds: str):
    def add(run):
        run.builds = builds
        return run
    return add


@server("is Node's ws: ci/interop/echo.mjs", "as expected", seconds=12)
@on("plain", "short", "sanitize", "deflate")
def ws(run: LwipServerRun):
    run.start()
    program(run, "node", INTEROP / "echo.mjs", run.url())


@server("is Python's websockets: ci/interop/echo.py", "as expected", seconds=6)
@on("plain", "short", "sanitize", "deflate")
def websockets(run: LwipServerRun):
    run.start()
    program(run, sys.executable, INTEROP / "echo.py", run.url())


@server("is Node's ws, with messages that compress", "less on the wire than in the messages")
@on("deflate")
def deflate(run: LwipServerRun):
    run.start()
    words = random.Random(7692).choices(["price", "Größe", "世界", "😀", "true", "0.5"], k=20_000)
    messages = [" ".join(words[:count]).encode() for count in (0, 1, 2, 20, 200, 2000, 20_000)] * 5
    file = run.setting.folder / "messages.json"
    file.write_text(json.dumps([[bool(at % 3), one.hex()] for at, one in enumerate(messages)]))
    program(run, "node", INTEROP / "deflate.mjs", "client", '{"clientMaxWindowBits":10}', run.url(), file)
    moved, size = run.link.moved(), 2 * sum(map(len, messages))
    run.check(moved < size * 2 // 3, f"{moved} bytes for messages of {size}")


@server("are as many as the server takes, and one more", "that one is reset; each other is served, and a new one when one has gone")
def as_many_as_there_are(run: LwipServerRun):
    run.start()
    message = random.Random(1).randbytes(100_000)
    for _ in range(2):
        peers = [run.opened() for _ in range(run.most)]
        try:
            other = run.connect_raw()
            run.check(other.recv(2) == b"" and False, "one too many is not reset")
        except ConnectionResetError:
            pass
        for peer in peers:
            peer.send_frame(BINARY, message)
        for peer in peers:
            peer.expect(BINARY, message)
        for peer in peers[1:]:
            peer.reset()
        run.drops(3, left=1)
        run.serves()
        peers[0].close()
        run.drops(3)


@server("come one after the other, 300 times", "each is served", seconds=2)
def one_after_the_other(run: LwipServerRun):
    run.start()
    for at in range(300):
        peer = run.opened()
        run.echoes(peer, b"%d" % at)
        peer.send_close(1000)
        peer.expect_close(1000)
        if at % 2:
            peer.expect_end()
        peer.close()
    run.drops(3)


@server("are all but one of those that the server takes, flood it and never read", "the one is served as ever", seconds=4)
def all_others_stand_still(run: LwipServerRun):
    run.start()
    with run.setting.heavy:
        for _ in range(run.most - 1):
            peer = run.opened(receive_buffer=4096)
            peer.stream.push(peer.frame(BINARY, b"x" * 1000) * 60, 200_000, 0.05)
    one, message = run.opened(), random.Random(2).randbytes(100_000)
    for _ in range(3):
        start = time.monotonic()
        one.send_frame(BINARY, message)
        one.expect(BINARY, message)
        run.check(time.monotonic() - start < 1, f"100 KB took {time.monotonic() - start:.1f} s")


@server("does not read, and sends a byte in each segment", "others are served", seconds=3)
def one_byte_segments(run: LwipServerRun):
    run.start()
    peer = run.opened(receive_buffer=4096)
    peer.send(b"\x82\xff" + (1 << 20).to_bytes(8, "big") + b"mask" + b"x" * 10_000)
    peer.stream.push(b"x", 8_000, 0.5)
    run.serves(2)


@server("is gone in the middle of an echo: no frame comes or goes any longer", "dropped at the writing deadline, or when lwIP gives up",
        seconds=24)
def vanishes(run: LwipServerRun):
    run.start()
    peer = run.opened()
    peer.stream.push(peer.frame(BINARY, b"x" * 1000) * 60, 1 << 20, 0.1)
    run.link.set("down")
    run.drops(WRITING + LATE)
    run.link.set("up")
    run.serves()
