"""Runs the scenarios, at once: `main.py CLIENT [deep] [SCENARIO]...`. Prints a table, and fails if one of them finds something."""
import concurrent.futures
import pathlib
import sys
import tempfile
import time
import traceback

from parts import Wrong
from scenarios import SCENARIOS, Run, Scenario

COLUMNS = {"typed": "typed", "arrived": "arrived", "lost": "lost", "told": "told", "sent": "sent", "shown": "shown", "opened": "opened"}


def judge(scenario: Scenario, program: str, folder: pathlib.Path, deep: bool) -> tuple[Scenario, dict, str, float]:
    start, row, reason = time.monotonic(), {}, ""
    # Squid gives up root and must still reach its folder.
    folder.chmod(0o755)
    try:
        row = scenario.run(Run(program, folder, deep)) or {}
    except Wrong as wrong:
        reason = str(wrong)
    except Exception:
        reason = traceback.format_exc()
    return scenario, row, reason, time.monotonic() - start


def main():
    program, *names = sys.argv[1:]
    deep = "deep" in names
    names = [name for name in names if name != "deep"]
    if unknown := set(names) - {scenario.name for scenario in SCENARIOS}:
        sys.exit(f"reconnect: no scenario {', '.join(sorted(unknown))}; there are: {', '.join(one.name for one in SCENARIOS)}")
    chosen = [one for one in SCENARIOS if one.name in names or not names]
    start, wrong = time.monotonic(), []
    print(f"{'':24}" + "".join(f"{title:>8}" for title in COLUMNS.values()) + f"{'s':>7}")
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(len(chosen)) as pool:
        pathlib.Path(folder).chmod(0o755)
        waiting = []
        for scenario in chosen:
            own = pathlib.Path(folder) / scenario.name
            own.mkdir()
            waiting.append(pool.submit(judge, scenario, program, own, deep))
        for future in concurrent.futures.as_completed(waiting):
            scenario, row, reason, took = future.result()
            numbers = "".join(f"{row.get(key, '—'):>8}" for key in COLUMNS)
            print(f"{scenario.name:24}{numbers}{took:7.1f}  {'WRONG' if reason else row.get('what', '')}", flush=True)
            if reason:
                wrong.append(f"{scenario.name} ({scenario.does}): {reason}")
    print(f"reconnect: {len(chosen)} scenarios in {time.monotonic() - start:.0f} s, {len(wrong)} wrong. typed, arrived: the client's messages; "
          "lost: those that did not arrive, all of them among those told: what the client said may be lost; sent, shown: the server's.")
    if wrong:
        print("\n".join(["wrong:", *wrong]), file=sys.stderr)
        sys.exit(1)


main()
