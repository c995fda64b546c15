"""Talks to an echo server with Python's `websockets`: `echo.py ws://127.0.0.1:9001/`. Exits 1 at the first difference."""
import asyncio
import random
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

url = sys.argv[1]
generator = random.Random(1)


def opened():
    # No limit of its own; the server does not support compression, which is offered all the same.
    return connect(url, max_size=None, ping_interval=None, proxy=None)


def received(ws):
    return asyncio.wait_for(ws.recv(), 20)


async def echo(ws, message):
    await ws.send(message)
    assert await received(ws) == message, f"echo of {len(message)} {type(message).__name__} differs"


async def closed(ws):
    await asyncio.wait_for(ws.wait_closed(), 20)
    return ws.close_code, ws.close_reason


async def messages():
    async with opened() as ws:
        # Every length form and its edges, and sizes in between up to 1 MiB.
        sizes = [0, 1, 2, 125, 126, 127, 65535, 65536, 65537, 1 << 20]
        for size in sizes + [int(2 ** generator.uniform(0, 20)) for _ in range(40)]:
            await echo(ws, generator.randbytes(size))
            await echo(ws, ("é世😀x" * (size // 10 + 1))[: size // 3])
        # Fragments, cut anywhere, also inside characters: websockets cuts text between them, so the bytes are sent as they are.
        binary = [generator.randbytes(generator.randrange(5000)) for _ in range(200)]
        for pieces in (["Hel", "lo, ", "", "fragments"], ["", ""], ["é" * 100] * 300, binary):
            await ws.send(pieces)
            assert await received(ws) == pieces[0][:0].join(pieces)
        await ws.send([b"\xf0\x9f", b"\x98", b"\x80"], text=True)
        assert await received(ws) == "😀"


async def pings():
    async with opened() as ws:
        for payload in (b"", b"x", b"\xff" * 125):
            assert await asyncio.wait_for(await ws.ping(payload), 20) >= 0
        await ws.pong(b"unsolicited")

        # A Ping inside a message.
        async def pieces():
            yield b"one "
            await asyncio.wait_for(await ws.ping(b"between"), 20)
            yield b"two"

        await ws.send(pieces())
        assert await received(ws) == b"one two"


async def closing():
    for code, reason in ((1000, ""), (1001, "x" * 123), (3000, "so long"), (4999, "Grüße")):
        ws = await opened()
        await ws.close(code, reason)
        # The answer repeats the code (§5.5.1).
        assert (await closed(ws))[0] == code and ws.protocol.close_rcvd.code == code, (code, ws.protocol.close_rcvd)
    # Without a code.
    ws = await opened()
    ws.protocol.send_close()
    ws.transport.write(b"".join(ws.protocol.data_to_send()))
    assert (await closed(ws))[0] == 1005, ws.close_code
    # Faults are answered with the code that names them.
    for data, code in (
        (bytes([0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28]), 1007),
        (bytes([0x83, 0x80, 0, 0, 0, 0]), 1002),
        (bytes([0x81, 0x01, 0x41]), 1002),
        (bytes([0x82, 0xFF, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1009),
    ):
        ws = await opened()
        ws.transport.write(data)
        try:
            await received(ws)
            raise AssertionError(f"{data.hex()} passed")
        except ConnectionClosed:
            assert ws.close_code == code, (data.hex(), ws.close_code)


async def many():
    """Many connections at once, each with many messages under way."""

    async def one(number):
        async with opened() as ws:
            sent = [generator.randbytes(generator.randrange(20_000)) for _ in range(100)]

            async def send():
                for message in sent:
                    await ws.send(message)

            sending = asyncio.create_task(send())
            for message in sent:
                assert await received(ws) == message, f"connection {number}"
            await sending

    await asyncio.gather(*map(one, range(20)))


async def main():
    for part in (messages, pings, closing, many):
        await part()


asyncio.run(main())
print(f"{url}: Python's websockets: messages, fragments, pings, closing, faults, many at once: as expected")
