"""The peers of the implementations: requests to servers and responses to clients, as raw bytes."""
import base64
import contextlib
import hashlib
import socket
import socketserver
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# How long a server may take to answer.
SOON = 10.0


def fields(lines: list[str]) -> str:
    return "".join(f"Sec-WebSocket-Extensions: {line}\r\n" for line in lines)


def read_head(connection: socket.socket) -> str:
    """A head, or what comes before the end. Nothing is read after it that matters here."""
    head = b""
    with contextlib.suppress(ConnectionError):
        while b"\r\n\r\n" not in head and (more := connection.recv(4096)):
            head += more
    return head.split(b"\r\n\r\n")[0].decode("latin-1")


def extensions(head: str) -> list[str]:
    """The values of the header lines."""
    lines = (line.partition(":") for line in head.split("\r\n")[1:])
    return [value.strip() for name, _, value in lines if name.lower() == "sec-websocket-extensions"]


def ask(port: int, lines: list[str]) -> str:
    """The answer of a server: a status, or for 101 the values of the header lines, or `none`."""
    request = ("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{fields(lines)}\r\n")
    with socket.create_connection(("127.0.0.1", port), SOON) as connection:
        connection.sendall(request.encode())
        try:
            head = read_head(connection)
        except TimeoutError:
            return "silent"
    if not head:
        return "closed"
    status = head.split(" ", 2)[1]
    return "|".join(extensions(head)) or "none" if status == "101" else status


class Responder(socketserver.ThreadingTCPServer):
    """A server that answers a request for /ID with the lines of that row, and keeps what was offered."""
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answers: dict[str, list[str]]):
        super().__init__(("127.0.0.1", 0), Exchange)
        self.answers = answers
        self.offered: dict[str, list[str]] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def port(self) -> int:
        return self.server_address[1]


class Exchange(socketserver.BaseRequestHandler):
    def handle(self):
        connection = self.request
        connection.settimeout(60)
        head = read_head(connection)
        path = head.split(" ")[1].removeprefix("/") if head else ""
        if path not in self.server.answers:
            # A browser's page.
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<!DOCTYPE html>")
            return
        self.server.offered[path] = extensions(head)
        key = next(line.split(":")[1].strip() for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key:"))
        accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
        response = ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    f"Sec-WebSocket-Accept: {accept}\r\n{fields(self.server.answers[path])}\r\n")
        with contextlib.suppress(OSError):
            connection.sendall(response.encode())
            # A Close, or the end.
            connection.recv(4096)
