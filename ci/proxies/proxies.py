"""Proxies of others, for tests of a client: Squid and Tinyproxy give tunnels, Nginx and Haproxy stand before a server.

    with Squid(("user", "secret")) as proxy:
        run_client(proxy.url, ...)       # http://127.0.0.1:PORT, without the credentials
        proxy.kill()                     # a crash; `stop` is an orderly end, `start` brings it back on the same port

Each runs in the foreground, in a folder of its own that is gone afterwards, on a port that was free, and ends with the test, however
that ends. `ci/proxies/run` installs the programs.
"""
import base64
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

# Seconds. Squid takes one of them at its end; what a machine under load takes is not what is tested.
START, END = 20.0, 10.0
# How long the reverse proxies keep a connection on which nothing moves, unless told otherwise. Their defaults are a minute and more.
IDLE = 5
# Ends a program when the test is gone, even if that was killed: the pipe at its standard input ends. The program's number comes first.
REAPER = "trap '' INT TERM; read -r pid; read -r _; kill -9 $pid"
# Says its number to that pipe, which is its own standard input for as long, and becomes the program.
START_REAPED = 'echo $$ >&0; exec "$@" </dev/null'
Credentials = tuple[str, str]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def basic(credentials: Credentials) -> str:
    """The value of Proxy-Authorization (RFC 7617)."""
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()


class Proxy:
    """What they share: a program, and the file that configures it."""
    name: str
    scheme = "http"

    def __init__(self):
        self.port, self.process, self.reaper = 0, None, None

    def configuration(self) -> str:
        """The text of the file: a program in the foreground that listens on 127.0.0.1 and the port and writes to the folder only."""
        raise NotImplementedError

    def command(self, file: pathlib.Path) -> list:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What the program has printed."""
        return (self.folder / "output").read_text(errors="replace")

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        # Squid as root gives that up: somebody else reads its passwords and writes its log.
        self.folder.chmod(0o755)
        output = self.folder / "output"
        output.touch()
        output.chmod(0o666)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Waits until it takes connections. A second time, after it has ended, it has the same port."""
        assert not self.process, f"{self.name} is running"
        tries = 1 if self.port else 3
        for tries_left in reversed(range(tries)):
            # Somebody else may take a port between its choice and its use.
            self.port = self.port if tries == 1 else free_port()
            file = self.folder / "configuration"
            file.write_text(self.configuration())
            with open(self.folder / "output", "ab") as output:
                self.reaper = subprocess.Popen(["sh", "-c", REAPER], stdin=subprocess.PIPE)
                self.process = subprocess.Popen(["sh", "-c", START_REAPED, self.name, *map(str, self.command(file))],
                                                cwd=self.folder, stdin=self.reaper.stdin, stdout=output, stderr=output)
            if self.listens():
                return
            self.kill()
            if not tries_left:
                raise RuntimeError(f"{self.name} does not listen on port {self.port}:\n{self.log}")

    def listens(self) -> bool:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                # It may be another's port, and the program about to notice.
                time.sleep(0.05)
                return self.process.poll() is None
            except OSError:
                time.sleep(0.05)
        return False

    def stop(self):
        """Asks it to end, and waits until it has."""
        self.end(signal.SIGTERM)

    def kill(self):
        """Ends it at once: its connections are cut."""
        self.end(signal.SIGKILL)

    def end(self, number: int):
        if not self.process:
            return
        # First, so that it never kills a number that another program has got.
        self.reaper.kill()
        self.reaper.communicate()
        try:
            self.process.send_signal(number)
            self.process.wait(END)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"{self.name} does not end:\n{self.log}") from error
        finally:
            self.process = None


class ForwardProxy(Proxy):
    """One that is asked for tunnels (RFC 9110 §9.3.6), by those with the credentials if there are some."""

    def __init__(self, credentials: Credentials | None = None):
        super().__init__()
        self.credentials = credentials

    @property
    def url_with_credentials(self) -> str:
        """As in ALL_PROXY. For credentials that need no percent-encoding."""
        return self.url.replace("://", "://{}:{}@".format(*self.credentials)) if self.credentials else self.url


