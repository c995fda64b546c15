"""Talks to the programs as their users would. test.py FOLDER [LIBRARY...]: the programs' folder, and which of them.

FOLDER has LIBRARY_echo, LIBRARY_chat and LIBRARY_reconnect for each src/bin/LIBRARY_PROGRAM.rs.
"""
import asyncio
import base64
import contextlib
import hashlib
import pathlib
import socket
import struct
import sys
import traceback

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

SECONDS = 10  # for anything that has to happen


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def within(awaitable, seconds=SECONDS):
    return asyncio.wait_for(awaitable, seconds)


@contextlib.asynccontextmanager
async def running(program: pathlib.Path, argument: str):
    process = await asyncio.create_subprocess_exec(program, argument, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                                                   stderr=asyncio.subprocess.DEVNULL)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def server(program: pathlib.Path):
    """Its URL, once it listens; it must still run in the end."""
    port = free_port()
    async with running(program, str(port)) as process:
        for _ in range(100):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            await asyncio.sleep(0.05)
        yield f"ws://127.0.0.1:{port}/"
        assert process.returncode is None, "the server has ended"


async def closes(ws) -> None:
    await within(ws.close(1000, "bye"))
    assert ws.protocol.close_rcvd and ws.protocol.close_rcvd.code == 1000, f"Close was answered with {ws.protocol.close_rcvd}"


async def echoes(ws, message) -> None:
    await ws.send(message)
    echoed = await within(ws.recv())
    assert echoed == message, f"{message[:20]!r} came back as {echoed[:20]!r}"


async def echo(program: pathlib.Path) -> None:
    async with server(program) as url:
        async with connect(url) as ws:
            for message in "Hello, wörld", b"\x00\xff", "", b"", "x" * 125, b"y" * 126, "z" * 60_000:
                await echoes(ws, message)
            await within(await ws.ping(b"are you there"))

            async def fragments():
                yield "a message "
                await ws.ping()
                yield "in two fragments"

            await ws.send(fragments())
            assert await within(ws.recv()) == "a message in two fragments"

            # Others fail, each in its own way.
            port = int(url[:-1].rsplit(":", 1)[1])
            for fault in b"\x00\x01\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET":
                with socket.create_connection(("127.0.0.1", port)) as other:
                    other.sendall(fault)
            for frame in b"\x83\x80\0\0\0\0", b"\x81\x81\0\0\0\0\xff", b"\x81\xfe":
                async with connect(url) as other:
                    other.transport.write(frame)
                    await asyncio.sleep(0.05)
                    reset(other)

            crowd = [await connect(url) for _ in range(50)]
            await asyncio.gather(*(echoes(one, f"number {index}") for index, one in enumerate(crowd)))
            await asyncio.gather(*(closes(one) for one in crowd))
            await echoes(ws, "still there")
            await closes(ws)


def reset(ws) -> None:
    """Ends TCP without a FIN, unless it has ended."""
    with contextlib.suppress(OSError):
        ws.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ws.transport.abort()


def name(ws) -> str:
    return "{}:{}".format(*ws.local_address)


async def hear(text: str, *clients) -> None:
    for ws in clients:
        heard = await within(ws.recv())
        assert heard == text, f"{heard[:60]!r} instead of {text[:60]!r}"


async def chat(program: pathlib.Path) -> None:
    async with server(program) as url:
        anna = await connect(url)
        await hear(f"{name(anna)} joined", anna)
        berta = await connect(url)
        await hear(f"{name(berta)} joined", anna, berta)
        await anna.send("Hello")
        await hear(f"{name(anna)}: Hello", anna, berta)
        await berta.send("Wörld")
        await hear(f"{name(berta)}: Wörld", anna, berta)
        await within(await anna.ping())
        clara = await connect(url)
        await hear(f"{name(clara)} joined", anna, berta, clara)
        reset(clara)
        await hear(f"{name(clara)} left", anna, berta)
        await closes(berta)
        await hear(f"{name(berta)} left", anna)

        slow = await slow_client(url)
        assert (await within(anna.recv())).endswith(" joined")
        # More than TCP's buffers hold; less at once than a queue.
        for batch in range(12):
            for number in range(16):
                await anna.send(f"{batch}/{number} " + "x" * 60_000)
            for number in range(16):
                await hear(f"{name(anna)}: {batch}/{number} " + "x" * 60_000, anna)
        dora = await connect(url)
        await hear(f"{name(dora)} joined", anna, dora)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        slow.close()
        for ws in anna, dora:
            assert (await within(ws.recv())).endswith(" left")
        await dora.send("Goodbye")
        await hear(f"{name(dora)}: Goodbye", anna, dora)
        await closes(anna)
        await closes(dora)


