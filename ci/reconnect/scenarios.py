"""The scenarios: what happens to the client's connections."""
import contextlib
import dataclasses
import pathlib
import socket
import sys
import threading
import time
from collections.abc import Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "proxies"))

from parts import Client, Relay, Server, check, judge, numbers, until
from proxies import ForwardProxy, Haproxy, Nginx, Squid, Tinyproxy

# Waits that are 25 times shorter than the defaults.
FAST = "--reconnect=200"
# How long a connection has to last so that the waits start anew, and a margin.
UP = 0.4
# The client's deadlines in seconds, and by how much they may be missed on a busy machine.
DIAL, PING_AFTER, PONG_WITHIN, EARLY, LATE = 10.0, 25.0, 20.0, 1.0, 5.0


@dataclasses.dataclass
class Run:
    """The client, a folder of its own, and whether there is much time."""
    program: str
    folder: pathlib.Path
    deep: bool

    def client(self, url: str, *options: str, **more) -> Client:
        return Client(self.program, self.folder, url, *options, **more)


@dataclasses.dataclass
class Scenario:
    name: str
    does: str
    run: Callable[[Run], dict | None]


SCENARIOS: list[Scenario] = []


def scenario(does: str):
    def add(run: Callable):
        SCENARIOS.append(Scenario(run.__name__, does, run))
        return run
    return add


# Servers.

@scenario("the server is killed and started again, 20 times (deep: 100)")
def server_killed(run: Run) -> dict:
    times = 100 if run.deep else 20
    with Server(run.folder) as server, run.client(server.url(), FAST) as client:
        for count in range(1, times + 1):
            client.opens(count)
            time.sleep(UP)
            server.kill()
            client.says(r"^\* down: .*; again in", count)
            server.start()
        client.opens(times + 1)
        time.sleep(UP)
        client.end(0)
        return judge(client, server)


@scenario("the server stops in order, with a Close 1001, 5 times")
def server_stopped(run: Run) -> dict:
    with Server(run.folder) as server, run.client(server.url(), FAST) as client:
        for count in range(1, 6):
            client.opens(count)
            time.sleep(UP)
            server.process.terminate()
            server.process.wait()
            server.kill()
            client.says(r"^\* down: closed with 1001, clean; again in", count)
            server.start()
        client.opens(6)
        client.end(0)
        return judge(client, server)


@scenario("without --reconnect: the server is killed before a connection counts as one that lasted, and after that")
def once(run: Run):
    for seconds in 0.5, 5.5:
        with Server(run.folder) as server, run.client(server.url()) as client:
            client.opens(1)
            time.sleep(seconds)
            server.kill()
            client.end(1)
            check(len(client.said(r"^\* closed with 1006, not clean: ")) == 1, f"not ended: {client.tail()}")
            check(not client.said("again"), f"it came back: {client.tail()}")


@scenario("there is no server yet, and the input ends before there is one")
def input_ends_while_away(run: Run) -> dict:
    server = Server(run.folder)
    with run.client(server.url(), FAST) as client:
        client.says(r"^\* down: cannot connect to", 2)
        until(lambda: client.typed > 50, "lines are typed")
        client.ends.set()
        client.typist.join()
        time.sleep(0.5)
        check(client.process.poll() is None, f"it has not waited: {client.tail()}")
        with server:
            client.end(0)
            row = judge(client, server)
    check(row["lost"] == 0, "not all that was typed has arrived")
    return row


@scenario("there is no server yet, and more is typed than the queue holds")
def queue_full(run: Run) -> dict:
    server = Server(run.folder)
    with run.client(server.url(), FAST, length=20_000) as client:
        # 52 fit into its 1 MiB, and some more into pipes.
        until(lambda: client.typed > 52, "lines are typed")
        typed, deadline = 0, time.monotonic() + 10
        while typed != client.typed:
            check(time.monotonic() < deadline, f"{typed} lines of 20 KB were read")
            typed = client.typed
            time.sleep(0.5)
        check(typed < 80, f"{typed} lines of 20 KB were read")
        with server:
            client.opens(1)
            until(lambda: client.typed > 2 * typed, "more lines are typed")
            client.end(0)
            row = judge(client, server)
    check(row["lost"] == 0, "not all that was typed has arrived")
    return row


