"""Checks the proxies of proxies.py: what each does with requests, good and bad, when it is idle, stopped and killed. See ci/proxies/run."""
import concurrent.futures
import contextlib
import signal
import socket
import socketserver
import sys
import threading
import time

from proxies import IDLE, Credentials, Haproxy, Nginx, Proxy, Squid, Tinyproxy, basic, free_port

RIGHT, WRONG = ("user", "secret"), ("user", "guess")
SOON = 15.0
GREETING = b"the server speaks first\n"
KEY, ACCEPT = b"dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class Echo(socketserver.BaseRequestHandler):
    """Greets at once, so that the greeting may come in one segment with the proxy's 200, and echoes."""

    def handle(self):
        self.request.sendall(GREETING)
        echo(self.request)


class Upgrade(socketserver.BaseRequestHandler):
    """Reads a request; upgrades if it is an opening handshake (RFC 6455 §4.2.1), and then echoes bytes."""

    def handle(self):
        head = read_head(self.request)[0].lower()
        if not head.split(b"\r\n")[0].endswith(b" http/1.1") or b"\r\nupgrade: websocket\r\n" not in head:
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        self.request.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n")
        echo(self.request)


def echo(connection: socket.socket):
    with contextlib.suppress(OSError):
        while got := connection.recv(65536):
            connection.sendall(got)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, handler, address=("127.0.0.1", 0)):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, *_):
        """A proxy that was killed."""

    def __exit__(self, *exception):
        self.shutdown()
        super().__exit__(*exception)


def connect_request(host: str, port: int, credentials: Credentials | None) -> bytes:
    """The bytes that the session package's `write_connect` writes."""
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    authorization = f"Proxy-Authorization: {basic(credentials)}\r\n" if credentials else ""
    return f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n".encode()


def read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    """A head with its empty line, and what came after it."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        assert more, f"the end of input after {got!r}"
        got += more
    head, _, rest = got.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def read_exactly(connection: socket.socket, count: int, got: bytes = b"") -> bytes:
    while len(got) < count:
        more = connection.recv(count - len(got))
        assert more, f"the end of input after {got!r}"
        got += more
    return got


def has_ended(connection: socket.socket) -> bool:
    """Waits for the end: a FIN or a reset."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def ask(proxy: Proxy, request: bytes) -> tuple[socket.socket, int, bytes, bytes]:
    """A connection on which the request was sent, and the answer to it: status, head, what came after the head."""
    connection = socket.create_connection(("127.0.0.1", proxy.port), SOON)
    connection.sendall(request)
    head, rest = read_head(connection)
    version, status = head.split()[:2]
    assert version in (b"HTTP/1.0", b"HTTP/1.1"), head
    return connection, int(status), head, rest


def ask_for_tunnel(proxy: Proxy, port: int, credentials: Credentials | None, host: str = "127.0.0.1"):
    return ask(proxy, connect_request(host, port, credentials))


def check_tunnel(proxy: Proxy, port: int, credentials: Credentials | None, host: str = "127.0.0.1") -> socket.socket:
    connection, status, head, rest = ask_for_tunnel(proxy, port, credentials, host)
    assert status == 200, head
    assert b"transfer-encoding" not in head.lower() and b"content-length" not in head.lower(), head
    assert read_exactly(connection, len(GREETING), rest) == GREETING, "what follows the head is not the server's"
    for message in b"\x81\x00\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", bytes(range(256)) * 1000:
        sender = threading.Thread(target=connection.sendall, args=(message,))
        sender.start()
        assert read_exactly(connection, len(message)) == message
        sender.join()
    return connection


def check_refusal(proxy: Proxy, port: int, credentials: Credentials | None, expected: int, field: bytes = b""):
    connection, status, head, _ = ask_for_tunnel(proxy, port, credentials)
    with connection:
        assert status == expected, head
        assert field in head.lower(), head


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


def check_forward(kind, wrong: tuple[int, bytes], unreachable: tuple[int, ...]):
    """A proxy with credentials, then one without, then its end in both ways."""
    with Server(Echo) as server, kind(RIGHT) as proxy:
        check_tunnel(proxy, server.port, RIGHT).close()
        check_refusal(proxy, server.port, None, 407, b"\r\nproxy-authenticate: basic ")
        check_refusal(proxy, server.port, WRONG, *wrong)
        connection, status, head, _ = ask_for_tunnel(proxy, free_port(), RIGHT)
        connection.close()
        assert status in unreachable, head
        if has_ipv6():
            with Server(Echo, ("::1", 0)) as other:
                check_tunnel(proxy, other.port, RIGHT, "::1").close()
        check_end(proxy, lambda: check_tunnel(proxy, server.port, RIGHT))
    with Server(Echo) as server, kind() as proxy:
        check_tunnel(proxy, server.port, None).close()
        # Credentials that nobody asked for do no harm.
        check_tunnel(proxy, server.port, WRONG).close()
    assert proxy.process is None and not proxy.folder.exists()


