"""What ci/autobahn requires of Autobahn's reports.

    autobahn.py spec server|client CASES URL AGENT FOLDER    prints the specification for wstest
    autobahn.py verdict CASES FOLDER/index.json AGENT        exits 1 if a verdict is below what is expected

CASES: `plain`, those without compression; `short`, also those of its cases that have short messages; or `all`.
"""
import collections
import json
import pathlib
import sys

# Groups 1 to 10 do without compression. A `*` is not anchored at its end: "1.*" also takes 10.*, 12.* and 13.*.
PLAIN = ["1.1.*", "1.2.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]
# Compression: 12.* with five kinds of content, 13.* with seven sets of parameters. In each, 1 to 10 are 1000 messages of 16 bytes to 128 KiB,
# 11 to 18 such in fragments. The short ones are those up to 4 KiB, and 8 KiB in fragments of 256 bytes.
SETS = [f"12.{number}" for number in range(1, 6)] + [f"13.{number}" for number in range(1, 8)]
SHORT = [f"{group}.{number}" for group in SETS for number in (1, 2, 3, 4, 5, 11)]
CASES = {"plain": PLAIN, "short": PLAIN + SHORT, "all": ["*"]}
# As many as the suite has there, so that none is lost unnoticed. Three judge nothing.
COUNTS = {"plain": 301, "short": 301 + len(SHORT), "all": 301 + 18 * len(SETS)}
INFORMATIONAL = 3


def spec(role, chosen, url, agent, folder):
    """For the role that we have."""
    where = {"servers": [{"agent": agent, "url": url}]} if role == "server" else {"url": url}
    cases = CASES[chosen]
    print(json.dumps({"outdir": folder, "cases": cases, "exclude-cases": [], "exclude-agent-cases": {}, **where}, indent=2))


def verdict(chosen, index, agent):
    """Prints counts and each bad case. Fails unless all are as expected."""
    wanted = {"OK": COUNTS[chosen] - INFORMATIONAL, "INFORMATIONAL": INFORMATIONAL}
    cases = json.loads(pathlib.Path(index).read_text())[agent]
    counts = collections.Counter(case["behavior"] for case in cases.values())
    closing = collections.Counter(case["behaviorClose"] for case in cases.values())
    show = lambda counter: ", ".join(f"{count} {name}" for name, count in sorted(counter.items(), key=lambda item: -item[1]))
    print(f"autobahn: {agent}: {len(cases)} cases: {show(counts)}; closing: {show(closing)}")
    bad = [
        f"  {number}: {case['behavior']}, closing {case['behaviorClose']}, code {case['remoteCloseCode']}"
        for number, case in sorted(cases.items(), key=lambda item: [int(part) for part in item[0].split(".")])
        if not {case["behavior"], case["behaviorClose"]} <= wanted.keys()
    ]
    if bad:
        print("autobahn: below what is expected:", *bad, sep="\n")
    if counts != wanted:
        print(f"autobahn: expected are {show(wanted)}")
    sys.exit(bool(bad) or counts != wanted)


match sys.argv[1:]:
    case ["spec", *rest]:
        spec(*rest)
    case ["verdict", *rest]:
        verdict(*rest)
    case _:
        sys.exit(__doc__)
