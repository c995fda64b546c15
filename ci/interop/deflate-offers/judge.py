"""A second reading of RFC 6455 §9.1 and RFC 7692 §7.1, by regular expressions: what is right, and how an answer differs."""
import re

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
BLANKS = r"[ \t]*"
VALUE = rf'{TOKEN}|"(?:[^"\\]|\\.)*"'
PARAMETER = rf"({TOKEN})(?:{BLANKS}(=){BLANKS}({VALUE}))?"
EXTENSION = rf"({TOKEN})((?:{BLANKS};{BLANKS}{PARAMETER})*)"
LIST = re.compile(rf"{BLANKS}(?:{EXTENSION}{BLANKS})?(?:,{BLANKS}(?:{EXTENSION}{BLANKS})?)*")

DEFLATE = "permessage-deflate"
SERVER_NO, CLIENT_NO = "server_no_context_takeover", "client_no_context_takeover"
SERVER_BITS, CLIENT_BITS = "server_max_window_bits", "client_max_window_bits"

Parameters = list[tuple[str, str | None]]


def parse(value: str) -> list[tuple[str, Parameters]] | None:
    """The extensions of a header line; None if it breaks the grammar."""
    # A character beyond ASCII is two bytes or more, none of them of a token.
    if not LIST.fullmatch(value):
        return None
    extensions = []
    for name, rest, *_ in re.findall(EXTENSION, value):
        parameters = []
        for key, _, text in re.findall(rf";{BLANKS}{PARAMETER}", rest):
            if text.startswith('"'):
                text = re.sub(r"\\(.)", r"\1", text[1:-1])
                if not re.fullmatch(TOKEN, text):
                    return None
            parameters.append((key, text or None))
        extensions.append((name, parameters))
    return extensions


def valid(parameters: Parameters, in_offer: bool) -> dict[str, str | None] | None:
    """§7: the parameters by name, if all are known, valid and not repeated."""
    found = dict(parameters)
    bits = r"8|9|1[0-5]"
    patterns = {SERVER_NO: "", CLIENT_NO: "", SERVER_BITS: bits, CLIENT_BITS: f"|{bits}" if in_offer else bits}
    good = all(key in patterns and re.fullmatch(patterns[key], text or "") for key, text in parameters)
    return found if good and len(found) == len(parameters) else None


def element(server_no: bool, client_no: bool, server_bits: int | None, client_bits: int | None) -> str:
    parts = [DEFLATE] + [SERVER_NO] * server_no + [CLIENT_NO] * client_no
    windows = (SERVER_BITS, server_bits), (CLIENT_BITS, client_bits)
    return "; ".join(parts + [f"{name}={bits}" for name, bits in windows if bits])


def offers_in(lines: list[str]) -> list[dict[str, str | None]] | None:
    """The valid offers of a request; None if it breaks the grammar. By policy a request whose lines are all empty has none."""
    # RFC 6455 §9.1: several lines are one list.
    extensions = parse(", ".join(lines))
    if extensions is None or any(parse(line) is None for line in lines) or not extensions and any(lines):
        return None
    offers = (valid(parameters, True) for name, parameters in extensions if name == DEFLATE)
    return [offer for offer in offers if offer is not None]


def answer(setting: dict[str, int], lines: list[str]) -> str:
    """What a server answers."""
    offers = offers_in(lines)
    if offers is None:
        return "400"
    ours, theirs = setting.get("send_window_bits", 15), setting.get("receive_window_bits", 15)
    for offer in offers:
        if theirs < 15 and CLIENT_BITS not in offer:
            continue
        return element(
            SERVER_NO in offer or "send_no_context_takeover" in setting,
            "receive_no_context_takeover" in setting,
            min(int(offer[SERVER_BITS]), ours) if SERVER_BITS in offer else None,
            min(int(offer[CLIENT_BITS] or 15), theirs) if theirs < 15 else None)
    return "none"


def verdict(offers: list[dict[str, str | None]], lines: list[str]) -> str:
    """What a client that made these offers takes a response for."""
    if not lines:
        return "none"
    extensions = parse(lines[0])
    if len(lines) > 1 or not extensions or len(extensions) > 1 or extensions[0][0] != DEFLATE:
        return "fail"
    agreed = valid(extensions[0][1], False)
    for offer in offers if agreed is not None else []:
        server, client = int(agreed.get(SERVER_BITS, 15)), int(agreed.get(CLIENT_BITS, 15))
        asked = SERVER_NO in offer and SERVER_NO not in agreed
        asked = asked or SERVER_BITS in offer and (SERVER_BITS not in agreed or server > int(offer[SERVER_BITS]))
        if asked or CLIENT_BITS in agreed and CLIENT_BITS not in offer:
            continue
        client = min(client, int(offer.get(CLIENT_BITS) or 15))
        return element(SERVER_NO in agreed, CLIENT_NO in agreed or CLIENT_NO in offer,
                       server if server < 15 else None, client if client < 15 else None)
    return "fail"


def right(row, also: dict[str, int]) -> str:
    """What `expect` must be, with these settings, too."""
    if row.role == "server":
        return answer(row.server_setting() | also, row.lines())
    return verdict(offers_in([row.setting]) or [], row.lines())


# How an answer relates to the right one. OTHER: another that is lawful. STRICT: it refuses what it should take, or fails where it
# should decline.
GRADES = SAME, OTHER, STRICT, WRONG = "same", "other", "strict", "wrong"


def grade(row, given: str, expect: str) -> str:
    """How what was given relates to what is right."""
    refused = given in ("fail", "closed", "silent") or given.isdigit()
    if row.role == "client":
        same = given == expect or given == "accepted" and expect not in ("fail", "none")
    else:
        same = sorted(given.split("; ")) == sorted(expect.split("; ")) or expect == "400" and given.startswith("4")
    if same:
        return SAME
    if row.is_policy() or is_another_choice(row, given, expect):
        return OTHER
    return STRICT if refused else WRONG


def is_another_choice(row, given: str, expect: str) -> bool:
    """Whether a server may answer so, too."""
    if row.role == "client" or expect == "400":
        return False
    if given == "none":
        # §5: it may decline.
        return True
    if not given.startswith(DEFLATE):
        # Another extension that was offered.
        return given.split(";")[0] in [name for name, _ in parse(", ".join(row.lines()))]
    # It may limit the client, or itself, in other ways than ours.
    return verdict(offers_in(row.lines()) or [], given.split("|")) != "fail"
