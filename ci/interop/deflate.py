"""Compressed connections of our server and client with those of others: `deflate.py SERVER CLIENT [NAME]...`, for ci/interop/deflate.

Each case echoes 50 messages of mixed size and kind and compares them. They go through a proxy that counts: less on the wire than in the
messages, in both directions, shows that both ends compressed.
"""
import asyncio
import contextlib
import json
import pathlib
import random
import re
import sys
import tempfile

import aiohttp
import aiohttp.web
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

HERE = pathlib.Path(__file__).parent
SERVER, CLIENT, *WANTED = sys.argv[1:]
generator = random.Random(7692)
folder = pathlib.Path(tempfile.mkdtemp())


def message(size, is_text):
    """Text that compresses, or bytes of which a few do not."""
    words = ["price", "Größe", "世界", "😀", "true", "null", "0.5"]
    text = "".join(f'{{"{generator.choice(words)}":{generator.randrange(1000)}}},' for _ in range(size // 12 + 1))
    if is_text:
        return text.encode()[:size].decode(errors="ignore")
    noise = generator.randbytes(min(size, 500))
    return noise + text.encode()[: size - len(noise)]


SIZES = [0, 1, 2, 20, 125, 126, 1000, 5000, 65535, 65536] * 5
MESSAGES = [message(size + at // 10 * (size > 2), at % 3 != 0) for at, size in enumerate(SIZES)]
PLAIN = sum(len(one.encode() if isinstance(one, str) else one) for one in MESSAGES)
AS_JSON = folder / "messages.json"
AS_JSON.write_text(json.dumps([[isinstance(one, str), (one.encode() if isinstance(one, str) else one).hex()] for one in MESSAGES]))


class Proxy:
    """Forwards connections to a port, and counts the bytes from and to their clients."""

    def __init__(self, target):
        self.target, self.counts = target, [0, 0]

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def serve(self, reader, writer):
        onward = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self.pump(0, reader, onward[1]), self.pump(1, onward[0], writer))

    async def pump(self, way, reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                self.counts[way] += len(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    def check(self):
        for way, count in zip(("the server", "the client"), self.counts):
            assert count < PLAIN * 0.7, f"{count} bytes to {way} for messages of {PLAIN}: not compressed"


@contextlib.asynccontextmanager
async def program(*command):
    """A server that prints its port."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        line = (await process.stdout.readline()).decode()
        yield int(re.search(r"(?:127\.0\.0\.1:)?(\d+)", line.replace("127.0.0.1:", "")).group(1))
    finally:
        process.kill()
        await process.wait()


async def run(*command, **options):
    process = await asyncio.create_subprocess_exec(*command, **options)
    assert await process.wait() == 0, f"{command[0]} ended with {process.returncode}"


# Clients of others.


def ws_client(**options):
    return lambda url: run("node", HERE / "deflate.mjs", "client", json.dumps(options), url, AS_JSON)


def websockets_client(**options):
    async def talk(url):
        factory = ClientPerMessageDeflateFactory(**options)
        async with websockets.connect(url, extensions=[factory], compression=None, max_size=None, proxy=None) as ws:
            assert ws.protocol.extensions, "nothing agreed"
            for one in MESSAGES:
                await ws.send(one)
                assert await ws.recv() == one, f"the echo of {len(one)} differs"

    return talk


def aiohttp_client(bits):
    async def talk(url):
        async with aiohttp.ClientSession() as session, session.ws_connect(url, compress=bits, max_msg_size=0) as ws:
            assert ws.compress, "nothing agreed"
            for one in MESSAGES:
                await (ws.send_str if isinstance(one, str) else ws.send_bytes)(one)
                assert (await ws.receive()).data == one, f"the echo of {len(one)} differs"

    return talk


def browser(*command):
    """It loads a page that echoes, and that reports to where it came from."""

    async def talk(url):
        report = asyncio.get_running_loop().create_future()

        async def answer(request):
            if request.path == "/messages":
                return aiohttp.web.FileResponse(AS_JSON)
            if request.path == "/report" and not report.done():
                report.set_result(await request.text())
            return aiohttp.web.Response(text=PAGE.replace("URL", url), content_type="text/html")

        async with listening(answer) as port, temporary_folder() as profile:
            process = await asyncio.create_subprocess_exec(
                *(part.replace("PROFILE", profile) for part in command), f"http://127.0.0.1:{port}/",
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
            try:
                said = await asyncio.wait_for(report, 90)
                assert said.startswith("50 messages, permessage-deflate"), said
            finally:
                process.terminate()
                await process.wait()

    return talk


PAGE = """<!doctype html><meta charset="utf-8"><script>
const say = (text) => fetch("/report", { method: "POST", body: text });
(async () => {
  const messages = await (await fetch("/messages")).json();
  const socket = new WebSocket("URL");
  socket.binaryType = "arraybuffer";
  const next = (name) => new Promise((resolve, reject) => {
    socket.addEventListener(name, resolve, { once: true });
    socket.addEventListener("close", () => reject("closed"), { once: true });
  });
  await next("open");
  let same = 0;
  for (const [isText, hex] of messages) {
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
    const message = isText ? new TextDecoder().decode(bytes) : bytes;
    socket.send(message);
    const { data } = await next("message");
    const echo = isText ? data : new Uint8Array(data);
    same += isText ? echo === message : echo.length === message.length && echo.every((byte, i) => byte === message[i]);
  }
  await say(`${same} messages, ${socket.extensions}`);
})().catch((error) => say(String(error)));
</script>"""


@contextlib.asynccontextmanager
async def temporary_folder():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        yield name


@contextlib.asynccontextmanager
async def listening(answer):
    runner = aiohttp.web.ServerRunner(aiohttp.web.Server(answer))
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site._server.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()


# Servers of others.


def ws_server(**options):
    return lambda: program("node", HERE / "deflate.mjs", "server", json.dumps(options))


def websockets_server(**options):
    @contextlib.asynccontextmanager
    async def serve():
        async def echo(ws):
            async for one in ws:
                await ws.send(one)

        factory = ServerPerMessageDeflateFactory(**options)
        async with websockets.serve(echo, "127.0.0.1", 0, extensions=[factory], compression=None, max_size=None) as server:
            yield server.sockets[0].getsockname()[1]

    return serve


def aiohttp_server():
    async def echo(request):
        ws = aiohttp.web.WebSocketResponse(compress=True, max_msg_size=0)
        await ws.prepare(request)
        async for one in ws:
            await (ws.send_str if isinstance(one.data, str) else ws.send_bytes)(one.data)
        return ws

    return listening(echo)


async def our_client(arguments, port):
    """Its input is lines, of which some name files; what it prints is compared."""
    lines, wanted = [], []
    for at, one in enumerate(MESSAGES):
        if isinstance(one, str):
            lines.append(one)
            wanted.append(one)
        else:
            file = folder / f"{at}.bin"
            file.write_bytes(one)
            lines.append(f"/binary {file}")
            start = "".join(f" {byte:02x}" for byte in one[:16]) + (" ..." if len(one) > 16 else "")
            wanted.append(f"binary, {len(one)} bytes:{start}")
    await our_talk([*arguments, f"ws://127.0.0.1:{port}/"], lines, wanted)


async def our_client_of_socket_io(arguments, port):
    """Engine.IO's and Socket.IO's packets by hand, over WebSocket alone: open, connect, and an event that comes back."""
    events = ["42" + json.dumps(["echo", one], ensure_ascii=False, separators=(",", ":")) for one in MESSAGES if isinstance(one, str)]
    url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
    await our_talk([*arguments, url], [None, "40", *events], [None, None, *events])


async def our_talk(arguments, lines, wanted):
    """A line to the client for each that it prints; None stands for no line, and for any."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(CLIENT, *arguments, stdin=pipe, stdout=pipe, stderr=pipe, limit=1 << 20)
    try:
        for at, (line, echo) in enumerate(zip(lines, wanted)):
            if line is not None:
                process.stdin.write(line.encode() + b"\n")
                await process.stdin.drain()
            got = (await process.stdout.readline()).decode()
            assert got == f"{echo}\n" or got and echo is None, f"message {at}: {got[:100]!r} instead of {str(echo)[:100]!r}"
        process.stdin.close()
        _, said = await process.communicate()
    except BaseException:
        process.kill()
        raise
    assert process.returncode == 0 and "open, compressed" in said.decode(), said.decode()


CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--user-data-dir=PROFILE"]
FIREFOX = ["firefox-esr", "--headless", "--no-remote", "--profile", "PROFILE"]
CLIENTS = {
    "ws": ws_client(),
    "ws, windows of 9 bits": ws_client(serverMaxWindowBits=9, clientMaxWindowBits=9),
    "ws, windows of 10 and 12 bits": ws_client(serverMaxWindowBits=10, clientMaxWindowBits=12),
    "ws, no takeover by the server": ws_client(serverNoContextTakeover=True),
    "ws, no takeover by the client": ws_client(clientNoContextTakeover=True),
    "ws, no takeover at all": ws_client(serverNoContextTakeover=True, clientNoContextTakeover=True, serverMaxWindowBits=11),
    "websockets": websockets_client(client_max_window_bits=True),
    "websockets, windows of 9 bits, no takeover": websockets_client(
        server_max_window_bits=9, client_max_window_bits=9, server_no_context_takeover=True, client_no_context_takeover=True),
    "aiohttp": aiohttp_client(15),
    "aiohttp, windows of 10 bits": aiohttp_client(10),
    "Chromium": browser(*CHROMIUM),
    "Firefox": browser(*FIREFOX),
}
SERVERS = {
    "ws": ws_server(),
    "ws, windows of 9 bits": ws_server(serverMaxWindowBits=9, clientMaxWindowBits=9),
    "ws, no takeover": ws_server(serverNoContextTakeover=True, clientNoContextTakeover=True),
    "websockets": websockets_server(),
    "websockets, windows of 10 bits, no takeover": websockets_server(
        server_max_window_bits=10, client_max_window_bits=10, server_no_context_takeover=True, client_no_context_takeover=True),
    "aiohttp": aiohttp_server,
    "socket.io": lambda: program("node", HERE / "deflate.mjs", "socket.io", "{}"),
}
# Firefox cannot limit its window, so that a server with a smaller one does not compress for it.
SMALL = [name for name in CLIENTS if name != "Firefox"]


async def case(name, talk):
    if WANTED and not any(word in name for word in WANTED):
        return True
    try:
        counts = await asyncio.wait_for(talk(), 120)
        print(f"interop: {name}: {PLAIN} bytes of messages as {counts[0]} to the server, {counts[1]} to the client", flush=True)
        return True
    except Exception as error:
        print(f"interop: {name}: FAILED: {error or type(error).__name__}", flush=True)
        return False


async def with_client(arguments, talk):
    async with program(SERVER, *arguments, "--quiet", "--listen", "127.0.0.1:0") as port, Proxy(port) as proxy:
        await talk(f"ws://127.0.0.1:{proxy.port}/")
        proxy.check()
        return proxy.counts


async def with_server(arguments, serve):
    async with serve() as port, Proxy(port) as proxy:
        await (our_client_of_socket_io if serve is SERVERS["socket.io"] else our_client)(arguments, proxy.port)
        proxy.check()
        return proxy.counts


async def main():
    good = True
    for option, names in (("--deflate", CLIENTS), ("--deflate=10", SMALL)):
        for name in names:
            good &= await case(f"server {option}, client {name}", lambda: with_client([option], CLIENTS[name]))
    for option in ("--deflate", "--deflate=9"):
        for name, serve in SERVERS.items():
            good &= await case(f"client {option}, server {name}", lambda: with_server([option], serve))
    sys.exit(not good)


asyncio.run(main())
