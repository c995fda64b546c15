#!/usr/bin/env python3
"""python-socketio's client against a server of ours: clients.py PROGRAM [ARGUMENT]... As clients.mjs, whose first comment has the rest."""
import asyncio
import signal
import sys
import time

import engineio.payload
import socketio

# Its polling client gives up a connection whose server had more than 16 packets for it at once, as any server may.
engineio.payload.Payload.max_decode_packets = 10_000

TRANSPORTS = {"default": None, "websocket": ["websocket"], "polling": ["polling"]}
QUICK = ["--ping-interval", "300", "--ping-timeout", "200", "--connect-timeout", "1000"]


class Server:
    def __init__(self, port=0, options=()):
        self.port, self.options = port, options

    async def __aenter__(self):
        command = [*sys.argv[1:], "--listen", f"127.0.0.1:{self.port}", *self.options]
        self.process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        self.port = int((await self.process.stdout.readline()).rsplit(b":", 1)[1])
        return self

    async def __aexit__(self, *_):
        assert self.process.returncode is None, "the server has ended by itself"
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self, namespace="/"):
        return Client(namespace)


class Client(socketio.AsyncClient):
    """Keeps what arrives, by the event's name."""

    def __init__(self, namespace="/", **options):
        super().__init__(reconnection_delay=0.05, reconnection_delay_max=0.1, **options)
        self.namespace, self.got = namespace, {}
        for name in "auth", "message-back", "said", "number", "answered", "unanswered", "end":
            self.on(name, self.keep(name), namespace=namespace)
        self.on("disconnect", self.keep("disconnect"), namespace=namespace)

    def keep(self, name):
        self.got[name] = []

        async def handler(*args):
            self.got[name].append(list(args))

        return handler

    async def open(self, server, transports, **options):
        await self.connect(server.url(), transports=transports, namespaces=[self.namespace], wait_timeout=5, **options)
        return self

    async def event(self, name, count=1, seconds=5):
        await until(f"{count} of {name}", lambda: len(self.got[name]) >= count, seconds)
        return self.got[name][count - 1]


async def until(what, condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.01)


async def opens(server, transports):
    client = await Client().open(server, transports, auth={"token": "123", "ü": ["😀", None]})
    assert await client.event("auth") == [{"token": "123", "ü": ["😀", None]}]
    assert client.transport() == (transports or ["websocket"])[0], client.transport()
    assert client.get_sid() and client.get_sid() != client.eio.sid
    await client.disconnect()


async def is_refused(server, transports):
    client = Client("/guarded")
    errors = []

    async def keep_error(data):
        errors.append(data)

    client.on("connect_error", keep_error, namespace="/guarded")
    try:
        await client.open(server, transports, auth={"token": "guess"})
        raise AssertionError("was not refused")
    except socketio.exceptions.ConnectionError:
        pass
    assert errors == [{"message": "not authorized", "data": {"code": 42}}], errors
    client = await Client("/guarded").open(server, transports, auth={"token": "secret"})
    assert await client.event("auth") == [{"token": "secret"}]
    await client.disconnect()


async def talks(server, transports):
    client = await Client().open(server, transports)
    cases = [
        [1, -2.5, "3", True, None, {"4": [[], {}]}],
        ["\0\"\\\n\u2028 Grüße 世界 😀"],
        ["\x1e", "b"],
        [b"\1\2\3"],
        [b"", {"deep": [b"\x1e\xff", bytes(70_000)]}, "text", b"last"],
    ]
    for sent in cases:
        await client.emit("message", tuple(sent))
    await client.event("message-back", len(cases))
    assert client.got["message-back"] == cases
    await client.disconnect()


async def acknowledges(server, transports):
    client = await Client().open(server, transports)
    assert await client.call("message-with-ack", (1, {"2": [3]}, "4"), timeout=5) == (1, {"2": [3]}, "4")
    assert await client.call("message-with-ack", (b"\x09", [b"\x08"]), timeout=5) == (b"\x09", [b"\x08"])
    many = await asyncio.gather(*(client.call("message-with-ack", i, timeout=5) for i in range(100)))
    assert many == list(range(100))
    try:
        await client.call("never", timeout=0.1)
        raise AssertionError("an answer that was never sent")
    except socketio.exceptions.TimeoutError:
        pass

    async def answer(*args):
        return *reversed(args), b"yes"

    client.on("question", answer)
    await client.emit("ask", (3000, "a", b"b"))
    assert await client.event("answered") == [b"b", "a", b"yes"]

    async def answer_late(*args):
        await asyncio.sleep(0.3)
        return "late"

    client.on("question", answer_late)
    await client.emit("ask", (100,))
    await client.event("unanswered")
    await asyncio.sleep(0.3)
    assert len(client.got["answered"]) == 1
    assert await client.call("message-with-ack", "goes on", timeout=5) == "goes on"
    await client.disconnect()


