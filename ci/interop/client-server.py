"""The example client's peer: a server by Python's `websockets`. Prints its port. What it does depends on the path, as
in client-server.mjs."""
import asyncio
import hashlib

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

BODY = "Who are you?\nA second line.\n"


async def answer(ws, what):
    while (message := await ws.recv()) != "bye":
        await ws.send(what(message))


def digest(message):
    kind, data = ("text", message.encode()) if isinstance(message, str) else ("binary", message)
    return f"{kind} {len(data)} {hashlib.sha256(data).hexdigest()}"


async def fragments(ws):
    await ws.send(["Grü", "ße, ", "😀"])
    await ws.send([b"\1\2", b"\7" * 100_000, b""])


def headers(ws):
    get = ws.request.headers.get
    host = "true" if get("Host") == f"127.0.0.1:{ws.local_address[1]}" else "false"
    return ws.send(" | ".join([host, get("Origin"), get("X-One"), get("X-Two"), ws.request.path]))


async def ping(ws):
    await (await ws.ping("are you there?"))
    await ws.send("answered: are you there?")


async def cut(ws):
    ws.transport.abort()


async def fault(ws):
    ws.transport.write(b"\x81\x02\xc3\x28")
    await ws.wait_closed()


async def nothing(ws):
    ws.transport.write(b"\x88\x00")
    await ws.wait_closed()


CONDUCT = {
    "/echo": lambda ws: answer(ws, lambda message: message),
    "/sum": lambda ws: answer(ws, digest),
    "/fragments": fragments,
    "/subprotocol": lambda ws: ws.send(f"chosen: {ws.subprotocol}"),
    "/headers": headers,
    "/close": lambda ws: ws.close(4001, "so long"),
    "/error": lambda ws: ws.close(1011),
    "/gone": lambda ws: ws.close(1001),
    "/nothing": nothing,
    "/ping": ping,
    "/cut": cut,
    "/fault": fault,
}


async def conduct(ws):
    try:
        await CONDUCT[ws.request.path.split("?")[0]](ws)
    except ConnectionClosed:
        pass


def refuse(ws, request):
    if request.path == "/refused":
        response = ws.respond(401, BODY)
        response.headers["WWW-Authenticate"] = 'Basic realm="x"'
        return response


def choose(_, offered):
    return "superchat" if "superchat" in offered else None


async def main():
    limits = {"max_size": None, "ping_interval": None}
    async with serve(conduct, "127.0.0.1", 0, process_request=refuse, select_subprotocol=choose, **limits) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


asyncio.run(main())
