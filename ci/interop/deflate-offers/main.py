"""Puts the rows of cases.tsv to other implementations: see ci/interop/deflate-offers/run."""
import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import judge
import rows as files
import tables
from lib import docs
from rows import FOLDER, Results, Row
from wire import Responder, ask

START, END = "<!-- tables: ci/interop/deflate-offers/run --write -->\n", "<!-- end of tables -->\n"
DOCUMENT = "docs/deflate-offers.md"
HEADS = [
    "What other implementations answer to the rows of cases.tsv, by ci/interop/deflate-offers/run --write. A server's column has",
    "the status, or for a 101 the header's value or `none`; a client's `accepted`, `none` (open, but without compression) or `fail`.",
    "-: the implementation has no such setting, or cannot make the offer.",
]
NAMES = {
    "server": ["ws", "websockets", "aiohttp", "uWebSockets", "uWebSockets, shared"],
    "client": ["ws", "websockets", "aiohttp", "Chromium"],
}


def fail(text: str):
    sys.exit(f"deflate-offers: {text}")


def can_serve(name: str, row: Row) -> bool:
    """Whether the server has settings for it."""
    return row.setting == "default" or name not in ("aiohttp", "uWebSockets, shared")


def can_offer(name: str, row: Row) -> bool:
    """Whether the client can be made to send the row's offer."""
    offers = judge.offers_in([row.setting])
    match name:
        case "ws":
            return len(offers) == 1
        case "aiohttp":
            hint = {judge.CLIENT_BITS: None}
            return [offer | {judge.SERVER_BITS: None} for offer in offers] == [hint | {judge.SERVER_BITS: None}]
        case "Chromium":
            return offers == [{judge.CLIENT_BITS: None}]
    return True


def start_server(name: str, setting: dict[str, int]) -> tuple[subprocess.Popen, int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [str(port), json.dumps(setting)]
    command = ["node", FOLDER / "ws.mjs", "server"] if name == "ws" else [sys.executable, FOLDER / "servers.py", name]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except OSError:
            time.sleep(0.1)
    process.kill()
    fail(f"{name} does not listen")


def ask_server(name: str, rows: list[Row], results: Results):
    settings = {row.setting: row.server_setting() for row in rows}
    for text, setting in settings.items():
        process, port = start_server(name, setting)
        try:
            for row in rows:
                if row.setting == text:
                    results[row.id, name] = ask(port, row.lines())
            if process.poll() is not None:
                fail(f"{name} has ended with status {process.returncode}")
        finally:
            process.kill()
            process.wait()


def ask_client(name: str, rows: list[Row], responder: Responder, results: Results, reasons: Results, versions: dict[str, str]):
    port = str(responder.port())
    command = {"ws": ["node", FOLDER / "ws.mjs", "client", port], "Chromium": ["node", FOLDER / "chromium.mjs", port]}
    lines = [json.dumps({"id": row.id, "offers": judge.offers_in([row.setting])}) for row in rows]
    responder.offered.clear()
    done = subprocess.run(command.get(name, [sys.executable, FOLDER / "clients.py", name, port]), input="\n".join(lines),
                          stdout=subprocess.PIPE, text=True, timeout=300)
    if done.returncode:
        fail(f"the client {name} has ended with status {done.returncode}")
    for line in done.stdout.splitlines():
        key, verdict, *reason = line.split("\t")
        if key == "version":
            versions[name] = verdict
            continue
        results[key, name], reasons[key, name] = verdict, " ".join(reason)
    for row in rows:
        if (row.id, name) not in results:
            fail(f"the client {name} says nothing of {row.id}")
        sent = responder.offered.get(row.id, [])
        if [judge.valid(parameters, True) for _, parameters in judge.parse(", ".join(sent))] != judge.offers_in([row.setting]):
            fail(f"the client {name} has offered {sent} for {row.id}")


def versions_installed() -> dict[str, str]:
    modules = pathlib.Path(os.environ["NODE_PATH"])
    versions = {"ws": json.loads((modules / "ws/package.json").read_text())["version"]}
    versions |= {name: importlib.metadata.version(name) for name in ("websockets", "aiohttp")}
    versions["uWebSockets"] = "in socketify " + importlib.metadata.version("socketify")
    return versions


def check_expected(rows: list[Row]):
    """Each `expect` by the second reading."""
    wrong = [f"{row.id}: {row.input} expects {row.expect}, not {wanted}"
             for row in rows if (wanted := judge.right(row, {})) != row.expect]
    if len({row.id for row in rows}) < len(rows):
        wrong.append("an id is used twice")
    if wrong:
        fail("cases.tsv\n" + "\n".join(wrong))


def main():
    parser = argparse.ArgumentParser(prog="ci/interop/deflate-offers/run")
    parser.add_argument("--write", action="store_true", help=f"put the answers into results.tsv, the table into {DOCUMENT}")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this implementation; may be repeated")
    parser.add_argument("--verbose", action="store_true", help="print each answer that differs from what is right")
    options = parser.parse_args()
    if unknown := set(options.only) - {name for names in NAMES.values() for name in names}:
        parser.error(f"no implementation {', '.join(sorted(unknown))}")
    if options.write and options.only:
        parser.error("--write takes all implementations")

    # Ended from outside, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rows = files.read_cases()
    check_expected(rows)
    results, reasons, versions = {}, {}, versions_installed()
    responder = Responder({row.id: row.lines() for row in rows if row.role == "client"})
    for role, names in NAMES.items():
        for name in names:
            if options.only and name not in options.only:
                continue
            can = can_serve if role == "server" else can_offer
            ours = [row for row in rows if row.role == role and can(name, row)]
            if role == "server":
                ask_server(name, ours, results)
            else:
                ask_client(name, ours, responder, results, reasons, versions)
            report(f"{name} as {role}", ours, name, results, reasons if options.verbose else None)

    if options.only:
        return
    notes = files.read_notes()
    problems = tables.unexplained(rows, NAMES, results, notes)
    if options.write:
        versions_line = f"{datetime.date.today()}, Node {version_of_node()}, Python {platform.python_version()}: " + \
            ", ".join(f"{name} {version}" for name, version in versions.items())
        files.write_results(FOLDER / "results.tsv", [*HEADS, versions_line], rows, NAMES, results)
    versions_line, known = files.read_results()
    problems += [f"{key} {name}: {results.get((key, name))}, in results.tsv {known.get((key, name))}"
                 for key, name in sorted(known.keys() | results.keys()) if known.get((key, name)) != results.get((key, name))]
    text = tables.markdown(rows, NAMES, known, notes, versions_line)
    if not docs.keep(DOCUMENT, START, END, text, options.write):
        problems.append(f"{DOCUMENT} does not show results.tsv, cases.tsv and notes.tsv")
    if problems:
        fail("\n".join(["differences:", *problems]))
    print(f"deflate-offers: {len(results)} answers, as {'written to' if options.write else 'in'} results.tsv and {DOCUMENT}")


def version_of_node() -> str:
    return subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip().removeprefix("v")


def report(title: str, rows: list[Row], name: str, results: Results, reasons: Results | None):
    grades = {row.id: tables.grade(row, name, results) for row in rows}
    counts = ", ".join(f"{list(grades.values()).count(one)} {one}" for one in judge.GRADES)
    print(f"deflate-offers: {title}: {len(rows)} rows: {counts}", flush=True)
    for row in rows if reasons is not None else []:
        if grades[row.id] != judge.SAME:
            print(f"  {grades[row.id]:6} {row.id:5} {row.input[:100]} | right: {row.expect} | {results[row.id, name]} "
                  f"{reasons.get((row.id, name), '')}")


main()