@scenario("messages of 600 KB, which leave in parts, to a slow reader; the server is killed 5 times")
def long_messages(run: Run) -> dict:
    return padded(run, 600_000)


@scenario("compressed messages of 5 KB; the server is killed 5 times")
def compressed_messages(run: Run) -> dict:
    return padded(run, 5_000, "--deflate=9")


def padded(run: Run, length: int, *options: str) -> dict:
    with Server(run.folder) as server, run.client(server.url("/slow"), FAST, *options, length=length) as client:
        for count in range(1, 6):
            client.opens(count)
            time.sleep(UP)
            server.kill()
            client.says(r"^\* down: .*; again in", count)
            server.start()
        client.opens(6)
        before = len(server.lines("got"))
        until(lambda: len(server.lines("got")) > before + 5, "messages arrive")
        client.end(0)
        return judge(client, server)


@scenario("commands are typed while there is no server: they wait for their turn")
def commands_wait(run: Run):
    server = Server(run.folder)
    with run.client(server.url("/quiet"), FAST, interval=0) as client:
        client.input("c 1\n/ping x\nc 2\n/nonsense\n/close 4001 enough\nc 3\n")
        client.says(r"^\* down: cannot connect to", 3)
        with server:
            client.end(1)
            # The Close is answered before the server's program has noted all that came before.
            until(lambda: len(server.lines("got")) >= 2, "both messages arrive")
            check(numbers(server.lines("got"), "c") == [1, 2], f"these came: {server.lines('got')}")
    check(bool(client.said(r'^\* pong "x", round trip ')), f"no Pong: {client.tail()}")
    check(bool(client.said("^\\* there is no command /nonsense")), f"no complaint: {client.tail()}")
    check(bool(client.said(r"^\* closed with 4001, clean$")), f"not closed: {client.tail()}")
    # Nothing waits, and there is no connection: the end is at once.
    with run.client(server.url(), "--reconnect=60000", interval=0) as client:
        client.says(r"^\* down: cannot connect to")
        client.input("/close\n")
        client.end(1, 3)


@scenario("the server accepts connections and drops them: dials in 20 s, default waits")
def accepted_and_dropped(run: Run) -> dict:
    return dropping(run, b"")


@scenario("the same with an opening handshake before")
def opened_and_dropped(run: Run) -> dict:
    return dropping(run, b"\r\n\r\n")


def dropping(run: Run, wait_for: bytes) -> dict:
    from websockets.utils import accept_key

    dials = []

    def serve(listener: socket.socket):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                dials.append(time.monotonic())
                head = b""
                while wait_for and wait_for not in head:
                    head += sock.recv(4096)
                if wait_for:
                    key = next(line for line in head.decode().split("\r\n") if line.lower().startswith("sec-websocket-key:"))
                    accept = accept_key(key.partition(":")[2].strip())
                    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n")
                sock.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        with run.client(f"ws://127.0.0.1:{listener.getsockname()[1]}/", "--reconnect", interval=0.2) as client:
            time.sleep(60 if run.deep else 20)
            # At least 0, 0.5, 1, 2, 4, 8 s; at most 5, 1.5, 3, 6, 12 s.
            least, most = (5, 10) if run.deep else (4, 8)
            check(least <= len(dials) <= most, f"{len(dials)} dials")
            waits = [b - a for a, b in zip(dials, dials[1:])]
            check(all(wait > 0.45 for wait in waits[1:]), f"too soon: {waits}")
            check(not wait_for or len(client.said(r"^\* open")) == len(dials), "it was not always open")
            return {"opened": len(client.said(r"^\* open")), "what": f"{len(dials)} dials"}


# The network.

@scenario("all bytes vanish, in both directions: found within 45 s")
def black_hole(run: Run) -> dict:
    with Server(run.folder) as server, Relay(server.port) as relay:
        with run.client(f"ws://127.0.0.1:{relay.port}/", FAST, interval=0.1) as client:
            client.opens(1)
            time.sleep(2)
            relay.cut()
            since = time.monotonic()
            client.says(r"^\* down: .*; again in", 1, PING_AFTER + PONG_WITHIN + LATE)
            took = time.monotonic() - since
            check(len(client.said("a keepalive Ping was not answered in time")) == 1, f"another reason: {client.tail()}")
            check(took > PONG_WITHIN, f"too soon, after {took:.1f} s")
            client.opens(2)
            time.sleep(1)
            client.end(0)
            row = judge(client, server)
            check(row["told"] >= row["lost"] > 0, "nothing was lost in a hole")
            return row | {"what": f"found after {took:.0f} s"}


