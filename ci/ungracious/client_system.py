"""What the system does to clients, and those who start them."""
import subprocess
import time

from peers import PING, PONG, TEXT
from registry import Skip, client, with_addresses
from runs import CLOSED_PIPE, EARLY, LATE, PING_AFTER, PONG_WITHIN, ClientRun


@client("behaves well, but calls are interrupted (EINTR)", "the message printed, exit 0")
def interrupted_calls(run: ClientRun):
    peer = run.greeted(env={"LD_PRELOAD": str(run.setting.eintr)})
    for _ in range(20):
        peer.send_frame(PING, b"p")
        peer.expect(PONG, b"p")
    peer.send_frame(TEXT, b"m:one")
    run.said_goodbye(peer)
    run.ends(0)
    run.printed("m:one")


@client("behaves well, but the client is stopped and continued all the time", "the message printed, exit 0")
def stopped_and_continued(run: ClientRun):
    peer = run.greeted()
    run.stop_and_continue()
    peer.send_frame(TEXT, b"m:one")
    run.said_goodbye(peer)
    run.ends(0)
    run.printed("m:one")


@client("sends a message, and the client's standard output is closed", "quiet, status 141 or SIGPIPE")
def closed_stdout(run: ClientRun):
    peer = run.greeted(stdout=run.closed_pipe())
    peer.send_frame(TEXT, b"m:one")
    process = run.ends(CLOSED_PIPE)
    # It may say how the connection stands, as it always does.
    notes = [line for line in process.output["stderr"].splitlines() if not line.startswith(b"* open")]
    run.check(notes == [], f"not quiet: {process.said()[:200]!r}")


@client("(no server) `--help` into a closed pipe", "quiet, status 0, 141 or SIGPIPE")
def help_into_closed_pipe(run: ClientRun):
    run.help_into_closed_pipe()


@client("(no server) invalid URLs, unknown options", "exit 2, a reason on stderr")
def wrong_usage(run: ClientRun):
    scheme = "wss" if run.program.tls else "ws"
    for argument in "ftp://127.0.0.1/", f"{scheme}://127.0.0.1:99999/", f"{scheme}://[1:2:3]/", f"{scheme}:///", "--nonsense":
        run.usage(argument)


def hello_over(run: ClientRun, listen: str, host: str, **options):
    run.listen(listen)
    peer = run.met(host=host, **options)
    head = peer.read_head()
    run.check(f"\r\nhost: {host}:{run.port}\r\n" in head.lower() + "\r\n", f"not this Host: {head!r}")
    peer.send(peer.response(head))
    peer.expect(TEXT)
    peer.send_frame(TEXT, b"m:one")
    run.said_goodbye(peer)
    run.ends(0)
    run.printed("m:one")


@client("has an IPv6 address, in brackets in the URL", "connected, with that Host; exit 0",
        applies=with_addresses)
def ipv6_literal(run: ClientRun):
    hello_over(run, "::1", "[::1]")


def own_hosts(run: ClientRun) -> tuple:
    """A prefix that gives a program another /etc/hosts."""
    prefix = ("unshare", "--mount", "sh", "-c", f'mount --bind {run.setting.hosts} /etc/hosts && exec "$@"', "sh")
    if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        raise Skip("a hosts file of its own takes root")
    return prefix


@client("has a name with an IPv6 address only", "connected, exit 0")
def ipv6_name(run: ClientRun):
    hello_over(run, "::1", "only-v6.test", prefix=own_hosts(run))


@client("has a name with two addresses, and listens at the second only", "connected, exit 0")
def second_address(run: ClientRun):
    hello_over(run, "127.0.0.1", "both.test", prefix=own_hosts(run))


@client("reads, but answers no Ping", "a Ping after 25 s, exit 1 20 s later", seconds=45)
def silent(run: ClientRun):
    peer = run.greeted()
    since = time.monotonic()
    run.waits("waits for the keepalive's Ping")
    peer.expect(PING, seconds=PING_AFTER + LATE)
    run.waits("waits for the deadline of the Pong")
    run.ends(1, PING_AFTER + PONG_WITHIN + LATE, PING_AFTER + PONG_WITHIN - EARLY, since)
    run.bounded(cpu=1)
