"""The files of this folder: cases.tsv, results.tsv, notes.tsv."""
import dataclasses
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Row:
    """A line of cases.tsv, which says what the columns are."""
    id: str
    role: str
    setting: str
    input: str
    expect: str
    rule: str
    why: str
    # Of the part that the row is in.
    title: str

    def lines(self) -> list[str]:
        """The values of the header lines."""
        if self.input == "<NONE>":
            return []
        return ["" if line == "<EMPTY>" else line.replace("<TAB>", "\t").strip() for line in self.input.split("|")]

    def server_setting(self) -> dict[str, int]:
        words = (word.partition("=") for word in self.setting.split() if word != "default")
        return {name: int(value or 1) for name, _, value in words}

    def is_policy(self) -> bool:
        """Whether neither RFC demands what is expected."""
        return self.rule in ("policy", "K-15")


def lines_of(name: str) -> list[str]:
    return (FOLDER / name).read_text().splitlines()


def read_cases() -> list[Row]:
    rows, title = [], ""
    for line in lines_of("cases.tsv"):
        if line.startswith("# To a "):
            title = line[2:]
        elif not line.startswith("#"):
            rows.append(Row(*line.split("\t"), title))
    return rows


# Of the lines of results.tsv that begin with "# ", the one that names versions.
VERSIONS = 3
Results = dict[tuple[str, str], str]


def write_results(path: pathlib.Path, heads: list[str], rows: list[Row], names: dict[str, list[str]], results: Results):
    """`names` are the implementations for each role, `results` their answers by the row's id and the name."""
    lines = [f"# {head}".rstrip() for head in heads]
    for role in "server", "client":
        lines += ["#", "\t".join([f"# {role}", *names[role]])]
        for row in rows:
            if row.role == role:
                lines.append("\t".join([row.id, *(results.get((row.id, name), "-") for name in names[role])]))
    path.write_text("\n".join(lines) + "\n")


def read_results() -> tuple[str, Results]:
    """With the line that names versions."""
    results, names, lines = {}, [], lines_of("results.tsv")
    for line in lines:
        first, *cells = line.split("\t")
        if line.startswith("#"):
            names = cells or names
        else:
            results |= {(first, name): cell for name, cell in zip(names, cells, strict=True) if cell != "-"}
    head = [line for line in lines if line.startswith("# ")][VERSIONS]
    return head.removeprefix("# "), results


@dataclasses.dataclass
class Note:
    """A line of notes.tsv: why the answers of `name` to these rows are not the right ones."""
    name: str
    ids: list[str]
    # First and last ids: of the rows between, those whose answers differ.
    ranges: list[tuple[str, str]]
    text: str

    def covers(self, key: str) -> bool:
        return key in self.ids or any(key[0] == first[0] and int(first[1:]) <= int(key[1:]) <= int(last[1:])
                                      for first, last in self.ranges)


def read_notes() -> list[Note]:
    notes = []
    for line in lines_of("notes.tsv"):
        if not line.startswith("#"):
            name, ids, text = line.split("\t")
            pairs = [word.partition("-") for word in ids.split()]
            notes.append(Note(name, [first for first, dash, _ in pairs if not dash],
                              [(first, last) for first, dash, last in pairs if dash], text))
    return notes
