"""Python's `websockets` over TLS.

python.py client wss://localhost:9443/ CERT    talks to an echo server, and exits 1 at the first difference
python.py server CERT KEY [TLSv1_2]            is an echo server, and prints its port
"""
import asyncio
import ssl
import sys
import time

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve


async def client(url, cert):
    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        context = ssl.create_default_context(cafile=cert)
        context.maximum_version = version
        async with connect(url, ssl=context, max_size=None) as socket:
            for size in 0, 1, 125, 126, 16384, 65535, 65536, 1 << 20:
                for data in b"\xa5" * size, "é" * (size // 2):
                    await socket.send(data)
                    assert await socket.recv() == data, f"echo of {size} bytes differs"
            await socket.send(["Hel", "lo"])
            assert await socket.recv() == "Hello"
            await asyncio.wait_for(await socket.ping("ping"), 5)
            agreed = socket.transport.get_extra_info("ssl_object").version()
            start = time.monotonic()
            await socket.close(3000, "done")
            await socket.wait_closed()
            assert (socket.close_code, time.monotonic() - start < 3) == (3000, True), "no clean end"
        print(f"Python's websockets, {agreed}, with our server: as expected")


async def server(cert, key, version="TLSv1_3"):
    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.maximum_version = ssl.TLSVersion[version]
    async with serve(echo, "127.0.0.1", 0, ssl=context, max_size=None) as listening:
        print(listening.sockets[0].getsockname()[1], flush=True)
        await listening.serve_forever()


asyncio.run({"client": client, "server": server}[sys.argv[1]](*sys.argv[2:]))
