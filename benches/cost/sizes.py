#!/usr/bin/env python3
"""sizes.py DUMPS [TIME TSV SVG]: judges callgrind's dumps of src/bin/sizes.rs; with its times, writes and draws both. `sizes` calls it.

Flat means: what so many units take is a fixed cost and a cost per unit, those that the smallest and the largest size show.
"""
import math
import sys

from dumps import counted

# Times as many instructions as those two say, or as few. A message about as long as a read is cut by each, which costs more than a message and
# a read do: up to three times as much where a byte costs next to nothing (a client, 64 KiB).
AT_MOST = 3.0
TITLES = {
    "message": ("Length of a message, bytes", "byte"),
    "frame": ("Length of the frames of a message of 1 MiB, bytes", "byte"),
    "head": ("Length of a handshake's head, bytes", "byte"),
    "connections": ("Connections that take turns", "message"),
    "fragments": ("Fragments of one byte in a message", "fragment"),
}
COLOURS = ["#0c7c6e", "#c2571a", "#5b6ee1", "#a23b72", "#7a7a1f", "#333333"]
WIDTH, PANEL, LEFT, HEIGHT, TOP, LINE = 900, 370, 52, 190, 60, 16

Points = list[tuple[int, float]]
Lines = dict[str, Points]


def plots(cells: dict[str, float]) -> dict[str, Lines]:
    found: dict[str, dict[str, Points]] = {}
    for name, value in cells.items():
        plot, line, size = name.split("/")
        found.setdefault(plot, {}).setdefault(line, []).append((int(size), value))
    return found


def bend(points: Points) -> tuple[float, int]:
    """How far a point is from fixed cost and cost per unit, as the largest ratio either way, and its size."""
    (first, low), (last, high) = ((size, size * per_unit) for size, per_unit in (points[0], points[-1]))
    per_unit = (high - low) / (last - first)
    fixed = low - first * per_unit
    ratios = [(value * size / (fixed + per_unit * size), size) for size, value in points]
    return max(ratios, key=lambda ratio: max(ratio[0], 1 / ratio[0]))


def judge(counts: dict[str, Lines]) -> list[str]:
    bent = []
    print(f"{'instructions per unit':<60} {'smallest':>10} {'largest':>10} {'farthest from fixed and per unit':>36}")
    for plot, lines in counts.items():
        for name, points in lines.items():
            ratio, size = bend(points)
            print(f"{plot + ': ' + name:<60} {points[0][1]:>10.3g} {points[-1][1]:>10.3g} {ratio:>20.2f} times at {size}")
            bent += [f"{plot}: {name}"] if max(ratio, 1 / ratio) > AT_MOST else []
    return bent


def size_name(size: int) -> str:
    for unit, letter in ((1 << 20, " Mi"), (1 << 10, " Ki")):
        if size >= unit and size % unit == 0:
            return f"{size // unit}{letter}"
    return f"{size:,}".replace(",", " ")


def ticks(lines: Lines) -> list[int]:
    sizes = sorted({size for points in lines.values() for size, _ in points})
    return sizes[:: max(1, math.ceil(len(sizes) / 7))]


def panel(lines: Lines, left: float, top: float, title: str) -> list[str]:
    sizes = [size for points in lines.values() for size, _ in points]
    values = [value for points in lines.values() for _, value in points if value > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    across = lambda size: left + LEFT + (PANEL - LEFT) * math.log(size / min(sizes)) / math.log(max(sizes) / min(sizes))
    down = lambda value: top + HEIGHT * (high - math.log10(value)) / (high - low)
    svg = [f'<text x="{left + LEFT}" y="{top - 8}" fill="#333">{title}</text>']
    for power in range(low, high + 1):
        y = down(10**power)
        svg.append(f'<path d="M{left + LEFT} {y:.1f}h{PANEL - LEFT}" stroke="#ddd"/>')
        svg.append(f'<text x="{left + LEFT - 6}" y="{y + 4:.1f}" fill="#666" text-anchor="end">{10**power:g}</text>')
    for size in ticks(lines):
        svg.append(f'<text x="{across(size):.1f}" y="{top + HEIGHT + 15}" fill="#666" text-anchor="middle">{size_name(size)}</text>')
    for colour, points in zip(COLOURS, lines.values()):
        path = " ".join(f"{across(size):.1f},{down(value):.1f}" for size, value in points)
        svg.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    return svg


def draw(counts: dict[str, Lines], times: dict[str, Lines]) -> str:
    svg, top = [], TOP
    for plot, lines in counts.items():
        title, unit = TITLES[plot]
        svg.append(f'<text x="12" y="{top}" font-weight="600">{title}</text>')
        svg += panel(lines, 12, top + 30, f"instructions per {unit}")
        svg += panel(times[plot], WIDTH - PANEL - 24, top + 30, f"nanoseconds per {unit}")
        legend = top + 30 + HEIGHT + 36
        for at, (colour, name) in enumerate(zip(COLOURS, lines)):
            x, y = 12 + LEFT + at % 2 * (WIDTH / 2 - 30), legend + at // 2 * LINE
            svg.append(f'<path d="M{x} {y - 4}h18" stroke="{colour}" stroke-width="2"/><text x="{x + 24}" y="{y}" fill="#333">{name}</text>')
        top = legend + (len(lines) + 1) // 2 * LINE + 24
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{top}" fill="#fff"/>',
        '<text x="12" y="26" font-size="16" font-weight="600">Cost against size (both axes logarithmic)</text>',
    ]
    return "\n".join(head + svg + ["</svg>\n"])


def main() -> None:
    dumps, *rest = sys.argv[1:]
    cells = counted(dumps)
    counts = plots(cells)
    if counts.keys() != TITLES.keys():
        sys.exit("sizes: callgrind counted nothing, or other plots than there are")
    bent = judge(counts)
    if rest:
        time, table, picture = rest
        with open(time) as file:
            times = {name: float(value) for name, value in (line.rsplit("\t", 1) for line in file)}
        with open(table, "w") as file:
            file.write("plot\tline\tsize\tinstructions per unit\tns per unit\n")
            file.writelines("\t".join(name.split("/")) + f"\t{cells[name]:.3f}\t{times[name]:.4f}\n" for name in cells)
        with open(picture, "w") as file:
            file.write(draw(counts, plots(times)))
        print(f"sizes: wrote {table} and {picture}")
    if bent:
        sys.exit(f"sizes: not a fixed cost and a cost per unit, {AT_MOST} times away or more: " + "; ".join(bent))


main()
