"""Runs the server on lwIP against its peers, in a network namespace of its own: see ci/lwip/run."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "ungracious")]

# They add their scenarios.
import clients  # noqa: F401, I001
import client_ends  # noqa: F401
import client_system  # noqa: F401
import client_talk  # noqa: F401
import server_ends  # noqa: F401
import server_system  # noqa: F401
import server_talk  # noqa: F401
from link import LwipClientRun, LwipServerRun
from peers import Wrong
from programs import ROOT, Program
from registry import SCENARIOS, Scenario
from runs import Setting

WORKERS = 32
BUILDS = ROOT / "ffi-examples/build/lwip"
NAMES = {"server": "echo_server", "client": "client"}
# What these programs have not: names, IPv6, subprotocols, signals that close, a descriptor for each connection.
NOT_OURS = re.compile("ipv6|second_address|subprotocol|sig|no_descriptors")
# A library to be preloaded; pbufs that come to an end.
NOT_SANITIZED = re.compile("interrupted_calls|one_byte_segments")
LONG = 30


def pairs(only: list[str], long: bool) -> list[tuple[Scenario, Program]]:
    found = []
    for scenario in SCENARIOS:
        for build in getattr(scenario.run, "builds", ("plain", "sanitize")):
            program = Program(build, scenario.role, BUILDS / build / NAMES[scenario.role])
            is_ours = scenario.applies(program) and not NOT_OURS.match(scenario.name)
            if build != "plain" and NOT_SANITIZED.match(scenario.name) or not is_ours:
                continue
            if scenario.name in only or not only and (long or scenario.seconds < LONG):
                found.append((scenario, program))
    return sorted(found, key=lambda pair: -pair[0].seconds)


def judge(scenario: Scenario, program: Program, setting: Setting) -> str:
    """Runs it. Returns what is wrong."""
    start, wrong = time.monotonic(), ""
    try:
        with (LwipClientRun if program.role == "client" else LwipServerRun)(program, setting) as run:
            scenario.run(run)
            run.ends_well()
    except (Wrong, OSError) as reason:
        wrong = f"{type(reason).__name__}: {reason}"
    except Exception:
        wrong = traceback.format_exc()
    if wrong:
        print(f"lwip: {scenario.role}, {program.name}: {scenario.name}: {time.monotonic() - start:.1f} s: {wrong}", flush=True)
    return wrong


def main():
    parser = argparse.ArgumentParser(prog="ci/lwip/run")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this scenario; may be repeated")
    parser.add_argument("--long", action="store_true", help="also those that take more than half a minute")
    options = parser.parse_args()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # Python's `websockets` reads 16 fragments ahead while it sends a message: the rest of that has to be in the system's hands.
    pathlib.Path("/proc/sys/net/ipv4/tcp_wmem").write_text("4096 2097152 4194304")
    # Freed memory that is kept apart, to see whether it is used, is no growth.
    os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=1:exitcode=99"
    os.environ["UBSAN_OPTIONS"] = "exitcode=99"
    start, todo = time.monotonic(), pairs(options.only, options.long)
    if unknown := set(options.only) - {scenario.name for scenario, _ in todo}:
        sys.exit(f"lwip: no scenario {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        setting = Setting(pathlib.Path(folder), options.long, threading.Semaphore(2))
        wrong = [one for one in pool.map(lambda pair: judge(*pair, setting), todo) if one]
    print(f"lwip: {len(todo)} runs in {time.monotonic() - start:.0f} s, {len(wrong)} wrong")
    sys.stdout.flush()
    os._exit(1 if wrong else 0)


main()
