"""What the scripts share that keep a text in step with the code."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def one_line(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return text.replace("( ", "(").replace(", )", ")").replace(" )", ")")


def header(name: str = "sansocket.h") -> str:
    """One of the C layer's, without comments."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", (ROOT / "include" / name).read_text(), flags=re.S)


def prototypes(text: str) -> dict[str, str]:
    """Those of a header, by name."""
    return {name: one_line(all) for all, name in re.findall(r"^([\w ]+\*?\s*(sansocket_\w+)\([^;{}]*\));", text, re.M)}


def keep(document: str, start: str, end: str, text: str, write: bool) -> bool:
    """Whether a document shows the text after `start` and before `end`; writes it there if asked to."""
    path = ROOT / document
    before, rest = path.read_text().split(start, 1)
    shown, after = rest.split(end, 1)
    if write:
        path.write_text(before + start + text + end + after)
    return write or shown == text


def options(doc: str, *known: str) -> str:
    """The only argument, if there is one."""
    if sys.argv[1:] and (len(sys.argv) > 2 or sys.argv[1] not in known):
        print(doc, file=sys.stderr)
        sys.exit(2)
    return "".join(sys.argv[1:])
