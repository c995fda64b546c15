"""What ci/autobahn requires of Autobahn's reports.

    autobahn.py spec server|client URL AGENT FOLDER    prints the specification for wstest
    autobahn.py verdict FOLDER/index.json AGENT        exits 1 if a verdict is below what is expected
"""
import collections
import json
import pathlib
import sys

# Groups 1 to 10, all that does not need compression: as many cases as the suite has there, so that none is lost unnoticed, with the three
# that judge nothing. A `*` is not anchored at its end: "1.*" also takes 10.*, 12.* and 13.*.
GROUPS = ["1.1.*", "1.2.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]
WANTED = {"OK": 298, "INFORMATIONAL": 3}


def spec(role, url, agent, folder):
    """For the role that we have."""
    where = {"servers": [{"agent": agent, "url": url}]} if role == "server" else {"url": url}
    print(json.dumps({"outdir": folder, "cases": GROUPS, "exclude-cases": [], "exclude-agent-cases": {}, **where}, indent=2))


def verdict(index, agent):
    """Prints counts and each bad case. Fails unless all are as expected."""
    cases = json.loads(pathlib.Path(index).read_text())[agent]
    counts = collections.Counter(case["behavior"] for case in cases.values())
    closing = collections.Counter(case["behaviorClose"] for case in cases.values())
    show = lambda counter: ", ".join(f"{count} {name}" for name, count in sorted(counter.items(), key=lambda item: -item[1]))
    print(f"autobahn: {agent}: {len(cases)} cases: {show(counts)}; closing: {show(closing)}")
    bad = [
        f"  {number}: {case['behavior']}, closing {case['behaviorClose']}, code {case['remoteCloseCode']}"
        for number, case in sorted(cases.items(), key=lambda item: [int(part) for part in item[0].split(".")])
        if not {case["behavior"], case["behaviorClose"]} <= WANTED.keys()
    ]
    if bad:
        print("autobahn: below what is expected:", *bad, sep="\n")
    if counts != WANTED:
        print(f"autobahn: expected are {show(WANTED)}")
    sys.exit(bool(bad) or counts != WANTED)


match sys.argv[1:]:
    case ["spec", *rest]:
        spec(*rest)
    case ["verdict", *rest]:
        verdict(*rest)
    case _:
        sys.exit(__doc__)
