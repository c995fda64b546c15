"""The table of docs/deflate-offers.md."""
import judge
from rows import Note, Results, Row

LETTERS = "abcdefghijklmnopqrstuvwxyz"
# What an implementation is set to in all rows; what is right is then right with these settings.
ALSO = {"uWebSockets, shared": {"send_no_context_takeover": 1, "receive_no_context_takeover": 1}}
# Longer ones are cut in the table; cases.tsv has them whole.
WIDTH = 160
SHORT = {judge.DEFLATE: "pd", judge.SERVER_NO: "sn", judge.CLIENT_NO: "cn", judge.SERVER_BITS: "sb", judge.CLIENT_BITS: "cb"}
MARKS = {judge.SAME: "=", judge.OTHER: "{}", judge.STRICT: "*{}*", judge.WRONG: "**{}**"}


def code(text: str) -> str:
    if len(text) > WIDTH:
        text = text[:WIDTH].rsplit(" ", 1)[0] + " …"
    # Within a table a bar ends the cell, even in code; a line is a header line of its own.
    named = {"<EMPTY>": "(empty)", "<NONE>": "(no header)"}
    return "<br>".join(named.get(line) or f"`{line}`" for line in text.split("|"))


def shown(answer: str) -> str:
    return answer if answer.isdigit() or answer in ("none", "fail", "accepted", "closed", "silent") else code(answer)


def short(answer: str) -> str:
    """An answer of another implementation, for a narrow column."""
    parts = answer.split("; ")
    return shown("; ".join(SHORT.get(name, name) + sign + value for name, sign, value in (part.partition("=") for part in parts)))


def grade(row: Row, name: str, results: Results) -> str | None:
    answer = results.get((row.id, name))
    return None if answer is None else judge.grade(row, answer, judge.right(row, ALSO.get(name, {})))


def note_of(row: Row, name: str, results: Results, notes: list[Note]) -> Note | None:
    """Of an answer that differs."""
    if grade(row, name, results) in (None, judge.SAME):
        return None
    return next((note for note in notes if note.name == name and note.covers(row.id)), None)


def cell(row: Row, name: str, results: Results) -> str:
    graded = grade(row, name, results)
    return "—" if graded is None else MARKS[graded].format(short(results[row.id, name]))


def letters_for(names: list[str], rows: list[Row], results: Results, notes: list[Note]) -> dict[str, tuple[str, list[str]]]:
    """A letter, or two, for the text of each note on these rows, and whose it is."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for name in names:
            if note := note_of(row, name, results, notes):
                whose = found.setdefault(note.text, [])
                whose += [] if name in whose else [name]
    return {text: (LETTERS[place % 26] * (place // 26 + 1), whose) for place, (text, whose) in enumerate(found.items())}


def marks_of(row: Row, names: list[str], results: Results, notes: list[Note], letters: dict[str, tuple[str, list[str]]]) -> str:
    """The letters of the row's notes."""
    found = (note_of(row, name, results, notes) for name in names)
    return " ".join(sorted({letters[note.text][0] for note in found if note}, key=lambda letter: (len(letter), letter)))


def markdown(rows: list[Row], names: dict[str, list[str]], results: Results, notes: list[Note], head: str) -> str:
    text = f"\n{head}.\n"
    for role in "server", "client":
        text += f"\n## {role.capitalize()}s\n\n"
        text += count_table(role, names[role], rows, results)
        letters = letters_for(names[role], [row for row in rows if row.role == role], results, notes)
        titles = dict.fromkeys(row.title for row in rows if row.role == role)
        for title in titles:
            text += f"\n### {title}\n"
            mine = [row for row in rows if row.title == title]
            for setting in dict.fromkeys(row.setting for row in mine):
                if role == "client" or setting != "default":
                    text += f"\n{'Offered' if role == 'client' else 'Setting'}: {code(setting)}\n"
                what = "offer" if role == "server" else "response"
                text += f"\n| id | {what} | ours | {' | '.join(names[role])} | why | notes |\n"
                text += "|---" * (5 + len(names[role])) + "|\n"
                for row in mine:
                    if row.setting == setting:
                        cells = [row.id, code(row.input), shown(row.expect), *(cell(row, name, results) for name in names[role]),
                                 f"{row.why} [{rule(row.rule)}]", marks_of(row, names[role], results, notes, letters)]
                        text += f"| {' | '.join(cells)} |\n"
        text += f"\n### Where {role}s differ, and why\n\n"
        for note, (letter, whose) in letters.items():
            text += f"- **{letter}** {'; '.join(whose)}: {note}\n"
    return text + "\n"


def rule(text: str) -> str:
    """The row's rule, with signs of sections."""
    parts = (f"RFC {part.replace(' ', ' §')}" if " " in part else f"§{part}" for part in text.split(", "))
    return ", ".join(parts) if text[0].isdigit() else text


def count_table(role: str, names: list[str], rows: list[Row], results: Results) -> str:
    text = f"| | rows | {' | '.join(judge.GRADES)} |\n" + "|---" * 6 + "|\n"
    for name in names:
        mine = [graded for row in rows if row.role == role and (graded := grade(row, name, results))]
        text += f"| {name} | {len(mine)} | {' | '.join(str(mine.count(one)) for one in judge.GRADES)} |\n"
    return text


def unexplained(rows: list[Row], names: dict[str, list[str]], results: Results, notes: list[Note]) -> list[str]:
    """Differences without a note, and notes on what does not differ."""
    problems = []
    for row in rows:
        for name in names[row.role]:
            graded, note = grade(row, name, results), note_of(row, name, results, notes)
            if graded not in (None, judge.SAME) and not note:
                problems.append(f"{row.id} {name}: no note says why it answers {results[row.id, name]}")
            if graded in (None, judge.SAME) and any(row.id in one.ids for one in notes if one.name == name):
                problems.append(f"{row.id} {name}: a note on what does not differ")
    return problems