async def is_in_rooms(server, transports):
    clients = [await Client().open(server, transports) for _ in range(4)]
    for client in clients[:2]:
        await client.call("join", "blue", timeout=5)
    await clients[0].emit("say", ("blue", "to blue", b"\1"))
    await clients[3].emit("say", ("blue", "from outside"))
    await clients[1].event("said", 2)
    await clients[0].event("said", 1)
    await clients[1].call("leave", "blue", timeout=5)
    await clients[0].emit("say", ("blue", "without 1"))
    await clients[0].call("message-with-ack", "the server has it", timeout=5)
    await clients[2].emit("say-all", "to all")
    await until("what is for all", lambda: all(client.got["said"][-1:] == [["to all"]] for client in clients))
    got = [sorted(args[0] for args in client.got["said"]) for client in clients]
    assert got == [["from outside", "to all"], ["from outside", "to all", "to blue"], ["to all"], ["to all"]], got
    assert ["to blue", b"\1"] in clients[1].got["said"]
    for client in clients:
        await client.disconnect()


async def disconnects(server, transports):
    witness = await Client().open(server, ["websocket"])
    for name, here, there in (
        # Over WebSocket it may close before what it has queued leaves.
        (None, "client disconnect", ("client namespace disconnect", "transport close")),
        ("leave-me", "server disconnect", ("server namespace disconnect",)),
        ("close-me", "server disconnect", ("server namespace disconnect",)),
    ):
        client = await Client().open(server, transports)
        sid = client.get_sid()
        await (client.emit(name) if name else client.disconnect())
        assert await client.event("disconnect") == [here], client.got["disconnect"]
        for _ in range(100):
            told = await witness.call("reason-of", sid, timeout=5)
            if told is not None:
                break
            await asyncio.sleep(0.02)
        assert told in there, (name, told)
    await witness.disconnect()


async def keeps_alive(_, transports):
    async with Server(options=QUICK) as server:
        client = await Client().open(server, transports)
        await asyncio.sleep(1.2)
        assert client.connected and await client.call("message-with-ack", "alive", timeout=5) == "alive"
        assert not client.got["disconnect"]
        await client.disconnect()


async def sends_much(server, transports):
    client = await Client().open(server, transports)
    polls = client.transport() == "polling"
    # Base64 is a third longer.
    for i, sent in enumerate(("x" * 999_000, b"abc" * (245_000 if polls else 333_000)), 1):
        await client.emit("message", sent)
        assert await client.event("message-back", i) == [sent]
    for i in range(20):
        await client.emit("message", (i, "x" * 100_000))
        if polls and i % 5 == 4:
            # It joins all that it has, whatever the server's limit.
            await client.event("message-back", 3 + i)
    await client.event("message-back", 22)
    assert [args[0] for args in client.got["message-back"][2:]] == list(range(20))
    await client.disconnect()


async def keeps_order(server, transports):
    async def one(number):
        client = Client()
        sent = 0

        async def send(count):
            nonlocal sent
            for _ in range(count):
                await client.emit("message", (sent, b"bytes" if sent % 5 == 0 else "text"))
                sent += 1

        async def connected():
            # While the transport is upgraded, too.
            await client.emit("count", (200, number * 100))
            await send(100)

        client.on("connect", connected)
        await client.open(server, transports)
        for _ in range(20):
            await send(5)
            await asyncio.sleep(0.005)
        await until("all that was sent", lambda: sent == 200)
        await client.event("message-back", sent)
        back = client.got["message-back"]
        assert sorted(args[0] for args in back) == list(range(sent)), len(back)
        assert all(args[1] == (b"bytes" if args[0] % 5 == 0 else "text") for args in back)
        await client.event("number", 200)
        assert [args[0] for args in client.got["number"]] == list(range(200))
        await client.disconnect()

    await asyncio.gather(*map(one, range(6)))


async def comes_back(_, transports):
    async with Server() as server:
        tries = []

        def auth():
            tries.append(None)
            return {"number": len(tries)}

        client = await Client().open(server, transports, auth=auth)
        assert await client.event("auth") == [{"number": 1}]
    await client.event("disconnect")
    assert client.got["disconnect"][0][0] in ("transport close", "transport error"), client.got["disconnect"]
    async with Server(server.port) as server:
        assert await client.event("auth", 2) == [{"number": 2}]
        assert await client.call("message-with-ack", "again", timeout=5) == "again"
        await client.disconnect()


async def main():
    scenarios = (opens, is_refused, talks, acknowledges, is_in_rooms, disconnects, keeps_alive, sends_much, keeps_order, comes_back)
    async with Server() as server:
        for name, transports in TRANSPORTS.items():
            for scenario in scenarios:
                try:
                    await asyncio.wait_for(scenario(server, transports), 30)
                except BaseException:
                    print(f"python-socketio, {name}: {scenario.__name__} has failed", file=sys.stderr)
                    raise
            print(f"python-socketio, {name}: {len(scenarios)} scenarios as expected", flush=True)


asyncio.run(main())
