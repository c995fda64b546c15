#!/usr/bin/env python3
"""python-socketio's server, for our client: server.py PORT [polling]. As server.mjs, but for connection state recovery, which it lacks."""
import asyncio
import sys

import engineio.payload
import socketio
from aiohttp import web

# As many packets in a body as its length allows.
engineio.payload.Payload.max_decode_packets = 10_000

port, only = int(sys.argv[1]), sys.argv[2:]
names = "/", "/a", "/b"
io = socketio.AsyncServer(
    # Fractions of a second are told to clients as 0.
    async_mode="aiohttp", ping_interval=1, ping_timeout=1, transports=only or None, namespaces=[*names, "/refused"]
)
received, sent = [], 0


def serve(namespace):
    def on(name):
        def decorate(handler):
            async def guarded(sid, *args):
                return await handler(sid, *args)

            io.on(name, guarded, namespace=namespace)

        return decorate

    async def connect(sid, environ, auth):
        await io.emit("auth", auth or {}, to=sid, namespace=namespace)

    io.on("connect", connect, namespace=namespace)

    @on("echo")
    async def _(sid, *args):
        await io.emit("echoed", args, to=sid, namespace=namespace)

    @on("ask")
    async def _(sid, *args):
        return args

    @on("silent")
    async def _(sid):
        await asyncio.sleep(2)

    @on("transport")
    async def _(sid):
        return io.transport(sid, namespace)

    @on("headers")
    async def _(sid):
        return io.get_environ(sid, namespace).get("HTTP_X_TEST")

    @on("question")
    async def _(sid, *args):
        try:
            answer = await io.call("question", args, to=sid, namespace=namespace, timeout=0.5)
            await io.emit("answered", answer, to=sid, namespace=namespace)
        except socketio.exceptions.TimeoutError:
            await io.emit("unanswered", to=sid, namespace=namespace)

    @on("leave")
    async def _(sid):
        await io.disconnect(sid, namespace)

    @on("close")
    async def _(sid):
        await io.eio.disconnect(io.manager.eio_sid_from_sid(sid, namespace))

    @on("m")
    async def _(sid, number):
        received.append(number)

    @on("received")
    async def _(sid):
        # A list alone would be taken for several arguments.
        return (received,)

    @on("count")
    async def _(sid, count):
        global sent
        for _ in range(count):
            sent += 1
            await io.emit("n", sent, namespace=namespace)
            await asyncio.sleep(0.002)


for name in names:
    serve(name)


async def refuse(sid, environ, auth):
    raise socketio.exceptions.ConnectionRefusedError("not you", {"auth": auth})


io.on("connect", refuse, namespace="/refused")


async def main():
    app = web.Application()
    io.attach(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    print(f"port {runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
