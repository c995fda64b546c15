#!/usr/bin/env python3
"""What ci/autobahn asks of Autobahn's reports.

    autobahn.py spec server|client URL AGENT FOLDER quick|full    prints the specification for wstest
    autobahn.py verdict FOLDER/index.json AGENT quick|full        exits 1 where a verdict is below what is wanted
    autobahn.py port                                              prints a port that is free at this moment
"""
import collections
import json
import socket
import sys

# Groups 1 to 10, all that does not need compression: as many cases as the suite has there, so that none is lost unseen, and the three
# of them that judge nothing. A `*` is not anchored at its end: "1.*" also takes 10.*, 12.* and 13.*.
GROUPS = ["1.1.*", "1.2.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]
# Until compression is negotiated, "full" has the same cases; then 12.* and 13.* come in here.
WANTED = {"quick": (301, {"OK": 298, "INFORMATIONAL": 3}), "full": (301, {"OK": 298, "INFORMATIONAL": 3})}
CLOSING = {"OK", "INFORMATIONAL"}


def spec(role, url, agent, folder, extent):
    assert extent in WANTED
    common = {"outdir": folder, "cases": GROUPS, "exclude-cases": [], "exclude-agent-cases": {}}
    if role == "server":
        return {**common, "servers": [{"agent": agent, "url": url}]}
    return {**common, "url": url}


def verdict(index, agent, extent):
    """Prints counts and each bad case. Returns whether all is as wanted."""
    with open(index) as file:
        cases = json.load(file)[agent]
    wanted_cases, wanted = WANTED[extent]
    counts = collections.Counter(case["behavior"] for case in cases.values())
    closing = collections.Counter(case["behaviorClose"] for case in cases.values())
    show = lambda counter: ", ".join(f"{count} {name}" for name, count in sorted(counter.items(), key=lambda item: -item[1]))
    print(f"autobahn: {agent}: {len(cases)} cases: {show(counts)}; closing: {show(closing)}")
    bad = [
        f"  {number}: {case['behavior']}, closing {case['behaviorClose']}, code {case['remoteCloseCode']}"
        for number, case in sorted(cases.items(), key=lambda item: [int(part) for part in item[0].split(".")])
        if case["behavior"] not in wanted or case["behaviorClose"] not in CLOSING
    ]
    if bad:
        print("autobahn: below what is wanted:", *bad, sep="\n")
    if len(cases) != wanted_cases or dict(counts) != wanted:
        print(f"autobahn: wanted are {wanted_cases} cases: {show(wanted)}")
        return False
    return not bad


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main():
    match sys.argv[1:]:
        case ["spec", role, url, agent, folder, extent]:
            json.dump(spec(role, url, agent, folder, extent), sys.stdout, indent=2)
        case ["verdict", index, agent, extent]:
            sys.exit(0 if verdict(index, agent, extent) else 1)
        case ["port"]:
            print(free_port())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
