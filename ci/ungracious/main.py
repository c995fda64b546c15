"""Runs the scenarios of ungracious peers: see ci/ungracious/run."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import docs
from peers import Wrong
from programs import PROGRAMS, Program
from registry import SCENARIOS, Scenario, Skip
from runs import ClientRun, Run, ServerRun, Setting

# They add their scenarios.
import client_talk  # noqa: F401, I001
import client_ends  # noqa: F401
import client_system  # noqa: F401
import server_talk  # noqa: F401
import server_ends  # noqa: F401
import server_system  # noqa: F401

START, END = "<!-- matrix: ci/ungracious/run --write -->\n", "<!-- end of matrix -->\n"
WORKERS = 32
# While something runs for long, what that is is said this often.
EVERY = 10.0


def judge(scenario: Scenario, run: Run) -> tuple[str, str]:
    """Runs it. Returns a word for the matrix, and the reason."""
    try:
        with run:
            scenario.run(run)
        return "ok", ""
    except Skip as reason:
        return "skipped", str(reason)
    except Wrong as reason:
        return "wrong", str(reason)
    except OSError as reason:
        # The program's doing: what a peer does in a scenario works if the program does its part.
        return "wrong", f"{type(reason).__name__}: {reason} (while the peer was in: {place(reason)})"
    except Exception:
        return "wrong", traceback.format_exc()


def place(error: OSError) -> str:
    """The line of the scenario."""
    calls = traceback.extract_tb(error.__traceback__)
    lines = [call.line for call in calls if re.search(r"(client|server)_\w+\.py$", call.filename)]
    return lines[-1] if lines else "the start"


class Matrix:
    def __init__(self, scenarios: list[Scenario], programs: list[Program]):
        self.pairs = [(scenario, program) for scenario in scenarios for program in programs
                      if scenario.role == program.role and scenario.applies(program)]
        self.pairs.sort(key=lambda pair: -pair[0].seconds)
        self.words: dict[tuple[str, str, str], str] = {}
        self.running: dict[str, tuple[Run, float]] = {}
        self.reasons: list[str] = []
        self.lock = threading.Lock()

    def kill(self, number: int, _):
        """Leaves no program running when somebody ends this."""
        for run, _ in list(self.running.values()):
            if run.process:
                run.process.signal(signal.SIGKILL)
        os._exit(128 + number)

    def run(self, setting: Setting):
        for number in signal.SIGINT, signal.SIGTERM:
            signal.signal(number, self.kill)
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            waiting = {pool.submit(self.run_one, *pair, setting) for pair in self.pairs}
            while waiting:
                done, waiting = concurrent.futures.wait(waiting, EVERY, concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    future.result()
                self.say_what_runs()

    def run_one(self, scenario: Scenario, program: Program, setting: Setting):
        run = (ClientRun if program.role == "client" else ServerRun)(program, setting)
        name, start = f"{program.name}: {scenario.name}", time.monotonic()
        self.running[name] = run, start
        word, reason = judge(scenario, run)
        with self.lock:
            del self.running[name]
            self.words[scenario.role, scenario.name, program.name] = word
            print(f"{word:8}{time.monotonic() - start:5.1f} s  {name}{': ' + reason if reason else ''}", flush=True)
            if word == "wrong":
                self.reasons.append(f"{name}: {reason}")

    said = 0.0

    def say_what_runs(self):
        now = time.monotonic()
        if now < self.said + EVERY:
            return
        self.said = now
        with self.lock:
            for name, (run, start) in sorted(self.running.items()):
                if now - start > EVERY:
                    print(f"...     {now - start:5.1f} s  {name} {run.step}", flush=True)

    def word(self, scenario: Scenario, program: Program) -> str:
        return self.words.get((scenario.role, scenario.name, program.name), "—")

    def text(self, scenarios: list[Scenario], programs: list[Program]) -> str:
        """For a terminal."""
        lines = []
        for role in "client", "server":
            columns = [program for program in programs if program.role == role]
            rows = [scenario for scenario in scenarios if scenario.role == role]
            if columns and rows:
                lines += ["", f"{role + 's':28}" + "".join(f"{program.name:>18}" for program in columns)]
                lines += [f"{row.name:28}" + "".join(f"{self.word(row, program):>18}" for program in columns)
                          for row in rows]
        return "\n".join(lines)

    def markdown(self) -> str:
        text = ""
        for role, title in ("client", "Clients: what the server does"), ("server", "Servers: what the client does"):
            columns = [program for program in PROGRAMS if program.role == role]
            names = " | ".join(f"`{program.name}`" for program in columns)
            text += f"\n## {title}\n\n| scenario | the peer | right | {names} |\n{'|---' * (3 + len(columns))}|\n"
            for row in SCENARIOS:
                if row.role == role:
                    words = " | ".join(self.word(row, program) for program in columns)
                    text += f"| `{row.name}` | {row.does} | {row.right} | {words} |\n"
        return text + "\n"


def picked(all: list, names: list[str], what: str) -> list:
    if unknown := set(names) - {one.name for one in all}:
        there_are = ", ".join(dict.fromkeys(one.name for one in all))
        sys.exit(f"ungracious: no {what} {', '.join(sorted(unknown))}; there are: {there_are}")
    return [one for one in all if not names or one.name in names]


def main():
    parser = argparse.ArgumentParser(prog="ci/ungracious/run")
    parser.add_argument("--only", action="append", default=[], metavar="PROGRAM", help="this program; may be repeated")
    parser.add_argument("--scenario", action="append", default=[], metavar="NAME", help="this scenario; may be repeated")
    parser.add_argument("--long", action="store_true", help="slow readers at full length: 15 MB at 75 KB/s, 200 s")
    parser.add_argument("--write", action="store_true", help="put the matrix into docs/ungracious.md")
    options = parser.parse_args()
    programs, scenarios = picked(PROGRAMS, options.only, "program"), picked(SCENARIOS, options.scenario, "scenario")
    if options.write and (options.only or options.scenario):
        parser.error("--write takes all programs and all scenarios")

    start, matrix = time.monotonic(), Matrix(scenarios, programs)
    with tempfile.TemporaryDirectory() as folder:
        matrix.run(Setting(pathlib.Path(folder), options.long, threading.Semaphore(2)))
    print(matrix.text(scenarios, programs))
    if options.write:
        docs.keep("docs/ungracious.md", START, END, matrix.markdown(), write=True)
    words = list(matrix.words.values())
    print(f"\nungracious: {len(words)} runs in {time.monotonic() - start:.0f} s: " +
          ", ".join(f"{words.count(word)} {word}" for word in ("ok", "wrong", "skipped")))
    if matrix.reasons:
        print("\n".join(["wrong:", *sorted(matrix.reasons)]), file=sys.stderr)
        sys.exit(1)


main()
