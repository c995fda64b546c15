"""The tables and plots of a folder with figures.tsv."""

import collections
import os
import runpy
import statistics

from plot import Panel, svg

COLUMNS = ["connections", "size", "at once", "deflate", "server", "round", "what", "figure"]
# How figures are written is the same there.
TOKIO = runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tokio", "run.py"))
SIZES, number, spread = TOKIO["SIZES"], TOKIO["number"], TOKIO["spread"]

Cell = collections.namedtuple("Cell", "connections size at_once deflate")

# Of a CPU, while a server is measured. The kernel's own work needs some.
MOST_OTHERS = 0.05

MAIN = [Cell(100, 16, 1, 0), Cell(100, 16, 16, 0), Cell(100, 65536, 1, 0), Cell(20, 1 << 20, 1, 0)]
TABLES = [
    ("Messages per second", "rate", 1),
    ("CPU time of the server, µs per message", "cpu", 1e-3),
    ("Full load: latency, median, µs", "full-p50", 1e-3),
    ("Full load: latency, 99th percentile, µs", "full-p99", 1e-3),
    ("Full load: latency, 99.9th percentile, µs", "full-p99.9", 1e-3),
    ("Half load: latency, median, µs", "half-p50", 1e-3),
    ("Half load: latency, 99th percentile, µs", "half-p99", 1e-3),
    ("Half load: latency, 99.9th percentile, µs", "half-p99.9", 1e-3),
    ("Half load: CPU time of the server, µs per message", "half-cpu", 1e-3),
    ("How busy the server's CPU was at full load, %", "busy", 100),
    ("How much of a CPU other programs had meanwhile, %", "others", 100),
    ("Bytes of an echo on the wire, without its header", "wire", 1),
    ("Resident bytes for each idle connection, after the handshake", "opened", 1),
    ("Resident bytes for each idle connection, after an echo of 1 KiB", "echoed", 1),
]


def name_of(cell):
    if cell.at_once == 0:
        return f"{thousands(cell.connections)} idle" + ", compression agreed" * cell.deflate
    size = SIZES.get(cell.size, f"{cell.size} B")
    at_once = f", {cell.at_once} at once" if cell.at_once > 1 else ""
    return f"{thousands(cell.connections)} × {size}" + at_once + ", compressed" * cell.deflate


def thousands(value):
    return f"{value:,}".replace(",", " ")


class Figures:
    def __init__(self, folder):
        self.values = collections.defaultdict(list)
        self.cells, self.servers = [], []
        with open(os.path.join(folder, "figures.tsv")) as file:
            self.machine = file.readline().lstrip("# ").strip()
            file.readline()
            for line in file:
                *cell, server, _round, what, value = line.rstrip("\n").split("\t")
                cell = Cell(*map(int, cell))
                self.values[cell, server, what].append(float(value))
                if cell not in self.cells:
                    self.cells.append(cell)
                if server not in self.servers:
                    self.servers.append(server)

    def median(self, cell, server, what):
        values = self.values.get((cell, server, what))
        return statistics.median(values) if values else None

    def text(self, cell, server, what, factor=1):
        if (cell, server, "failed") in self.values:
            return "failed"
        values = self.values.get((cell, server, what))
        return spread(values, factor) if values else "–"

    def table(self, title, cells, what, factor=1):
        cells = [cell for cell in cells if any((cell, server, what) in self.values for server in self.servers)]
        if not cells:
            return ""
        lines = [f"### {title}", "", "| | " + " | ".join(self.servers) + " |", "|---|" + "---:|" * len(self.servers)]
        for cell in cells:
            columns = [self.text(cell, server, what, factor) for server in self.servers]
            lines.append(f"| {name_of(cell)} | " + " | ".join(columns) + " |")
        return "\n".join(lines) + "\n"

    def main_table(self):
        """A row for each server: what the README shows."""
        cells = [cell for cell in MAIN if cell in self.cells]
        idle = [cell for cell in self.cells if cell.at_once == 0 and not cell.deflate]
        header = [name_of(cell) for cell in cells] + ["idle: B a connection" for _ in idle]
        if not header:
            return ""
        lines = ["### Messages per second; server's CPU time for one; p50 / p99 / p99.9 at full load, and at half", ""]
        lines += ["| | " + " | ".join(header) + " |", "|---|" + "---|" * len(header)]
        for server in self.servers:
            columns = []
            for cell in cells:
                percentiles = [
                    " / ".join(self.text(cell, server, f"{load}-{part}", 1e-3) for part in ("p50", "p99", "p99.9"))
                    for load in ("full", "half")
                ]
                rate, cpu = self.text(cell, server, "rate"), self.text(cell, server, "cpu", 1e-3)
                columns.append(f"{rate}; {cpu} µs; {percentiles[0]} µs; {percentiles[1]} µs")
            columns += [self.text(cell, server, "opened") for cell in idle]
            lines.append(f"| {server} | " + " | ".join(columns) + " |")
        return "\n".join(lines) + "\n"


def bars(figures, cell, what, factor):
    values = [figures.median(cell, server, what) for server in figures.servers]
    return [None if value is None else (0, value * factor, number(value * factor)) for value in values]


def latencies(figures, cell, load):
    """From the median to the last percentile that has been told."""
    rows = []
    for server in figures.servers:
        told = [figures.median(cell, server, f"{load}-{part}") for part in ("p50", "p99", "p99.9")]
        told = [value * 1e-3 for value in told if value is not None]
        rows.append((told[0], told[-1], f"{number(told[0])} to {number(told[-1])}") if told else None)
    return rows


def plots(figures):
    """The main columns: the name of a file and what is in it."""
    is_ours = [server.startswith("sansocket") for server in figures.servers]
    for cell in [cell for cell in MAIN if cell in figures.cells]:
        panels = [
            Panel("messages per second", bars(figures, cell, "rate", 1)),
            Panel("server's CPU, µs per message", bars(figures, cell, "cpu", 1e-3)),
            Panel("full load: p50 to p99.9, µs", latencies(figures, cell, "full"), is_logarithmic=True),
            Panel("half load: p50 to p99.9, µs", latencies(figures, cell, "half"), is_logarithmic=True),
        ]
        yield f"{cell.connections}x{cell.size}x{cell.at_once}", svg(name_of(cell), figures.servers, is_ours, panels)
    for cell in [cell for cell in figures.cells if cell.at_once == 0 and not cell.deflate]:
        panels = [
            Panel(f"resident bytes for each, {when}", [bar and (100, *bar[1:]) for bar in bars(figures, cell, what, 1)], True)
            for what, when in (("opened", "opened"), ("echoed", "after an echo"))
        ]
        yield "idle", svg(name_of(cell), figures.servers, is_ours, panels)


def write(folder):
    figures = Figures(folder)
    others = [value for (_, _, what), values in figures.values.items() if what == "others" for value in values]
    note = f"Other programs had {statistics.median(others or [0]):.1%} of a CPU meanwhile, at most {max(others or [0]):.1%}."
    tables = [figures.main_table()]
    for title, what, factor in TABLES:
        cells = [cell for cell in figures.cells if what != "wire" or cell.deflate]
        tables.append(figures.table(title, cells, what, factor))
    with open(os.path.join(folder, "tables.md"), "w") as file:
        file.write(f"{figures.machine} {note}\n\n" + "\n".join(table for table in tables if table))
    for name, content in plots(figures):
        with open(os.path.join(folder, name + ".svg"), "w") as file:
            file.write(content)
