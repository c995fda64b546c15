#!/usr/bin/env python3
"""plot.py RESULTS OUTPUT: draws RESULTS/time.tsv, decoding by a server, as an SVG."""
import csv
import math
import sys

CELLS = [("W1/16/65536", "16 bytes"), ("W1/125/65536", "125 bytes"), ("W1/1024/65536", "1 024 bytes")]
# One build of uWebSockets and one form of Buffered stand for all; bounds other than the floor are left out, as they are not libraries.
LEFT_OUT = ("sansocket Buffered, in pieces", "limit:", "floor, but", "uWS parser", "uWebSockets (gcc", "uWebSockets (clang_native")
LEFT_OUT += ("wslay_frame",)
LABELS, WIDTH, PANEL, ROW, TOP = 190, 900, 220, 21, 64


def main() -> None:
    results, output = sys.argv[1:]
    times: dict[str, dict[str, float]] = {}
    with open(f"{results}/time.tsv", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["cell"] in dict(CELLS) and not row["peer"].startswith(LEFT_OUT):
                times.setdefault(row["peer"], {})[row["cell"]] = float(row["ns_median"])
    peers = sorted((peer for peer in times if len(times[peer]) == len(CELLS)), key=lambda peer: times[peer][CELLS[0][0]])
    height = TOP + ROW * len(peers) + 40
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="12.5">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        '<text x="12" y="24" font-size="16" font-weight="600">Nanoseconds to decode one masked binary message (logarithmic; shorter is better)</text>',
    ]
    for place, (cell, title) in enumerate(CELLS):
        left = LABELS + place * (PANEL + 16)
        longest = max(times[peer][cell] for peer in peers)
        shortest = min(times[peer][cell] for peer in peers)
        low, high = math.floor(math.log10(shortest)), math.log10(longest)
        scale = lambda value: (math.log10(value) - low) / (high - low) * (PANEL - 44)
        svg.append(f'<text x="{left}" y="50" font-weight="600">{title}</text>')
        for power in range(low, math.floor(high) + 1):
            x = left + scale(10**power)
            svg.append(f'<path d="M{x:.1f} {TOP - 6}V{height - 30}" stroke="#ddd"/>')
            svg.append(f'<text x="{x:.1f}" y="{height - 14}" fill="#666" text-anchor="middle">{10**power}</text>')
        for line, peer in enumerate(peers):
            value, y = times[peer][cell], TOP + ROW * line
            colour = "#0c7c6e" if peer.startswith("sansocket") else "#b9b4a7" if peer.startswith("floor") else "#8fa3bf"
            svg.append(f'<rect x="{left}" y="{y}" width="{scale(value):.1f}" height="{ROW - 7}" rx="2" fill="{colour}"/>')
            number = f"{value:.1f}" if value < 100 else f"{value:.0f}"
            svg.append(f'<text x="{left + scale(value) + 5:.1f}" y="{y + 11}" fill="#333">{number}</text>')
    for line, peer in enumerate(peers):
        weight = ' font-weight="700"' if peer.startswith("sansocket") else ""
        name = {"floor: minimal in-place loop": "floor (not a library)", "uWebSockets (clang)": "uWebSockets"}.get(peer, peer)
        svg.append(f'<text x="{LABELS - 10}" y="{TOP + ROW * line + 11}" text-anchor="end"{weight}>{name}</text>')
    svg.append("</svg>\n")
    with open(output, "w") as file:
        file.write("\n".join(svg))


main()
