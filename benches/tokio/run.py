"""Runs the contenders of benches/tokio in turns and writes the tables."""

import argparse
import collections
import datetime
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "target"))
PROGRAM = os.path.join(TARGET, "release", "wsbench-tokio")
HEAP_PROGRAM = PROGRAM + "-heap"
CPUS = sorted(os.sched_getaffinity(0))
# valgrind counts every byte of a `rep movsb` as an instruction. Nor is it for the clock: on some CPUs glibc 2.36 copies with it at a few
# bytes a cycle if the alignment is unlucky, and then the pipe itself, which copies all that was written at once, is what is measured.
NEVER = "=0x40000000"
TUNABLES = f"glibc.cpu.x86_rep_movsb_threshold{NEVER}:glibc.cpu.x86_rep_stosb_threshold{NEVER}"
COPIES_WITH_VECTORS = {**os.environ, "GLIBC_TUNABLES": TUNABLES}
SIZES = {16: "16 B", 1024: "1 KiB", 65536: "64 KiB", 1 << 20: "1 MiB"}

Cell = collections.namedtuple("Cell", "connections size in_flight")


def loop_of(cell):
    """One in flight: the loop of everybody's README. Several: the loop that batches."""
    return "each" if cell.in_flight == 1 else "batch"


def name_of(cell):
    return f"{cell.connections} × {SIZES[cell.size]}, {cell.in_flight} in flight"


FULL = [
    Cell(connections, size, in_flight)
    for connections in (1, 100, 5000)
    for size in SIZES
    for in_flight in (1, 16)
    if connections < 5000 or size <= 1024
]
# Without those whose buffers would fill gigabytes.
FULL_PIPE = [cell for cell in FULL if cell.connections * cell.size * cell.in_flight < 1 << 30]
QUICK = [Cell(1, 16, 1), Cell(20, 1024, 16), Cell(20, 1 << 20, 1)]


class Failure(Exception):
    pass


def pinned(cpu):
    return lambda: os.sched_setaffinity(0, {cpu})


def output(command, cpu, env=None):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=pinned(cpu), text=True, env=env)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    return done


