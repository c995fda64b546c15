"""Callgrind's dumps of one run."""
import pathlib
import re


def counted(folder: str) -> dict[str, float]:
    """Instructions by cell, in the order in which they were counted. Dumps carry the names that src/meter.rs gave them."""
    found = {}
    for path in sorted(pathlib.Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:])):
        text = path.read_text(errors="replace")
        name = re.search(r"^desc: Trigger: Client Request: (.*)\|(\d+)$", text, re.M)
        total = re.search(r"^summary: (\d+)", text, re.M) or re.search(r"^totals: (\d+)", text, re.M)
        if name and total:
            found[name[1]] = int(total[1]) / int(name[2])
    return found
