"""Puts each server under each load, and writes the tables and plots of benches/servers."""

import argparse
import collections
import datetime
import os
import platform
import re
import subprocess
import sys
import time

import report
from report import TOKIO, Cell

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RELEASE = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release")
BUILT = os.environ.get("BENCH_BUILT", "")
CPUS = sorted(os.sched_getaffinity(0))


def tokio(name):
    # With one message at a time the loop of the crates' READMEs, with more the one that writes several echoes at once, if it can.
    program = os.path.join(RELEASE, "wsbench-tokio")
    return lambda cell: [program, "serve", "--server", name, "--loop", "batch" if cell.at_once > 1 else "each"]


def ours(*program):
    program = os.path.join(*program)
    return lambda cell: [program, "--listen", "127.0.0.1:0", "--quiet"] + ["--deflate"] * cell.deflate


def ours_on_tokio(cell):
    return (ours(RELEASE, "examples", "peer") if cell.deflate else tokio("sansocket-tokio"))(cell)


def foreign(*program):
    return lambda cell: [*program, *["deflate"] * cell.deflate]


SERVERS = {
    "sansocket, Rust": ours(RELEASE, "examples", "echo_server"),
    "sansocket, C": ours(ROOT, "ffi-examples", "build", "echo_server"),
    "sansocket, tokio": ours_on_tokio,
    "uWebSockets": foreign(os.path.join(BUILT, "uwebsockets")),
    "tokio-websockets": tokio("tokio-websockets"),
    "fastwebsockets": tokio("fastwebsockets"),
    "tokio-tungstenite": tokio("tokio-tungstenite"),
    "ws (Node)": foreign("node", os.path.join(HERE, "servers", "ws.cjs")),
    "websockets (Python)": foreign(os.environ.get("BENCH_PYTHON", "python3"), os.path.join(HERE, "servers", "websockets_echo.py")),
}
# The others cannot.
WITH_DEFLATE = ["sansocket, Rust", "sansocket, C", "sansocket, tokio", "uWebSockets", "ws (Node)", "websockets (Python)"]

# Nothing of which the buffers, the kernel's or a server's, would fill gigabytes, and no compression that would take minutes.
FULL = [
    Cell(connections, size, at_once, 0)
    for connections, sizes in ((1, (16, 1024, 65536, 1 << 20)), (20, (1 << 20,)), (100, (16, 1024, 65536)), (10000, (16, 1024)))
    for size in sizes
    for at_once in (1, 16)
]
FULL += [Cell(100, 16, 1, 1), Cell(100, 16, 16, 1), Cell(100, 1024, 1, 1), Cell(100, 1024, 16, 1)]
FULL += [Cell(100, 65536, 1, 1), Cell(20, 1 << 20, 1, 1)]
IDLE = Cell(10000, 1024, 0, 0)


Failure, pinned, progress = TOKIO["Failure"], TOKIO["pinned"], TOKIO["progress"]


class Server:
    """A server in a process of its own, on the first CPU."""

    def __init__(self, name, cell):
        environment = {**os.environ, "NODE_ENV": "production"}
        command = SERVERS[name](cell)
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=pinned(CPUS[0]), env=environment, text=True
        )
        line = self.process.stdout.readline()
        found = re.match(r"(?:.*127\.0\.0\.1:)?(\d+)", line)
        if not found:
            raise Failure(f"{name} did not say where it listens: {line!r}")
        self.port = found[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def load(self, kind, cell, *arguments):
        """What the load generator on the last CPU has measured: a dictionary."""
        command = [os.path.join(RELEASE, "servers-load"), kind, "--port", self.port, "--pid", str(self.process.pid)]
        command += ["--connections", str(cell.connections), *map(str, arguments), *["--deflate"] * cell.deflate]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=pinned(CPUS[-1]), text=True)
        if done.returncode != 0:
            raise Failure(done.stderr.strip())
        return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def measure(name, cell, scale):
    if cell.at_once == 0:
        with Server(name, cell) as server:
            return server.load("idle", cell)
    warm, length = int(scale * (1000 if cell.connections > 1000 else 500)), int(scale * 1000)
    with Server(name, cell) as server:
        return server.load("drive", cell, "--size", cell.size, "--at-once", cell.at_once, "--warm", warm, "--time", length)


