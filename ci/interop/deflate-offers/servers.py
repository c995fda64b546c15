"""The servers in Python: `servers.py NAME PORT SETTING`, which is an object of JSON with the names of cases.tsv."""
import asyncio
import json
import sys


async def serve_websockets(port: int, setting: dict[str, int]):
    from websockets.asyncio.server import serve
    from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

    # Like ours, it has whole windows then; its default would be 12 bits.
    factory = ServerPerMessageDeflateFactory(
        server_no_context_takeover="send_no_context_takeover" in setting,
        client_no_context_takeover="receive_no_context_takeover" in setting,
        server_max_window_bits=setting.get("send_window_bits"),
        client_max_window_bits=setting.get("receive_window_bits"),
        require_client_max_window_bits="receive_window_bits" in setting)
    async with serve(lambda ws: ws.wait_closed(), "127.0.0.1", port, compression=None, extensions=[factory]) as server:
        await server.serve_forever()


async def serve_aiohttp(port: int, setting: dict[str, int]):
    from aiohttp import web

    async def talk(request):
        ws = web.WebSocketResponse(compress=True)
        await ws.prepare(request)
        async for _ in ws:
            pass
        return ws

    assert not setting, "it has no settings"
    app = web.Application()
    app.router.add_get("/", talk)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def serve_uws(port: int, setting: dict[str, int], shared: bool = False):
    from socketify import App, AppListenOptions
    from socketify.native import lib

    is_sending_alone = shared or "send_no_context_takeover" in setting
    is_receiving_alone = shared or "receive_no_context_takeover" in setting
    # Compressors are named by the memory that they take: that of 12 bits takes 32 KB.
    compressor = {15: lib.DEDICATED_COMPRESSOR_256KB, 12: lib.DEDICATED_COMPRESSOR_32KB}[setting.get("send_window_bits", 15)]
    inflater = {15: lib.DEDICATED_DECOMPRESSOR_32KB, 12: lib.DEDICATED_DECOMPRESSOR_4KB}[setting.get("receive_window_bits", 15)]
    options = ((lib.SHARED_COMPRESSOR if is_sending_alone else compressor) |
               (lib.SHARED_DECOMPRESSOR if is_receiving_alone else inflater))
    app = App()
    app.ws("/*", {"compression": options, "open": lambda ws: None})
    app.listen(AppListenOptions(port=port, host="127.0.0.1"), lambda config: None)
    app.run()


name, port, setting = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
if name == "websockets":
    asyncio.run(serve_websockets(port, setting))
elif name == "aiohttp":
    asyncio.run(serve_aiohttp(port, setting))
else:
    serve_uws(port, setting, shared=name == "uWebSockets, shared")
