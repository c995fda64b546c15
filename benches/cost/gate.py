#!/usr/bin/env python3
"""gate.py FIGURES STD CORE [--write]: compares callgrind's dumps in two folders with the committed figures. `ci/bench` calls it."""
import pathlib
import platform
import subprocess
import sys

from dumps import counted

AT_MOST = 3.0  # percent
# What a cell may cost at most, by the end of its name, the longest that fits: the end of the other's name, times that, and instructions more.
# Where most messages lie across two reads, each of their parts is an event that Buffered keeps.
PROMISES = {
    ", on Buffered": (", by hand", 1.25, 0),
    ", in reads of 1 460, 1024, on Buffered": (", in reads of 1 460, 1024, by hand", 1.35, 0),
    # A loop in Rust has the call inlined; C pays for the call and for its checks of pointers and lengths, and gets its event in memory.
    ", receive, 16, in C": (", receive, 16, in Rust", 1, 45),
    ", send, 16, in C": (", send, 16, in Rust", 1, 30),
}


def made_with() -> str:
    """What the counts depend on besides the code: the compiler, and how glibc and the code choose for the CPU. (AVX-512 is hidden.)"""
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    avx2 = "avx2" in pathlib.Path("/proc/cpuinfo").read_text().split()
    return f"{rustc}, {' '.join(platform.libc_ver())}, {'AVX2' if avx2 else 'no AVX2'}"


def read(path: pathlib.Path) -> tuple[str, dict[str, list[float]]]:
    if not path.exists():
        return "", {}
    head, _, *lines = path.read_text().splitlines()
    rows = (line.split("\t") for line in lines)
    return head.removeprefix("# Made with "), {name: [float(figure) for figure in figures] for name, *figures in rows}


def write(path: pathlib.Path, made: str, now: dict[str, list[float]]) -> None:
    rows = "".join(f"{name}\t{std:.1f}\t{core:.1f}\n" for name, (std, core) in now.items())
    path.write_text(f"# Made with {made}\nper message or call, bytes of payload\tstd\twithout\n{rows}")


def broken(now: dict[str, list[float]]) -> list[str]:
    """The cells that cost more than is promised."""
    found = []
    unmet = dict.fromkeys(PROMISES)
    for name, costs in now.items():
        end = max((end for end in PROMISES if name.endswith(end)), key=len, default=None)
        if end:
            unmet.pop(end, None)
            other, times, more = PROMISES[end]
            least = now[name.removesuffix(end) + other]
            found += [name] if any(cost > times * base + more for cost, base in zip(costs, least)) else []
    if unmet:
        sys.exit(f"bench: no cell{next(iter(unmet))}")
    return found


def difference(committed: float, now: float) -> float:
    return 100 * (now - committed) / committed


def main() -> None:
    figures, *folders = sys.argv[1:4]
    std, core = map(counted, folders)
    if not std or std.keys() != core.keys():
        sys.exit("bench: callgrind counted nothing, or not the same cells twice")
    now, made = {name: [std[name], core[name]] for name in std}, made_with()
    path = pathlib.Path(figures)
    before, committed = read(path)

    print(f"{'instructions':<48} {'with std: was':>14} {'now':>11} {'%':>6} {'without: was':>14} {'now':>11} {'%':>6}")
    apart = []
    for name, pair in now.items():
        line = f"{name:<48}"
        for was, is_now in zip(committed.get(name, [None, None]), pair):
            percent = difference(was, is_now) if was else float("nan")
            apart += [name] if not abs(percent) <= AT_MOST else []
            line += f" {was or float('nan'):>14.1f} {is_now:>11.1f} {percent:>+6.1f}"
        print(line)
    apart += [f"{name} (no longer counted)" for name in committed if name not in now]

    if too_much := broken(now):
        sys.exit("bench: more than is promised (PROMISES in benches/cost/gate.py):" + "".join(f"\n  {name}" for name in too_much))
    if sys.argv[4:] == ["--write"]:
        write(path, made, now)
        print(f"bench: wrote {figures}")
    elif not apart:
        print(f"bench: {len(now)} figures, with std and without: all within {AT_MOST:.0f} % of the committed ones")
    elif before != made:
        print(f"bench: NOT JUDGED: the committed figures are of {before}; these are of {made}")
    else:
        names = "".join(f"\n  {name}" for name in dict.fromkeys(apart))
        sys.exit(
            f"bench: more than {AT_MOST:.0f} % from the committed figures, up or down:{names}\n"
            "If it is better, or worse for a reason that the commit states, renew them: ci/bench --write"
        )


main()
