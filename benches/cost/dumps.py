"""Callgrind's dumps."""
import pathlib
import re


def counted(folder: str) -> dict[str, float]:
    """Instructions by cell, in the order in which they were counted. Dumps carry the names that src/meter.rs gave them."""
    found = {}
    order = ["gate", "buffered", "c", "sizes"]
    for path in sorted(pathlib.Path(folder).glob("*.*"), key=lambda path: (order.index(path.stem), int(path.suffix[1:]))):
        text = path.read_text(errors="replace")
        name = re.search(r"^desc: Trigger: Client Request: (.*)\|(\d+)$", text, re.M)
        total = re.search(r"^summary: (\d+)", text, re.M) or re.search(r"^totals: (\d+)", text, re.M)
        if name and total:
            found[name[1]] = int(total[1]) / int(name[2])
    return found