class Squid(ForwardProxy):
    name = "squid"
    helper = pathlib.Path("/usr/lib/squid/basic_ncsa_auth")

    @property
    def service(self) -> str:
        """Squids with one name share memory, and one that was killed leaves it: a squid of somebody else would not start."""
        return f"squid{self.port}"

    def command(self, file):
        return ["squid", "-N", "-n", self.service, "-f", file]

    def __exit__(self, *exception):
        super().__exit__(*exception)
        for left in pathlib.Path("/dev/shm").glob(f"{self.service}-*"):
            left.unlink(missing_ok=True)

    def configuration(self):
        access = "http_access allow all"
        if self.credentials:
            user, password = self.credentials
            hashed = subprocess.run(["openssl", "passwd", "-apr1", "-stdin"], input=password, capture_output=True, text=True, check=True)
            (self.folder / "passwords").write_text(f"{user}:{hashed.stdout}")
            access = f"""auth_param basic program {self.helper} {self.folder}/passwords
auth_param basic children 1
auth_param basic realm test
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all"""
        return f"""http_port 127.0.0.1:{self.port}
{access}
cache deny all
access_log none
cache_log {self.folder}/output
pid_filename none
coredump_dir {self.folder}
shutdown_lifetime 1 seconds
pinger_enable off
visible_hostname localhost
"""


class Tinyproxy(ForwardProxy):
    """With `connect_ports` it gives tunnels to these ports only, and 403 to others."""
    name = "tinyproxy"

    def __init__(self, credentials: Credentials | None = None, connect_ports: tuple[int, ...] = ()):
        super().__init__(credentials)
        self.connect_ports = connect_ports

    def command(self, file):
        return ["tinyproxy", "-d", "-c", file]

    def configuration(self):
        lines = [f"Port {self.port}", "Listen 127.0.0.1", "Timeout 60", "Allow 127.0.0.1", "MaxClients 50"]
        if self.credentials:
            lines.append("BasicAuth {} {}".format(*self.credentials))
        lines += [f"ConnectPort {port}" for port in self.connect_ports]
        return "\n".join(lines) + "\n"


class ReverseProxy(Proxy):
    """One before the server on the port `upstream` of 127.0.0.1. It ends a connection on which nothing has moved for `idle` seconds."""
    scheme = "ws"

    def __init__(self, upstream: int, idle: int = IDLE):
        super().__init__()
        self.upstream, self.idle = upstream, idle


class Nginx(ReverseProxy):
    """With `version` 1.0, its default for upstreams, no handshake succeeds: HTTP/1.0 has no Upgrade (RFC 9110 §7.8)."""
    name = "nginx"

    def __init__(self, upstream: int, idle: int = IDLE, buffering: bool = False, version: str = "1.1"):
        super().__init__(upstream, idle)
        self.buffering, self.version = "on" if buffering else "off", version

    def command(self, file):
        return ["nginx", "-e", "stderr", "-p", self.folder, "-c", file]

    def configuration(self):
        paths = "\n".join(f"    {kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""daemon off;
master_process off;
error_log stderr;
pid {self.folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
{paths}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{
            proxy_pass http://127.0.0.1:{self.upstream};
            proxy_http_version {self.version};
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_buffering {self.buffering};
            proxy_read_timeout {self.idle}s;
            proxy_send_timeout {self.idle}s;
        }}
    }}
}}
"""


class Haproxy(ReverseProxy):
    name = "haproxy"

    def command(self, file):
        return ["haproxy", "-db", "-f", file]

    def configuration(self):
        return f"""global
    maxconn 64
defaults
    mode http
    timeout connect {self.idle}s
    timeout client {self.idle}s
    timeout server {self.idle}s
    timeout tunnel {self.idle}s
frontend all
    bind 127.0.0.1:{self.port}
    default_backend server
backend server
    server one 127.0.0.1:{self.upstream}
"""