def check_end(proxy: Proxy, connect):
    """Ends it in both ways while a connection is open: that ends, no other is taken, and the proxy comes back on its port."""
    for end in proxy.kill, proxy.stop:
        port, connection = proxy.port, connect()
        end()
        with connection:
            assert has_ended(connection)
        try:
            socket.create_connection(("127.0.0.1", port), SOON).close()
            raise AssertionError(f"{proxy.name} still takes connections")
        except ConnectionRefusedError:
            pass
        proxy.start()
        assert proxy.port == port
        connect().close()


def handshake(proxy: Proxy) -> tuple[socket.socket, int, bytes, bytes]:
    return ask(proxy, b"GET /x?y HTTP/1.1\r\nHost: 127.0.0.1:" + str(proxy.port).encode() + b"\r\nUpgrade: websocket\r\n"
               b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY + b"\r\n\r\n")


def check_upgrade(proxy: Proxy) -> socket.socket:
    connection, status, head, rest = handshake(proxy)
    assert status == 101 and rest == b"", head
    connection.sendall(b"\x81\x00")
    assert read_exactly(connection, 2) == b"\x81\x00"
    return connection


def check_reverse(proxy: Proxy):
    """Upgrades, keeps what moves, ends what does not, and ends itself."""
    with proxy:
        with check_upgrade(proxy) as moving, check_upgrade(proxy) as idle:
            start = time.monotonic()
            idle.settimeout(0.5)
            while True:
                moving.sendall(b"\x89\x00")
                assert read_exactly(moving, 2) == b"\x89\x00", "a connection that moves was ended"
                try:
                    assert has_ended(idle)
                    break
                except TimeoutError:
                    assert time.monotonic() < start + IDLE + SOON, "an idle connection was not ended"
            assert time.monotonic() > start + IDLE - 1, "an idle connection was ended early"
        check_end(proxy, lambda: check_upgrade(proxy))


def check_nginx():
    with Server(Upgrade) as server:
        check_reverse(Nginx(server.port))


def check_buffering_nginx():
    with Server(Upgrade) as server, Nginx(server.port, buffering=True) as proxy:
        check_upgrade(proxy).close()


def check_old_nginx():
    with Server(Upgrade) as server, Nginx(server.port, version="1.0") as proxy:
        connection, status, head, _ = handshake(proxy)
        connection.close()
        assert status == 400, head


def check_haproxy():
    with Server(Upgrade) as server:
        check_reverse(Haproxy(server.port))


def check_absent_server():
    for proxy, expected in (Nginx(free_port()), 502), (Haproxy(free_port()), 503):
        with proxy:
            connection, status, head, _ = handshake(proxy)
            connection.close()
            assert status == expected, head


def check_squid():
    check_forward(Squid, (407, b"\r\nproxy-authenticate: basic "), (503,))


def check_tinyproxy():
    # A 401 from a proxy is meant for another; it is what this one says.
    check_forward(Tinyproxy, (401, b""), (500, 502))


def check_ports_of_tinyproxy():
    with Server(Echo) as server, Server(Echo) as other, Tinyproxy(RIGHT, (server.port,)) as proxy:
        check_tunnel(proxy, server.port, RIGHT).close()
        check_refusal(proxy, other.port, RIGHT, 403)


CHECKS = [check_squid, check_tinyproxy, check_ports_of_tinyproxy, check_nginx, check_buffering_nginx, check_old_nginx, check_haproxy,
          check_absent_server]


def main():
    # So that context managers end what they have started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    failed = False
    with concurrent.futures.ThreadPoolExecutor(len(CHECKS)) as pool:
        running = {pool.submit(check): check.__name__ for check in CHECKS}
        for future in concurrent.futures.as_completed(running):
            error = future.exception()
            failed |= error is not None
            print(f"proxies: {running[future]}: {'ok' if error is None else f'{type(error).__name__}: {error}'}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
