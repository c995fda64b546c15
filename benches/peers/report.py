#!/usr/bin/env python3
"""report.py RESULTS DUMPS: RESULTS/{time,mem}.tsv and callgrind's dumps -> Markdown tables on standard output.

Writes RESULTS/instr.tsv on the way.
"""
import glob
import os
import platform
import re
import subprocess
import sys

TITLES = {
    "P": "Primitives",
    "W1": "W1 decode, server, binary",
    "W2-ascii": "W2 decode, server, ASCII text",
    "W2-chinese": "W2 decode, server, Chinese text",
    "W3": "W3 decode, client, binary",
    "W4-server": "W4 encode, server",
    "W4-client": "W4 encode, client (masked)",
    "W5-server": "W5 handshake, server",
    "W5-client": "W5 handshake, client",
    "W6": "W6 permessage-deflate, context takeover (server to client)",
}
LEGEND = (
    "`limit` and `floor` rows are bounds, not libraries. "
    "‡ delivers a message in pieces as they arrive. † does not check UTF-8. "
    "* compiled for the CPU at hand, not counted under callgrind."
)
READ = "65536"  # the usual size of a read, left out of headings


def read_tsv(path):
    if not os.path.exists(path):
        return []
    with open(path) as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def read_dumps(folder):
    """(cell, peer) -> instructions per message. The dumps carry the names that src/measure.rs gave them."""
    counts = {}
    for path in glob.glob(folder + "/out.*"):
        with open(path, errors="replace") as f:
            text = f.read()
        name = re.search(r"^desc: Trigger: Client Request: (.*)\|(.*)\|(\d+)\|(\d+)$", text, re.M)
        total = re.search(r"^summary: (\d+)", text, re.M) or re.search(r"^totals: (\d+)", text, re.M)
        if name and total:
            counts[name[1], name[2]] = int(total[1]) / int(name[3])
    return counts


def number(x):
    x = float(x)
    return f"{x:.2f}" if x < 10 else f"{x:.1f}" if x < 100 else f"{x:,.0f}"


def size(count):
    n = int(count)
    return f"{n >> 20} MiB" if n >= 1 << 20 else f"{n >> 10} KiB" if n >= 1024 else f"{n} B"


def mark(flags):
    return "".join(sign for letter, sign in (("S", " ‡"), ("U", " †"), ("N", " *")) if letter in flags)


def table(heads, rows):
    return ["| | " + " | ".join(heads) + " |", "|" + "---|" * (len(heads) + 1)] + [
        f"| {first} | " + " | ".join(rest) + " |" for first, rest in rows
    ]


def unique(items):
    return list(dict.fromkeys(items))


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return None


def machine():
    cpu = platform.machine()
    try:
        with open("/proc/cpuinfo") as f:
            info = dict(line.split(":", 1) for line in f if ":" in line)
        info = {key.strip(): value.strip() for key, value in info.items()}
        wide = [name for name in ("avx2", "avx512f") if name in info.get("flags", "").split()]
        cpu = f"{info.get('model name', cpu)} ({', '.join(wide) or 'no AVX2'})"
    except OSError:
        pass
    compilers = [first_line(c, "--version") for c in ("rustc", "g++", "clang++")]
    return ", ".join([cpu] + [c for c in compilers if c])


def deflate_tables(cells, time):
    for cell in cells:
        rows = [r for r in time if r["cell"] == cell]
        if not rows:
            continue
        yield f"\n{size(rows[0]['bytes'])} JSON\n"
        yield from table(
            ["compress µs", "decompress µs", "ratio"],
            [
                (
                    r["peer"] + mark(r["flags"]),
                    [f"{float(r['ns_median']) / 1e3:.1f}", f"{float(r['ns2_median']) / 1e3:.1f}", r["note"]],
                )
                for r in rows
            ],
        )


def group_tables(group, cells, time, counts):
    timed = {(r["cell"], r["peer"]): r for r in time}
    flags = {r["peer"]: r["flags"] for r in time if r["cell"] in cells}
    keys = [k for k in list(timed) + list(counts) if k[0] in cells]
    peers = unique(peer for _, peer in keys)

    heads = []
    for cell in cells:
        _, length, read = cell.split("/")
        heads.append("ns" if length == "0" else size(length) + (f" @{read}" if read not in ("0", READ) else ""))

    def of(title, text):
        rows = []
        for peer in peers:
            row = [text((cell, peer)) for cell in cells]
            if any(row):
                rows.append((peer + mark(flags.get(peer, "")), row))
        return [f"\n{title}\n"] + table(heads, rows) if rows else []

    def rate(key):
        return f"{float(timed[key]['bytes']) / float(timed[key]['ns_median']):.2f}" if key in timed else ""

    unit = "call" if group == "P" else "handshake" if group.startswith("W5") else "message"
    yield from of(f"ns per {unit} (median)", lambda k: number(timed[k]["ns_median"]) if k in timed else "")
    if not group.startswith("W5"):
        yield from of("GB/s of payload", rate)
    yield from of(
        f"instructions per {unit} (callgrind)", lambda k: number(counts[k]) if k in counts else ""
    )


def memory_table(rows):
    def cell(row, key):
        return "" if row[key] in ("NaN", "-1") else row[key].removesuffix(".00")

    yield "\n### W7 memory and allocations\n"
    yield "Bytes per connection; allocations per message in steady state.\n"
    yield from table(
        [
            "state sizeof",
            "heap, just open",
            "after one message",
            "with deflate, open",
            "allocs/msg decode 125 B",
            "decode 16 KiB",
            "encode server",
            "encode client",
            "per server handshake",
        ],
        [
            (
                r["peer"],
                [r["state"] if r["state"] != "0" else "opaque", r["open_total"], r["used_total"]]
                + [
                    cell(r, key)
                    for key in (
                        "open_deflate",
                        "alloc_dec125",
                        "alloc_dec16k",
                        "alloc_enc125",
                        "alloc_enc_client125",
                        "alloc_hs",
                    )
                ],
            )
            for r in rows
        ],
    )


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, dumps = sys.argv[1:]
    time, memory, counts = read_tsv(folder + "/time.tsv"), read_tsv(folder + "/mem.tsv"), read_dumps(dumps)
    with open(folder + "/instr.tsv", "w") as f:
        f.write("cell\tpeer\tinstr\n")
        for (cell, peer), n in sorted(counts.items()):
            f.write(f"{cell}\t{peer}\t{n:.1f}\n")

    lines = ["# Peers, side by side", "", f"Measured on: {machine()}.", "", LEGEND]
    cells = unique([r["cell"] for r in time] + [cell for cell, _ in sorted(counts)])
    for group in unique(cell.split("/")[0] for cell in cells):
        own = [cell for cell in cells if cell.split("/")[0] == group]
        lines.append(f"\n### {TITLES.get(group, group)}")
        lines += deflate_tables(own, time) if group == "W6" else group_tables(group, own, time, counts)
    if memory:
        lines += memory_table(memory)
    print("\n".join(lines))


main()
