"""Compares the C library's ABI with the snapshot capi/abi.txt: exported symbols, prototypes, layouts of structs, values of constants.
Called by ci/header.

Fails if they differ, or if the shared library exports anything but the functions of the header. With --write it rewrites the
snapshot, but refuses a change that breaks callers unless SANSOCKET_ABI_VERSION was raised with it. The top of the snapshot says
which changes those are.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from docs import ROOT, header, one_line, options, prototypes

SNAPSHOT = ROOT / "capi/abi.txt"
RULES = """\
# The ABI of libsansocket on a 64-bit target. `ci/header` compares, `ci/header --write` refreshes.
#
# SANSOCKET_ABI_VERSION must be raised if a program that was compiled with the old header would break with the new library:
# - a line of this file goes away or changes: a function, a prototype, the size, alignment or a field of a struct, a constant;
# - a field, a number or an argument gets another meaning, which no line shows.
# It stays if such a program works as before, and the new lines are only written:
# - a function, a constant, a result, error, event, option or struct is added;
# - a new field takes space that was `reserved` (callers had to leave it 0, so 0 has to mean what it did before).
# The functions that initialise something compare the number, and the marks in initialised structs hold it. Raising it is an entry in
# CHANGELOG.md that says "ABI".
"""


def fail(message: str) -> None:
    sys.exit(f"header: {message}")


def run(*command: str, **how) -> str:
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **how).stdout


def exported() -> set[str]:
    """What the shared library exports."""
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    run("cargo", "build", "--quiet", "--release", "--manifest-path", str(ROOT / "capi/Cargo.toml"), "--target-dir", str(target))
    lines = run("nm", "--dynamic", "--defined-only", f"{target}/release/libsansocket.so").splitlines()
    return {line.split()[-1] for line in lines}


def snapshot(text: str) -> tuple[list[str], set[str]]:
    """The lines that the header gives, and the names of its functions."""
    functions = prototypes(text)
    structs = re.findall(r"^typedef struct (sansocket\w*) \{(.*?)^\}", text, re.M | re.S)
    constants = re.findall(r"^#define (SANSOCKET_\w+) (?:[\dux]+l*|\(\(sansocket_result\)\d+\))$", text, re.M) + re.findall(r"^\s+(SANSOCKET_\w+) = \d+", text, re.M)
    constants = [name for name in constants if not name.startswith("SANSOCKET_VERSION_")]
    if min(len(functions) / 60, len(structs) / 15, len(constants) / 150) < 1:
        fail(f"found only {len(functions)} functions, {len(structs)} structs, {len(constants)} constants in the header")

    # The compiler knows the rest.
    program = ["#include <stdio.h>", "#include <stddef.h>", '#include "sansocket_socketio.h"', "int main(void) {"]
    for name, body in structs:
        program.append(f'struct place_of_{name} {{ char first; {name} it; }};')
        program.append(f'printf("struct {name} size %zu align %zu\\n", sizeof({name}), offsetof(struct place_of_{name}, it));')
        for field in re.findall(r"(\w+)(?:\[\w+\])?;", body):
            size = f"sizeof((({name} *)0)->{field})"
            program.append(f'printf("field {name}.{field} offset %zu size %zu\\n", offsetof({name}, {field}), {size});')
    program += [f'printf("constant {name} %llu\\n", (unsigned long long)({name}));' for name in constants]
    with tempfile.TemporaryDirectory() as work:
        source = pathlib.Path(work, "layout.c")
        source.write_text("\n".join(program + ["return 0; }"]))
        run("cc", "-std=c11", "-I", str(ROOT / "include"), str(source), "-o", f"{work}/layout")
        layout = run(f"{work}/layout").splitlines()
    types = [f"type {one_line(line)}" for line in re.findall(r"^typedef (?!struct \w+ \{)([^;{]+);", text, re.M)]
    lines = types + layout + [f"function {prototype}" for prototype in functions.values()]
    return list(dict.fromkeys(lines)), set(functions)


def version(lines: list[str]) -> str:
    return next(line.split()[-1] for line in lines if line.startswith("constant SANSOCKET_ABI_VERSION "))


def main() -> None:
    write = options(__doc__, "--write")
    now, functions = snapshot(header() + header("sansocket_session.h") + header("sansocket_socketio.h"))
    if exported() != functions:
        fail(f"the library's exports are not the header's functions: {sorted(exported() ^ functions)}")
    before = [line for line in SNAPSHOT.read_text().splitlines() if not line.startswith("#")] if SNAPSHOT.exists() else []
    # Reserved space may be used, or shrink.
    broken = [line for line in before if line not in now and not re.match(r"field \w+\.reserved", line)]
    added = [line for line in now if line not in before]
    if broken and version(before) == version(now):
        print(*[f"- {line}" for line in broken], *[f"+ {line}" for line in added], sep="\n", file=sys.stderr)
        fail(f"this breaks callers, and SANSOCKET_ABI_VERSION is still {version(now)}")
    if write:
        SNAPSHOT.write_text(RULES + "\n".join(now) + "\n")
    elif now != before:
        print(*[f"+ {line}" for line in added], sep="\n", file=sys.stderr)
        fail("the snapshot is out of date: ci/header --write")
    print(f"header: ABI version {version(now)}, {len(functions)} functions, {len(now)} lines; nothing else is exported")


main()
