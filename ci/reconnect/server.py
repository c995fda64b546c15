"""A WebSocket server that numbers what it sends and notes what it gets: `server.py HOST PORT LEDGER NOTES INTERVAL`.

The ledger is a file, which outlives the server and goes on with the next one. Lines: `listens`, `up PATH AUTHORIZATION`,
`first YES` (whether the client's standard error, the file NOTES, has said that it is open when the first message comes, `no` if not),
`got MESSAGE`, `sent NUMBER`. Paths: /refused, /busy, /redirect?URL, /circle, /quiet (sends nothing), /slow (reads
50 messages a second), others.
"""
import asyncio
import http
import os
import re
import signal
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

HOST, PORT, LEDGER, NOTES, INTERVAL = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], float(sys.argv[5])
ledger = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
with open(LEDGER, errors="replace") as lines:
    number = sum(line.startswith("sent ") for line in lines)


def note(line: str):
    """At once, so that a kill loses nothing."""
    os.write(ledger, line.encode() + b"\n")


def opened() -> int:
    """How often the client has said that a connection is open."""
    with open(NOTES, errors="replace") as notes:
        return len(re.findall(r"^\* open", notes.read(), re.M))


async def send(ws):
    global number
    while True:
        number += 1
        note(f"sent {number}")
        await ws.send(f"s {number}")
        await asyncio.sleep(INTERVAL)


async def conduct(ws):
    note(f"up {ws.request.path} {ws.request.headers.get('Authorization', '-')}")
    sender = asyncio.create_task(send(ws)) if ws.request.path != "/quiet" else None
    is_first = True
    try:
        async for message in ws:
            if is_first:
                note("first yes" if opened() > ws.opened else "first no")
                is_first = False
            # Long ones are padded.
            note(f"got {' '.join(message.split()[:2])}")
            if ws.request.path == "/slow":
                await asyncio.sleep(0.02)
    except ConnectionClosed:
        pass
    finally:
        if sender:
            sender.cancel()


def answer(ws, request):
    path, _, query = request.path.partition("?")
    # Before the 101, so that it is about the connections before this one.
    ws.opened = opened()
    if path == "/refused":
        return ws.respond(http.HTTPStatus.UNAUTHORIZED, "Who are you?\n")
    if path == "/busy" and not os.path.exists(LEDGER + ".free"):
        note("busy")
        return ws.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "Come back.\n")
    if path in ("/redirect", "/circle"):
        response = ws.respond(http.HTTPStatus.TEMPORARY_REDIRECT, "")
        response.headers["Location"] = query or path
        return response
    return None


async def main():
    # Whoever starts it closes its standard input, even if that is killed.
    asyncio.get_running_loop().add_reader(0, lambda: os.kill(os.getpid(), signal.SIGKILL))
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    # `reuse_address`: the port is to be taken again after a kill.
    async with serve(conduct, HOST, PORT, process_request=answer, ping_interval=None, max_size=None, reuse_address=True):
        note("listens")
        await stopped.wait()


asyncio.run(main())
