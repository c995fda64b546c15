#!/usr/bin/env python3
"""Runs the programs in a folder, each against its peer, and compares what they print: `make test`.

usage: test.py FOLDER [--wrap "valgrind …"] [--node FOLDER]

--wrap   a command that runs each program
--node   a folder with node_modules/ws: tls_client talks to that, too
"""
import argparse
import base64
import contextlib
import hashlib
import pathlib
import re
import shlex
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 60
USAGE = r"usage: [^\n]*\n"


def fail(message: str):
    sys.exit(f"test.py: {message}")


class Programs:
    def __init__(self, folder: str, wrap: list[str]):
        self.folder, self.wrap = pathlib.Path(folder).resolve(), wrap

    def command(self, program: str, *arguments: str) -> list[str]:
        return [*self.wrap, str(self.folder / program), *arguments]

    def run(self, program: str, *arguments: str, says: str, status: int = 0):
        command = self.command(program, *arguments)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
        if done.returncode != status or not re.fullmatch(says, done.stdout):
            fail(f"{shlex.join(command)}: status {done.returncode}, not {status}; it said:\n{done.stdout}instead of:\n{says}")

    @contextlib.contextmanager
    def server(self, program: str, *arguments: str):
        """Starts a server, gives its port, and ends it: it must end well."""
        command = self.command(program, "--listen", "127.0.0.1:0", *arguments)
        with listening(command) as (process, port):
            yield port
            process.terminate()
            output = process.stdout.read()
            if process.wait(SECONDS) != 0:
                fail(f"{shlex.join(command)}: status {process.returncode}; it said:\n{output}")