@scenario("nobody answers a SYN: the deadline of the dial ends it, and what was typed waits")
def syn_vanishes(run: Run) -> dict:
    server = Server(run.folder)
    # A queue of connections that nobody accepts: Linux drops the SYN of what finds it full.
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", server.port))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", server.port))
    time.sleep(0.3)
    with run.client(server.url(), FAST, interval=0.1) as client:
        since = time.monotonic()
        client.says(r"^\* down: cannot connect to 127\.0\.0\.1:\d+: .*timed out; again in", 1, DIAL + LATE)
        took = time.monotonic() - since
        check(took > DIAL - EARLY, f"too soon, after {took:.1f} s")
        for one in [*waiting, listener]:
            one.close()
        with server:
            client.opens(1, 2 * DIAL)
            client.end(0)
            row = judge(client, server)
            check(row["typed"] > 10 and row["lost"] == 0, "not all that was typed has arrived")
            return row | {"what": f"ended after {took:.0f} s"}


# Proxies that are asked for a tunnel.

def killed(run: Run, proxy: ForwardProxy) -> dict:
    times = 15 if run.deep else 3
    with Server(run.folder) as server, proxy:
        with run.client(server.url(), FAST, "--proxy", proxy.url_with_credentials) as client:
            for count in range(1, times + 1):
                client.opens(count)
                time.sleep(UP)
                proxy.kill()
                client.says(r"^\* down: .*; again in", count)
                proxy.start()
            client.opens(times + 1)
            client.end(0)
            return judge(client, server)


@scenario("squid is killed and started again, 3 times (deep: 15)")
def squid_killed(run: Run) -> dict:
    return killed(run, Squid())


@scenario("tinyproxy, with a password, is killed and started again, 3 times (deep: 15)")
def tinyproxy_killed(run: Run) -> dict:
    return killed(run, Tinyproxy(("user", "secret")))


def credentials(run: Run, proxy: ForwardProxy, wrong: int, realm: str):
    """`wrong` is what it answers to a wrong password. (A 401 from a proxy is meant for another; it is what Tinyproxy says.)"""
    rows = []
    with Server(run.folder) as server, Server(run.folder, "v6", "::1") as v6, proxy:
        at = proxy.url.removeprefix("http://")
        for options in (), (FAST,):
            with run.client(server.url(), *options, "--proxy", proxy.url_with_credentials) as client:
                client.opens(1)
                until(lambda: len(server.lines("got")) > 10, "messages arrive")
                client.end(0)
                rows.append(judge(client, server))
            server.ledger.write_text("")
            for user, status in ("user:wrong@", wrong), ("", 407):
                with run.client(server.url(), *options, "--proxy", f"http://{user}{at}") as client:
                    client.says(rf"^\* the proxy refused with {status}\b")
                    client.end(3)
                    challenge = client.said(rf'^\* Proxy-Authenticate: Basic realm="{realm}"$')
                    check(bool(challenge) == (status == 407), f"the challenge: {client.tail()}")
                    check("wrong" not in client.notes() and "d3Jvbmc" not in client.notes(), "a password was shown")
        with run.client(v6.url(), "--proxy", proxy.url_with_credentials) as client:
            client.opens(1)
            client.end(0)
            judge(client, v6)
        environment(run, server, proxy)
    return rows[-1]


def environment(run: Run, server: Server, proxy: ForwardProxy):
    """What ALL_PROXY and NO_PROXY say. That the proxy asks for a password shows that it was asked."""
    wrong = proxy.url
    for env, options, status in [
        ({"ALL_PROXY": wrong}, (), 3),
        ({"all_proxy": wrong, "ALL_PROXY": proxy.url_with_credentials}, (), 3),
        ({"ALL_PROXY": proxy.url_with_credentials}, (), 0),
        ({"ALL_PROXY": wrong, "NO_PROXY": "example.com, 127.0.0.0/8"}, (), 0),
        ({"all_proxy": wrong, "no_proxy": f"127.0.0.1:{server.port}"}, (), 0),
        ({"ALL_PROXY": wrong, "NO_PROXY": "example.com"}, (), 3),
        ({"ALL_PROXY": wrong}, ("--proxy", ""), 0),
        ({"ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*"}, ("--proxy", wrong), 3),
    ]:
        with run.client(server.url(), *options, env=env) as client:
            client.says(r"^\* open" if status == 0 else r"^\* the proxy refused with")
            client.end(status)


