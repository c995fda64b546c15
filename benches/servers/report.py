"""The tables and plots of a folder with figures.tsv."""

import collections
import os
import statistics

COLUMNS = ["connections", "size", "at once", "deflate", "server", "round", "what", "figure"]
SIZES = {16: "16 B", 1024: "1 KiB", 65536: "64 KiB", 1 << 20: "1 MiB"}

Cell = collections.namedtuple("Cell", "connections size at_once deflate")


def name_of(cell):
    if cell.at_once == 0:
        return f"{thousands(cell.connections)} idle" + ", compression agreed" * cell.deflate
    size = SIZES.get(cell.size, f"{cell.size} B")
    return f"{thousands(cell.connections)} × {size}" + (f", {cell.at_once} at once" if cell.at_once > 1 else "") + ", compressed" * cell.deflate


def thousands(value):
    return f"{value:,}".replace(",", " ")


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
    ("Bytes of an echo on the wire, without its header", "wire", 1),
    ("Resident bytes for each idle connection, after the handshake", "opened", 1),
    ("Resident bytes for each idle connection, after an echo of 1 KiB", "echoed", 1),
]


def write(folder):
    figures = Figures(folder)
    tables = [figures.main_table()]
    for title, what, factor in TABLES:
        cells = [cell for cell in figures.cells if what != "wire" or cell.deflate]
        tables.append(figures.table(title, cells, what, factor))
    with open(os.path.join(folder, "tables.md"), "w") as file:
        file.write(figures.machine + "\n\n" + "\n".join(table for table in tables if table))