@contextlib.contextmanager
def listening(command: list[str], cwd: str | None = None):
    """Starts something that says where it listens, and kills it."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd) as process:
        try:
            for line in process.stdout:
                if found := re.search(r"listening on wss?://127\.0\.0\.1:(\d+)/", line):
                    yield process, int(found[1])
                    return
            fail(f"{shlex.join(command)} did not say where it listens")
        finally:
            process.kill()


def survive_restarts(programs: Programs):
    """A session whose server is killed, and then stopped: each number comes back once and in order, or the session said that it may be lost."""
    # Ten a second, also while it is away, which is for up to 10 s in all: so many that the last ones come after that.
    count, said, came = 150, [], []

    def wait_for(pattern: str):
        for line in client.stdout:
            said.append(line)
            if line[0].isdigit():
                came.append(int(line))
            if re.match(pattern, line):
                return
        fail(f"session_client: no line {pattern!r}; it said:\n{''.join(said)}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "127.0.0.1:%d" % listener.getsockname()[1]
    server = programs.command("echo_server", "--quiet", "--listen", address)
    with subprocess.Popen(programs.command("session_client", f"ws://{address}/", str(count)),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as client:
        watch = threading.Timer(SECONDS, client.kill)
        watch.start()
        wait_for("down: there was no transport, again in ")
        for kill, how in (subprocess.Popen.kill, "cut off"), (subprocess.Popen.terminate, "the server closed"), (None, ""):
            with listening(server) as (process, _):
                wait_for("up")
                at = len(came)
                while len(came) < at + 5 and (not came or came[-1] < count):
                    wait_for(r"\d")
                if kill is None:
                    wait_for("down: the application closed")
                else:
                    kill(process)
                    process.wait(SECONDS)
                    wait_for(f"down: .*{how}.*, again in ")
        status = client.wait(SECONDS)
        watch.cancel()
    lost = {number for line in said for first, last in re.findall(r"of (\d+) to (\d+)$", line) for number in range(int(first), int(last) + 1)}
    if status != 0 or came != sorted(set(came)) or not set(range(1, count + 1)) <= lost | set(came):
        fail(f"session_client: status {status}; it said:\n{''.join(said)}")


class Chat:
    """A server of Socket.IO for one client after the other: as much of WebSocket as it takes, and a chat in which somebody else says things."""
    OPEN = '0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'

    def __init__(self, listener: socket.socket):
        self.peer, _ = listener.accept()
        self.peer.settimeout(SECONDS)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.peer.recv(1)
        if not head.startswith(b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"):
            fail(f"chat_client asked with {head}")
        key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key).digest())
        self.peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n" % accept)
        self.send(self.OPEN)

    def send(self, *messages: str | bytes):
        for message in messages:
            payload = message.encode() if isinstance(message, str) else message
            self.peer.sendall(bytes([0x81 if isinstance(message, str) else 0x82, len(payload)]) + payload)  # below 126

    def take(self, n: int) -> bytes:
        taken = b""
        while len(taken) < n:
            taken += self.peer.recv(n - len(taken)) or fail("chat_client hung up")
        return taken

    def expect(self, wanted: str | bytes) -> str:
        """The next message; the number of the answer that it wants stands for `#`, and is returned."""
        first, length = self.take(2)
        key, payload = self.take(4), self.take(length & 127)
        got = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
        got = got.decode() if first == 0x81 else got
        number = re.match(r"\d+(?=\[)", got.split("-", 1)[-1]) if first == 0x81 else None
        ack = number[0].removeprefix("42") if number else ""
        if got != (wanted.replace("#", ack) if first == 0x81 else wanted):
            fail(f"chat_client sent {got!r} instead of {wanted!r}")
        return ack

    def let_in(self, room: str):
        self.expect(r'40{"name":"a\"n"}')
        self.send('40{"sid":"s"}')
        ack = self.expect(f'42#["join","{room}"]')
        self.send(rf'43{ack}["{room}",["a\"n","b\u001bob"]]')


def chat(programs: Programs):
    """The Socket.IO client, whose server drops the connection once."""
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.NamedTemporaryFile() as file:
        file.write(b"\0\1\2")
        file.flush()
        command = programs.command("chat_client", "http://127.0.0.1:%d/" % listener.getsockname()[1], 'a"n')
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
            watch = threading.Timer(SECONDS, client.kill)
            watch.start()
            client.stdin.write(f'say "x"\n/join den\n/send {file.name}\n')
            client.stdin.flush()
            server = Chat(listener)
            server.let_in("lobby")
            server.send(r'42["said","lobby","bob","tab\t"]', '42["typing","lobby","bob",true]')
            server.send('451-["uploaded","lobby","bob","a.bin",{"_placeholder":true,"num":0}]', b"12345")
            ack = server.expect(r'42#["say","lobby","say \"x\""]')
            server.send(f'43{ack}[{{"error":"no"}}]')
            server.expect('42#["leave","lobby"]')
            server.expect('42#["join","den"]')
            server.peer.close()
            server = Chat(listener)
            server.let_in("den")
            ack = server.expect(f'451-#["upload","den","{pathlib.Path(file.name).name}",{{"_placeholder":true,"num":0}}]')
            server.expect(b"\0\1\2")
            server.send("2", f"43{ack}[]")
            server.expect("3")
            client.stdin.close()
            server.expect("41")
            server.peer.close()
            output, errors = client.stdout.read(), client.stderr.read()
            client.wait(SECONDS)
            watch.cancel()
    names = ['*   a"n', r"*   b\x1bob"]
    wanted = ["* you are in lobby, with", *names, r"[lobby] bob: tab\x09", "[lobby] bob has sent a.bin", "*   5 bytes", "* refused: no",
              "* you are in den, with", *names]
    if client.returncode != 0 or output.splitlines() != wanted or not errors.startswith("the connection was cut off\nperhaps not delivered\n"):
        fail(f"chat_client: status {client.returncode}; it said:\n{output}{errors}")


@contextlib.contextmanager
def in_tls(port: int, certificate: pathlib.Path, key: pathlib.Path):
    """Listens with TLS for the server on a port, one connection at a time. Gives its own port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def copy(source: socket.socket, sink: socket.socket):
        with contextlib.suppress(OSError):
            while received := source.recv(4096):
                sink.sendall(received)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            try:
                peer = context.wrap_socket(peer, server_side=True)
            except OSError:  # it did not like the certificate
                continue
            with peer, socket.create_connection(("127.0.0.1", port)) as inner:
                up = threading.Thread(target=copy, args=(peer, inner))
                up.start()
                copy(inner, peer)
                up.join()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def certificate(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    files = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-out", files[0], "-keyout", files[1]], check=True, stderr=subprocess.DEVNULL)
    return files


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--wrap", default="")
    parser.add_argument("--node")
    options = parser.parse_args()
    programs = Programs(options.folder, shlex.split(options.wrap))

    programs.run("misuse", says=r"[^\n]*\n")
    programs.run("buffered_test", says=r"[^\n]*\n")
    programs.run("deflate_test", says=r"[^\n]*\n")
    programs.run("embedded_loop", says=r"[^\n]*\n")
    programs.run("header_test", says=r"[^\n]*\n")
    hello = r"Hello, sansocket\nclosed with 1000, clean\n"
    for server in "echo_server", "echo_server_cpp":
        with programs.server(server) as port:
            programs.run("minimal", f"ws://localhost:{port}/", says=hello)
        # Five bytes at most: the server ends what is longer, with 1009.
        with programs.server(server, "--quiet", "--max-message", "5", "--subprotocol", "chat") as port:
            programs.run("minimal", f"ws://127.0.0.1:{port}/", says=r"closed with 1009, clean\n", status=1)
        programs.run(server, "--help", says=USAGE)
        for refused in "x", "", "0", "5x", "-1", "99999999999999999999":
            programs.run(server, "--max-message", refused, says=USAGE, status=2)
    for client, other in ("minimal", "wss://localhost/"), ("tls_client", "ws://localhost/"):
        programs.run(client, "--help", says=USAGE)
        for refused in other, "http:", "--nonsense":
            programs.run(client, refused, says=USAGE, status=2)

    programs.run("session_client", "http:", says=USAGE, status=2)
    survive_restarts(programs)
    programs.run("chat_client", says=USAGE, status=2)
    programs.run("chat_client", "ftp://localhost/", says=USAGE, status=2)
    chat(programs)

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        trusted, key = certificate(pathlib.Path(folder))
        ports = [stack.enter_context(in_tls(stack.enter_context(programs.server("echo_server")), trusted, key))]
        if options.node:
            command = ["node", str(HERE / "tls_peer.mjs"), str(trusted), str(key)]
            ports.append(stack.enter_context(listening(command, cwd=options.node))[1])
        for port in ports:
            programs.run("tls_client", "--ca", str(trusted), f"wss://localhost:{port}/", says=r"Hello, TLS\nclosed with 1000, clean\n")
            # The name is not in the certificate; then, no authority has signed it.
            programs.run("tls_client", "--ca", str(trusted), f"wss://127.0.0.1:{port}/", says=r"no TLS with .* mismatch\n", status=1)
            programs.run("tls_client", f"wss://localhost:{port}/", says=r"no TLS with .*self-signed certificate\n", status=1)
    print(f"test.py: {options.folder}: the programs as expected, tls_client against {len(ports)} peer{'s' * (len(ports) > 1)}")


main()
