"""Bars as SVG, in the style of benches/push: panels beside each other, a row for each server."""

import math

LEFT, BAR, GAP, ROW, TOP = 150, 190, 96, 24, 58

# Readable on light and on dark.
STYLE = (
    "text{font:12px sans-serif;fill:#1f2328}.g{stroke:#8c959f;stroke-opacity:.35}text.h{font-weight:bold}"
    "rect{fill:#0969da}.p{fill:#1a7f37}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#58a6ff}.p{fill:#3fb950}}"
)


class Panel:
    """`bars` has for each row where its bar begins and ends, and its label, or None. A logarithmic scale has no 0."""

    def __init__(self, title, bars, is_logarithmic=False):
        self.title, self.bars, self.is_logarithmic = title, bars, is_logarithmic
        ends = [end for bar in bars if bar for end in bar[:2]]
        if is_logarithmic:
            first, last = math.floor(math.log10(min(ends))), math.ceil(math.log10(max(ends)))
            self.ticks = [10**power for power in range(first, max(last, first + 1) + 1)]
        else:
            step = 10 ** math.floor(math.log10(max(ends)))
            step = next(step * part for part in (0.2, 0.5, 1, 2, 5) if max(ends) <= 5 * step * part)
            self.ticks = [step * count for count in range(math.ceil(max(ends) / step) + 1)]

    def place(self, value):
        scale = math.log10 if self.is_logarithmic else float
        first, last = scale(self.ticks[0]), scale(self.ticks[-1])
        return BAR * min(1, max(0, (scale(value) - first) / (last - first)))


def svg(title, names, is_ours, panels):
    width, height = LEFT + len(panels) * (BAR + GAP), TOP + ROW * len(names) + 26
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{title}</title><style>{STYLE}</style>",
        f'<text class="h" x="8" y="18">{title}</text>',
    ]
    base = TOP + ROW * len(names)
    for row, name in enumerate(names):
        out.append(f'<text x="{LEFT - 8}" y="{TOP + row * ROW + 14}" text-anchor="end">{name}</text>')
    for index, panel in enumerate(panels):
        left = LEFT + index * (BAR + GAP)
        out.append(f'<text class="h" x="{left}" y="42">{panel.title}</text>')
        for tick in panel.ticks:
            x = left + panel.place(tick)
            out.append(f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{base}"/>')
            out.append(f'<text x="{x:.1f}" y="{base + 15}" text-anchor="middle">{short(tick)}</text>')
        for row, bar in enumerate(panel.bars):
            if bar is None:
                continue
            start, end, label = bar
            x, length, y = left + panel.place(start), panel.place(end) - panel.place(start), TOP + row * ROW
            colour = ' class="p"' if is_ours[row] else ""
            out.append(f'<rect{colour} x="{x:.1f}" y="{y}" width="{max(2, length):.1f}" height="17"/>')
            out.append(f'<text x="{x + length + 6:.1f}" y="{y + 14}">{label}</text>')
    return "\n".join([*out, "</svg>\n"])


def short(value):
    for unit, suffix in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{suffix}"
    return f"{value:g}"
