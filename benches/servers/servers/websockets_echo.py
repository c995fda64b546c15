"""Python's websockets, as its documentation echoes; with the argument `deflate` it compresses."""

import asyncio
import sys

from websockets.asyncio.server import serve


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


async def main():
    compression = "deflate" if sys.argv[1:] == ["deflate"] else None
    async with serve(echo, "127.0.0.1", 0, compression=compression, max_size=100 << 20) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


asyncio.run(main())