@scenario("squid with a password: the right one, a wrong one, none; IPv6; the environment")
def squid_credentials(run: Run):
    return credentials(run, Squid(("user", "secret")), 407, "test")


@scenario("tinyproxy with a password: the same")
def tinyproxy_credentials(run: Run):
    return credentials(run, Tinyproxy(("user", "secret")), 401, "Tinyproxy")


# Proxies before the server.

def before(run: Run, kind: Callable) -> dict:
    """Idle for longer than the proxy allows, and shorter than until a keepalive Ping."""
    with Server(run.folder, interval=0.02) as server, kind(server.port) as proxy:
        with run.client(f"{proxy.url}/quiet", FAST) as client:
            client.opens(1)
            time.sleep(1)
            client.types.clear()
            client.says(r"^\* down: .*; again in", 1, proxy.idle + LATE)
            client.types.set()
            client.opens(2)
            time.sleep(1)
            check(client.process.poll() is None, f"it has ended: {client.tail()}")
            client.end(0)
            return judge(client, server)


@scenario("nginx, which ends what is idle for 5 s")
def nginx_idle(run: Run) -> dict:
    return before(run, Nginx)


@scenario("haproxy, which ends what is idle for 5 s")
def haproxy_idle(run: Run) -> dict:
    return before(run, Haproxy)


@scenario("nginx, killed and started again, 3 times, and its server 3 times: 502 meanwhile")
def nginx_killed(run: Run) -> dict:
    with Server(run.folder) as server, Nginx(server.port) as proxy, run.client(f"{proxy.url}/", FAST) as client:
        for count in range(1, 7):
            client.opens(count)
            time.sleep(UP)
            before = len(client.said(r"^\* down"))
            if count % 2:
                proxy.kill()
                proxy.start()
            else:
                server.kill()
                client.says(r"^\* down: the server refused with status 502; again in")
                server.start()
            until(lambda: len(client.said(r"^\* down")) > before, "the client has noticed")
        client.opens(7)
        client.end(0)
        return judge(client, server)


@scenario("nginx, which speaks HTTP/1.0 with the server unless told otherwise: a clear refusal")
def nginx_http_1_0(run: Run):
    with Server(run.folder) as server, Nginx(server.port, version="1.0") as proxy:
        for options in (), (FAST,):
            with run.client(f"{proxy.url}/", *options) as client:
                client.says(r"^\* refused with (4\d\d|505) ")
                client.end(3)


# What servers answer.

@scenario("the server answers 503 for a while, 401 for good, redirects")
def refusals(run: Run):
    with Server(run.folder) as server, Server(run.folder, "other") as other:
        with run.client(server.url("/refused", user="me:secret@"), FAST) as client:
            client.says(r"^\* refused with 401 Unauthorized: the status is not 101$")
            client.end(3)
            check(bool(client.said("^Who are you\\?$")), f"no body: {client.tail()}")
        with run.client(server.url("/busy"), FAST) as client:
            client.says(r"^\* down: the server refused with status 503; again in", 3)
            pathlib.Path(f"{server.ledger}.free").touch()
            client.opens(1)
            client.end(0)
            judge(client, server)
        server.ledger.write_text("")
        # The credentials are for the first server only.
        url = server.url(f"/redirect?{other.url('/there')}", user="me:secret@")
        with run.client(url, FAST) as client:
            client.opens(1)
            client.end(0)
            row = judge(client, other)
        check(other.lines("up") == ["/there -"], f"another request: {other.lines('up')}")
        with run.client(url) as client:
            client.says(r"^\* refused with 307 Temporary Redirect: the status is not 101$")
            client.end(3)
        with run.client(server.url(user="me:sec%72et@")) as client:
            client.opens(1)
            client.end(0)
        check(server.lines("up") == ["/ Basic bWU6c2VjcmV0"], f"other credentials: {server.lines('up')}")
        with run.client(server.url("/circle"), FAST) as client:
            client.says(r"^\* a redirect that is not followed: ")
            client.end(3)
            check(len(client.said("redirected with 307")) == 5, f"not 5 redirects: {client.tail()}")
        return row