def measure_all(servers, cells, rounds, scale):
    """In each cell the servers take turns. Yields what the file of all figures has: a line for each."""
    for index, cell in enumerate(cells):
        rates, others = collections.defaultdict(list), [0]
        for turn in range(rounds):
            for name in servers:
                if cell.deflate and name not in WITH_DEFLATE:
                    continue
                try:
                    results = measure(name, cell, scale)
                except Failure as failure:
                    progress(f"{name} FAILED with {report.name_of(cell)}: {failure}")
                    results = {"failed": 1}
                rates[name].append(results.get("rate", results.get("opened", float("nan"))))
                others.append(results.get("others", 0))
                for what, value in results.items():
                    yield [*map(str, cell), name, str(turn + 1), what, f"{value:.6g}"]
        line = ", ".join(f"{name} {TOKIO['spread'](values)}" for name, values in rates.items())
        unit = "messages/s" if cell.at_once else "bytes/connection"
        warning = f"; OTHER PROGRAMS HAD UP TO {max(others):.0%} OF A CPU" if max(others) > report.MOST_OTHERS else ""
        progress(f"{index + 1}/{len(cells)} {report.name_of(cell)}: {line} {unit}{warning}")


def version(command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def describe_machine():
    with open("/proc/cpuinfo") as info:
        model = re.search(r"model name\s*: (.*)", info.read())
    with open(os.path.join(ROOT, "benches", "tokio", "Cargo.lock")) as lock:
        locked = dict(re.findall(r'name = "([^"]+)"\nversion = "([^"]+)"', lock.read()))
    versions = [f"{name} {locked[name]}" for name in ("tokio", "tokio-websockets", "fastwebsockets", "tokio-tungstenite")]
    modules = os.environ.get("NODE_PATH", "")
    versions += ["uWebSockets of libuwebsockets-sys 0.0.10"]
    versions += [f"Node {version(['node', '--version'])}"]
    versions += ["ws " + version(["node", "-p", f"require('{modules}/ws/package.json').version"])]
    python = os.environ.get("BENCH_PYTHON", "python3")
    show = "import websockets; print('websockets', websockets.__version__)"
    versions += [version([python, "--version"]), version([python, "-c", show])]
    kernel = ".".join(platform.release().split(".")[:2])
    cpu = model[1] if model else platform.machine()
    today = datetime.date.today()
    return f"{today}, {cpu}, {os.cpu_count()} CPUs, Linux {kernel}, {version(['rustc', '--version'])}; {', '.join(versions)}."


def main():
    parser = argparse.ArgumentParser(prog="run.sh", formatter_class=argparse.RawDescriptionHelpFormatter, description=HELP)
    parser.add_argument("mode", nargs="?", default="quick", choices=["quick", "full", "one", "report", "help"])
    parser.add_argument("--only", metavar="TEXT,TEXT", help="only servers whose names contain one of these")
    parser.add_argument("--rounds", type=int, default=1, help="measurements of each server and cell (1)")
    parser.add_argument("--scale", type=float, default=1, help="how long one takes (1: a second each for full and for half load)")
    parser.add_argument("--connections", type=int, default=100, help="one: 100 unless given")
    parser.add_argument("--size", type=int, default=16, help="one: bytes of a message, 16 unless given")
    parser.add_argument("--at-once", type=int, default=1, help="one: messages of a connection in flight, 1 unless given")
    parser.add_argument("--deflate", action="store_true", help="one: compressed")
    options = parser.parse_args()
    if options.mode == "help":
        parser.print_help()
        return
    results = os.path.join(HERE, "results")
    if options.mode == "report":
        report.write(results)
        return
    wanted = options.only.split(",") if options.only else [""]
    servers = [name for name in SERVERS if any(text in name for text in wanted)]
    if not servers:
        parser.error(f"--only {options.only}? there are {', '.join(SERVERS)}")
    cells = {
        "quick": [*report.MAIN, IDLE],
        "full": [*FULL, IDLE, IDLE._replace(deflate=1)],
        "one": [Cell(options.connections, options.size, options.at_once, int(options.deflate))],
    }[options.mode]
    if options.mode != "full" or options.only:
        results = os.path.join(BUILT, "results")
    os.makedirs(results, exist_ok=True)
    began = time.monotonic()
    with open(os.path.join(results, "figures.tsv"), "w") as file:
        file.write(f"# {describe_machine()}\n" + "\t".join(report.COLUMNS) + "\n")
        for line in measure_all(servers, cells, options.rounds, options.scale):
            file.write("\t".join(line) + "\n")
            file.flush()
    report.write(results)
    with open(os.path.join(results, "tables.md")) as file:
        print(file.read())
    progress(f"wrote {results} after {(time.monotonic() - began) / 60:.1f} minutes")


HELP = """\
  quick   the loads of the main table, all servers: 2 minutes
  full    all loads, with and without compression: 15 minutes, on a machine that does nothing else; writes results/
  one     one load, for all servers or those of --only: --connections, --size, --at-once, --deflate
  report  the tables and plots of results/figures.tsv again

quick, one, and full with --only write to the target folder, and print the tables."""

if __name__ == "__main__":
    main()
