"""Talks to the programs as their users would. check.py FOLDER [CRATE...]: the folder of the programs, and which of them.

FOLDER has chat_CRATE, client_CRATE and axum_CRATE for each src/bin/PROGRAM_CRATE.rs.
"""
import asyncio
import base64
import contextlib
import http
import pathlib
import re
import signal
import socket
import struct
import sys
import time
import traceback
import urllib.request

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

SECONDS = 10  # for anything that has to happen


def within(awaitable, seconds=SECONDS):
    return asyncio.wait_for(awaitable, seconds)


@contextlib.asynccontextmanager
async def running(program: pathlib.Path, argument: str):
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(program, argument, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def server(program: pathlib.Path):
    """The process and its port."""
    async with running(program, "0") as process:
        said = await within(process.stdout.readline())
        yield process, int(re.search(rb"127\.0\.0\.1:(\d+)", said)[1])


def name(ws) -> str:
    return "%s:%d" % ws.local_address[:2]


async def hears(ws, *expected: str) -> None:
    for line in expected:
        said = await within(ws.recv())
        assert said == line, f"{line[:60]!r} was expected, {said[:60]!r} came"


async def raw(port: int, path: str = "/") -> tuple[str, socket.socket]:
    """A client that has done the handshake and nothing else."""
    client = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    key = base64.b64encode(bytes(16)).decode()
    await loop.sock_sendall(client, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += await within(loop.sock_recv(client, 1))
    assert head.startswith(b"HTTP/1.1 101"), head
    return "%s:%d" % client.getsockname(), client


def cut(client: socket.socket) -> None:
    """Ends it by RST."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


async def chat(program: pathlib.Path) -> None:
    async with server(program) as (process, port):
        url = f"ws://127.0.0.1:{port}/"
        async with connect(url, compression=None) as a, connect(url, compression=None) as b:
            await hears(a, f"{name(b)} joined")
            # A says, B hears; what is not text is nobody's; A does not hear itself.
            await a.send(b"\0")
            await a.send("Grüß Gott")
            await b.send("hello")
            await hears(b, f"{name(a)}: Grüß Gott")
            await hears(a, f"{name(b)}: hello")
            # One that leaves in order, one that is cut off.
            async with connect(url, compression=None) as c:
                await hears(a, f"{name(c)} joined")
            await hears(a, f"{name(c)} left")
            d, client = await raw(port)
            await hears(a, f"{d} joined")
            cut(client)
            await hears(a, f"{d} left")
            await hears(b, *(f"{name(c)} {what}" for what in ("joined", "left")), f"{d} joined", f"{d} left")
            # One that sends nothing but a connection, and one that speaks no HTTP.
            silent = socket.create_connection(("127.0.0.1", port))
            rude = socket.create_connection(("127.0.0.1", port))
            rude.sendall(b"\x16\x03\x01\x02\0" * 8 + b"\r\n\r\n")
            # One that never reads: B hears everything at once, and the other one is dropped in the end.
            stuck, client = await raw(port)
            await hears(a, f"{stuck} joined")
            await hears(b, f"{stuck} joined")
            text, heard, left, slowest = "x" * 50_000, 0, set(), 0
            begin = time.monotonic()
            while len(left) < 2 or heard < 300:
                asked = time.monotonic()
                await a.send(text)
                while True:
                    said = await within(b.recv())
                    if said == f"{stuck} left":
                        left.add("b")
                        continue
                    assert said == f"{name(a)}: {text}", said[:60]
                    break
                heard += 1
                slowest = max(slowest, time.monotonic() - asked)
                with contextlib.suppress(TimeoutError):
                    if heard % 10 == 0 and "a" not in left:
                        assert await asyncio.wait_for(a.recv(), 0.001) == f"{stuck} left"
                        left.add("a")
                assert time.monotonic() - begin < 3 * SECONDS, f"the one that never reads stays after {heard} messages"
            assert slowest < 4, f"one that never reads delays the others by {slowest:.1f} s"
            client.close()
            # Ctrl-C, with one that does not answer.
            _, client = await raw(port)
            begin = time.monotonic()
            process.send_signal(signal.SIGINT)
            for ws in a, b:
                with contextlib.suppress(websockets.ConnectionClosed):
                    while True:
                        await within(ws.recv())
                assert ws.close_code == 1001, f"Ctrl-C closes with {ws.close_code}"
            assert await within(process.wait(), 2 * SECONDS) == 0, "the server's exit code is not 0"
            assert time.monotonic() - begin < 8, "the server waits too long for one that does not answer"
            client.close(), silent.close(), rude.close()


async def client(program: pathlib.Path) -> None:
    heard, codes, answers = asyncio.Queue(), asyncio.Queue(), ["cut", "503", "talk", "talk"]

    async def handler(ws):
        await ws.send("welcome")
        with contextlib.suppress(websockets.ConnectionClosed):
            async for line in ws:
                await heard.put((line, time.monotonic()))
        await codes.put(ws.close_code)

    async def answer(connection, request):
        now = answers.pop(0) if answers else "401"
        if now == "cut":
            connection.transport.abort()
        elif now != "talk":
            return connection.respond(http.HTTPStatus(int(now)), "no\n")

    async with serve(handler, "127.0.0.1", 0, process_request=answer) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with running(program, f"ws://127.0.0.1:{port}/") as process:
            process.stdin.write(b"one\ntwo\n")
            # After a cut and a 503, which are not final.
            assert await within(process.stdout.readline()) == b"welcome\n"
            one, two = await within(heard.get()), await within(heard.get())
            assert [one[0], two[0]] == ["one", "two"] and two[1] - one[1] > 0.8, (one, two)
            next(iter(listening.connections)).transport.abort()
            assert await within(process.stdout.readline()) == b"welcome\n"
            await within(codes.get())
            process.stdin.write(b"three\n")
            assert (await within(heard.get()))[0] == "three"
            process.stdin.close()
            assert await within(process.wait()) == 0, "the exit code after the end of input is not 0"
            assert await within(codes.get()) == 1000, "the end of input does not close in order"
        async with running(program, f"ws://127.0.0.1:{port}/") as process:
            assert await within(process.wait()) == 3, "the exit code after 401 is not 3"
        answers.append("talk")
        async with running(program, f"ws://127.0.0.1:{port}/") as process:
            assert await within(process.stdout.readline()) == b"welcome\n"
            process.send_signal(signal.SIGINT)
            assert await within(process.wait()) == 0, "the exit code after Ctrl-C is not 0"
            assert await within(codes.get()) == 1000, "Ctrl-C does not close in order"
    # TLS is there: the server sees a ClientHello with the host's name.
    hello = asyncio.get_running_loop().create_future()

    async def tls(reader, writer):
        if not hello.done():
            hello.set_result(await reader.read(2_000))
        writer.close()

    async with await asyncio.start_server(tls, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with running(program, f"wss://localhost:{port}/") as process:
            said = await within(hello)
            assert said.startswith(b"\x16\x03") and b"localhost" in said, said
            process.send_signal(signal.SIGINT)
            assert await within(process.wait()) == 0, "the exit code after Ctrl-C without a connection is not 0"
    async with running(program, "gopher://example.com") as process:
        assert await within(process.wait()) == 2, "the exit code for a wrong URL is not 2"


async def axum(program: pathlib.Path) -> None:
    async with server(program) as (process, port):
        def page():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=SECONDS) as response:
                return response.headers["Content-Type"], response.read()

        kind, text = await asyncio.to_thread(page)
        assert kind.startswith("text/html") and b"<title>Echo" in text, (kind, text)
        async with connect(f"ws://127.0.0.1:{port}/echo", origin=f"http://127.0.0.1:{port}") as ws:
            for message in "Grüß Gott", b"\0\1", "x" * 60_000:
                await ws.send(message)
                assert await within(ws.recv()) == message
            await within(await ws.ping())
        assert ws.close_code == 1000, ws.close_code
        async with connect(f"ws://127.0.0.1:{port}/echo") as ws:
            with contextlib.suppress(websockets.ConnectionClosed):
                await ws.send("x" * 70_000)
                await within(ws.recv())
                raise AssertionError("a message of 70 000 bytes comes back")
        try:
            async with connect(f"ws://127.0.0.1:{port}/echo", origin="https://elsewhere.example"):
                raise AssertionError("a page of another host can connect")
        except websockets.InvalidStatus as refusal:
            assert refusal.response.status_code == 403, refusal


async def main() -> int:
    folder, *wanted = sys.argv[1:]
    failed = 0
    for source in sorted(pathlib.Path(__file__).with_name("src").glob("bin/*.rs")):
        program, crate = source.stem.split("_", 1)
        if wanted and crate not in wanted:
            continue
        begin = time.monotonic()
        try:
            await globals()[program](pathlib.Path(folder, source.stem))
            print(f"{source.stem}: as expected, {time.monotonic() - begin:.1f} s", flush=True)
        except Exception as error:
            failed += 1
            where = traceback.extract_tb(error.__traceback__)
            line = next(frame.lineno for frame in reversed(where) if frame.filename == __file__)
            print(f"{source.stem}: FAILED, check.py:{line}: {error!r}", flush=True)
    return 1 if failed else 0


sys.exit(asyncio.run(main()))