class Server:
    """A server in a process of its own, on the first CPU."""

    def __init__(self, program, name, loop):
        command = [program, "serve", "--server", name, "--loop", loop]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=pinned(CPUS[0]), text=True
        )
        self.name = name
        self.port = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def options(self):
        return ["--port", self.port] + (["--raw"] if self.name == "raw" else [])

    def heap(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def resident(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def loopback(server, cell, scale):
    """One measurement: a dictionary."""
    slow = cell.size == 1 << 20 and cell.connections * cell.in_flight > 100
    warm, length = int(scale * (1000 if slow or cell.connections > 1000 else 300)), int(scale * (3000 if slow else 1000))
    with Server(PROGRAM, server, loop_of(cell)) as running:
        command = [PROGRAM, "load", *running.options(), "--pid", str(running.process.pid)]
        command += ["--connections", str(cell.connections), "--size", str(cell.size), "--in-flight", str(cell.in_flight)]
        command += ["--warm", str(warm), "--time", str(length)]
        words = output(command, CPUS[-1]).stdout.split()
    messages, seconds, cpu, client, user, system, p50, p99, _most = map(float, words)
    return {
        "rate": messages / seconds,
        "cpu": cpu / messages / 1000,
        "kernel": system / max(1, user + system),
        "p50": p50 / 1000,
        "p99": p99 / 1000,
        "busy": cpu / seconds / 1e9,
        "client": client / seconds / 1e9,
    }


def pipe_command(server, client, cell, messages, loop=None):
    command = [PROGRAM, "pipe", "--server", server, "--client", client, "--loop", loop or loop_of(cell)]
    command += ["--connections", str(cell.connections), "--size", str(cell.size)]
    return command + ["--in-flight", str(cell.in_flight), "--messages", str(messages)]


def pipe(server, cell, scale):
    total = {16: 400_000, 1024: 300_000, 65536: 20_000, 1 << 20: 1_600}[cell.size] * scale
    messages = max(cell.in_flight, int(total / cell.connections) // cell.in_flight * cell.in_flight)
    words = output(pipe_command(server, "same", cell, messages), CPUS[0], COPIES_WITH_VECTORS).stdout.split()
    messages, seconds, cpu = map(float, words)
    return {"rate": messages / seconds, "cpu": cpu / messages / 1000}


def idle(server, connections):
    """Bytes per connection: (heap, resident) after the handshake, then after one echo of 1 KiB."""
    figures = []
    for program, measure in ((HEAP_PROGRAM, Server.heap), (PROGRAM, Server.resident)):
        with Server(program, server, "each") as running:
            # What does not depend on the number of connections is there after the first few.
            figures.append([])
            before = None
            for count in (connections // 50, connections):
                command = [PROGRAM, "idle", *running.options(), "--connections", str(count)]
                client = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=pinned(CPUS[-1]), text=True
                )
                for stage in ("open", "echoed"):
                    if client.stdout.readline().strip() != stage:
                        raise Failure(f"{server}: the client has ended before it was {stage}")
                    time.sleep(0.2)
                    if count == connections:
                        figures[-1].append((measure(running) - before) / connections)
                    client.stdin.write("\n")
                    client.stdin.flush()
                client.wait()
                time.sleep(0.3)
                before = measure(running)
    return figures


def instructions(server, client, cell, loop):
    """Per message: the difference of two runs, so that what is done once does not count."""
    few, many = (64, 320) if cell.size == 65536 else (1024, 9216)
    counts = []
    for messages in (few, many):
        with tempfile.NamedTemporaryFile(mode="r") as out:
            # Some crate calibrates a clock when it starts, for a time, not for a number of instructions.
            command = ["valgrind", "-q", "--tool=callgrind", "--zero-before=*Exchange*begin*", f"--callgrind-out-file={out.name}"]
            command += pipe_command(server, client, cell, messages, loop)
            output(command, CPUS[0], COPIES_WITH_VECTORS)
            counts.append(int(re.findall(r"^totals: (\d+)", out.read(), re.MULTILINE)[-1]))
    return (counts[1] - counts[0]) / (many - few)


def number(value):
    """Three digits."""
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    if value >= 1e5:
        return f"{value / 1e3:.0f} k"
    if value >= 1e4:
        return f"{value / 1e3:.1f} k"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def spread(values, factor=1):
    values = [value * factor for value in values]
    if len(values) == 1:
        return number(values[0])
    return f"{number(statistics.median(values))} ({number(min(values))}–{number(max(values))})"


def table(title, servers, rows):
    lines = [f"### {title}", "", "| | " + " | ".join(servers) + " |", "|---|" + "---:|" * len(servers)]
    return "\n".join(lines + [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows]) + "\n"


def progress(text):
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


class Rounds:
    """All measurements of one kind: in each cell the contenders take turns."""

    def __init__(self, kind, measure, servers, cells, rounds, scale):
        self.kind, self.servers, self.cells = kind, servers, cells
        self.results = collections.defaultdict(list)
        for index, cell in enumerate(cells):
            for _ in range(rounds):
                for server in servers:
                    self.results[cell, server].append(measure(server, cell, scale))
            line = ", ".join(f"{server} {spread(self.values(cell, server, 'rate'))}" for server in servers)
            progress(f"{kind} {index + 1}/{len(cells)} {name_of(cell)}: {line} messages/s")

    def values(self, cell, server, key):
        return [result[key] for result in self.results[cell, server]]

    def table(self, title, key, factor=1):
        rows = [(name_of(cell), [spread(self.values(cell, server, key), factor) for server in self.servers]) for cell in self.cells]
        return table(title, self.servers, rows)

    def lines(self):
        for (cell, server), results in self.results.items():
            for index, result in enumerate(results):
                where = [self.kind, cell.connections, cell.size, cell.in_flight, server, index + 1]
                yield from ("\t".join(map(str, [*where, key, f"{value:.6g}"])) for key, value in result.items())


def measure_all(servers, cells, pipe_cells, rounds, scale, connections):
    """The tables, and the lines of the file with all figures."""
    over_tcp = Rounds("loopback", loopback, servers, cells, rounds, scale)
    in_memory = Rounds("pipe", pipe, servers, pipe_cells, rounds, scale)
    bytes_each = {}
    crates = [server for server in servers if server != "raw"]
    for server in crates:
        bytes_each[server] = idle(server, connections)
        progress(f"idle {server}: bytes of heap, resident {bytes_each[server]}")
    stages = [
        ("heap, after the handshake", 0, 0),
        ("heap, after one echo of 1 KiB", 0, 1),
        ("resident, after the handshake", 1, 0),
        ("resident, after one echo of 1 KiB", 1, 1),
    ]
    tables = [
        over_tcp.table("Loopback: messages per second", "rate"),
        over_tcp.table("Loopback: CPU time of the server, µs per message", "cpu"),
        over_tcp.table("Loopback: latency, median, µs", "p50"),
        over_tcp.table("Loopback: latency, 99th percentile, µs", "p99"),
        over_tcp.table("Loopback: how busy the server's CPU was, %", "busy", 100),
        over_tcp.table("Loopback: how busy the load generator's CPU was, %", "client", 100),
        over_tcp.table("Loopback: share of the kernel in the server's CPU time, %", "kernel", 100),
        in_memory.table("Pipe, both roles by the same crate: messages per second", "rate"),
        in_memory.table("Pipe, both roles by the same crate: CPU time of the pair, µs per message", "cpu"),
        table(
            f"Bytes per connection, {connections} idle ones",
            crates,
            [(name, [number(max(0, bytes_each[server][i][j])) for server in crates]) for name, i, j in stages],
        ),
    ]
    lines = list(over_tcp.lines()) + list(in_memory.lines())
    for name, i, j in stages:
        lines += [f"idle\t{connections}\t1024\t1\t{server}\t1\t{name}\t{bytes_each[server][i][j]:.6g}" for server in crates]
    return tables, lines


def count_all(servers):
    tables, lines = [], []
    titles = {"raw": "one role: the server, against a client of prepared bytes", "same": "both roles by the same crate"}
    for client, title in titles.items():
        rows = []
        for size in (16, 1024, 65536):
            for in_flight, loop in ((1, "each"), (16, "each"), (16, "batch")):
                cell = Cell(1, size, in_flight)
                counts = [instructions(server, client, cell, loop) for server in servers]
                name = f"{SIZES[size]}, {in_flight} in flight" + (f", {loop}" if in_flight > 1 else "")
                rows.append((name, [f"{count:.0f}" for count in counts]))
                lines += [f"callgrind {client}\t1\t{size}\t{in_flight}\t{s}\t1\t{loop}\t{n:.0f}" for s, n in zip(servers, counts)]
                progress(f"callgrind {client} {name}: " + ", ".join(f"{s} {n:.0f}" for s, n in zip(servers, counts)))
        tables.append(table(f"Pipe, {title}: instructions per message", servers, rows))
    return tables, lines


def describe_machine():
    with open("/proc/cpuinfo") as info:
        model = re.search(r"model name\s*: (.*)", info.read())
    with open(os.path.join(HERE, "Cargo.lock")) as lock:
        locked = dict(re.findall(r'name = "([^"]+)"\nversion = "([^"]+)"', lock.read()))
    rustc = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    names = ["tokio", "sansocket-tokio", "tokio-tungstenite", "tungstenite", "fastwebsockets", "tokio-websockets", "sockudo-ws"]
    versions = ", ".join(f"{name} {locked[name]}" for name in names)
    kernel = ".".join(platform.release().split(".")[:2])
    cpu = model[1] if model else platform.machine()
    return f"{cpu}, {os.cpu_count()} CPUs, Linux {kernel}, {rustc}; {versions}.\n"


def main():
    parser = argparse.ArgumentParser(prog="run.sh", formatter_class=argparse.RawDescriptionHelpFormatter, description=HELP)
    parser.add_argument("mode", nargs="?", default="quick", choices=["quick", "full", "callgrind", "help"])
    parser.add_argument("--only", metavar="NAME,NAME", help="only these contenders")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each contender and cell in `full` (5)")
    options = parser.parse_args()
    if options.mode == "help":
        parser.print_help()
        return
    servers = output([PROGRAM, "list"], CPUS[0]).stdout.split()
    if options.only:
        unknown = set(options.only.split(",")) - set(servers)
        if unknown:
            parser.error(f"{', '.join(unknown)}? there are {', '.join(servers)}")
        servers = options.only.split(",")
    if options.mode == "quick":
        tables, lines = measure_all(servers, QUICK, QUICK, 1, 0.2, 100)
    elif options.mode == "full":
        tables, lines = measure_all(servers, FULL, FULL_PIPE, options.rounds, 1, 5000)
    else:
        tables, lines = count_all(servers)
    text = describe_machine() + "\n" + "\n".join(tables)
    print(text)
    if options.mode != "quick" and not options.only:
        stem = os.path.join(HERE, "results", f"{datetime.date.today()}-{options.mode}")
        os.makedirs(os.path.dirname(stem), exist_ok=True)
        with open(stem + ".md", "w") as file:
            file.write(text)
        with open(stem + ".tsv", "w") as file:
            file.write("kind\tconnections\tsize\tin flight\tserver\tround\twhat\tfigure\n" + "\n".join(lines) + "\n")
        progress(f"wrote {stem}.md and .tsv")


HELP = """\
  quick      whether everything works: below a minute, its figures mean nothing
  full       everything, on a quiet machine: about 25 minutes
  callgrind  instructions per message over the pipe, which noise does not touch: 3 minutes

full and callgrind without --only write results/DATE-MODE.md and .tsv."""

if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"run.py: {failure}")