async def slow_client(url: str) -> socket.socket:
    """It joins and then reads nothing."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(("127.0.0.1", int(url[:-1].rsplit(":", 1)[1])))
    slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    await asyncio.to_thread(slow.recv, 12)
    return slow


async def reconnect(program: pathlib.Path) -> None:
    port = free_port()
    async with running(program, f"ws://127.0.0.1:{port}/") as client:
        async def prints(line: str) -> None:
            printed = (await within(client.stdout.readline())).decode()
            assert printed == f"{line}\n", f"{printed!r} was printed instead of {line!r}"

        async def hears(ws, line: str) -> None:
            client.stdin.write(f"{line}\n".encode())
            await hear(line, ws)

        # Nobody listens yet.
        await asyncio.sleep(0.3)
        async with listening(port) as accept:
            ws = await accept()
            await ws.send("Hello")
            await prints("Hello")
            await hears(ws, "one")
            await within(await ws.ping(b"are you there"))
            await ws.send(["in ", "two"])
            await prints("in two")
            await within(ws.close(1001))
            assert ws.protocol.close_rcvd, "Close was not answered"
            ws = await accept()
            await hears(ws, "two")
            reset(ws)
            ws = await accept()
            await hears(ws, "three")
            reset(ws)
        # What is typed while nobody listens waits, once the program has seen the end.
        await asyncio.sleep(0.5)
        client.stdin.write(b"four\n")
        await asyncio.sleep(2)
        await early_message(port)
        await prints("early")
        async with listening(port) as accept:
            ws = await accept()
            await hears(ws, "five")
            client.stdin.close()
            await within(ws.wait_closed())
            assert ws.protocol.close_rcvd and ws.protocol.close_rcvd.code == 1000, f"it ended with {ws.protocol.close_rcvd}"
            assert await within(client.wait()) == 0, f"exit status {client.returncode}"


@contextlib.asynccontextmanager
async def listening(port: int):
    """A server; what it yields waits for a client."""
    clients = asyncio.Queue()

    async def serve_one(ws) -> None:
        clients.put_nowait(ws)
        await ws.wait_closed()

    async with serve(serve_one, "127.0.0.1", port):
        yield lambda: within(clients.get(), 40)


async def early_message(port: int) -> None:
    """A server whose first message comes with its response, in one segment; it waits for a line, and leaves."""
    done = asyncio.get_running_loop().create_future()

    async def serve_one(reader, writer) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        key = next(line.split(":", 1)[1].strip() for line in request if line.lower().startswith("sec-websocket-key:"))
        accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n\x81\x05early")
        frame = await reader.read(10)
        key, masked = frame[2:6], frame[6:]
        writer.transport.abort()
        if not done.done():
            done.set_result((frame[:2], bytes(byte ^ key[at] for at, byte in enumerate(masked))))

    async with await asyncio.start_server(serve_one, "127.0.0.1", port):
        assert await within(done, 40) == (b"\x81\x84", b"four"), "the line that was typed meanwhile did not come"


async def outcome(test, program: pathlib.Path) -> bool:
    """Prints it, too."""
    try:
        await within(test(program), 120)
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == __file__]
        print(f"FAILED: {program.name}: {type(error).__name__} {error} (line {lines[-1]})", flush=True)
        return False
    print(f"ok: {program.name}", flush=True)
    return True


async def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    sources = sorted(source.stem for source in pathlib.Path(__file__).parent.glob("src/bin/*_*.rs"))
    libraries = sys.argv[2:] or dict.fromkeys(source.rsplit("_", 1)[0] for source in sources)
    passed = []
    for test in echo, chat, reconnect:
        programs = [f"{library}_{test.__name__}" for library in libraries]
        # One library after the other would mostly wait.
        passed += await asyncio.gather(*(outcome(test, folder / program) for program in programs if program in sources))
    sys.exit(0 if passed and all(passed) else f"{passed.count(False)} of {len(passed)} programs failed")


asyncio.run(main())
