"""The scenarios, as they are added by the modules that have them."""
import dataclasses
from collections.abc import Callable

from programs import Program


class Skip(Exception):
    """This machine cannot do it."""


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    role: str
    does: str
    right: str
    seconds: float
    applies: Callable[[Program], bool]
    run: Callable


SCENARIOS: list[Scenario] = []


def scenario(role: str, does: str, right: str, seconds: float = 1, applies=lambda program: True, name: str = ""):
    """Adds a function as a scenario of its name: what the peer does, and the right outcome. `seconds`: about how long it takes;
    what takes long starts first. `applies`: to which programs."""
    def add(run):
        SCENARIOS.append(Scenario(name or run.__name__, role, does, right, seconds, applies, run))
        return run
    return add


def client(*arguments, **options):
    return scenario("client", *arguments, **options)


def server(*arguments, **options):
    return scenario("server", *arguments, **options)


def in_tls(program: Program) -> bool:
    return program.tls


def with_lines(program: Program) -> bool:
    return program.lines


def with_options(program: Program) -> bool:
    return program.options


def with_addresses(program: Program) -> bool:
    return not program.names_only
