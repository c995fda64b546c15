"""The clients in Python: `clients.py NAME PORT`. Each line of the standard input is an object of JSON: a row's `id`, and the
`offers`, a list of objects. Prints the id, a tab and `accepted`, `none` or `fail`, another tab and the reason."""
import asyncio
import json
import sys


def bits_of(offer: dict[str, str | None], name: str):
    """As the constructors of `websockets` want it: None without, True without a value."""
    return None if name not in offer else int(offer[name]) if offer[name] else True


async def websockets(url: str, offers: list[dict[str, str | None]]) -> tuple[str, str]:
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake
    from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

    factories = [ClientPerMessageDeflateFactory(
        server_no_context_takeover="server_no_context_takeover" in offer,
        client_no_context_takeover="client_no_context_takeover" in offer,
        server_max_window_bits=bits_of(offer, "server_max_window_bits"),
        client_max_window_bits=bits_of(offer, "client_max_window_bits")) for offer in offers]
    try:
        ws = await connect(url, compression=None, extensions=factories, proxy=None, ping_interval=None)
    except InvalidHandshake as error:
        return "fail", str(error.__cause__ or error)
    used = ws.protocol.extensions
    ws.transport.abort()
    return ("accepted" if used else "none"), str(used)


async def aiohttp(url: str, offers: list[dict[str, str | None]]) -> tuple[str, str]:
    from aiohttp import ClientError, ClientSession

    bits = int(offers[0].get("server_max_window_bits") or 15)
    async with ClientSession() as session:
        try:
            ws = await session.ws_connect(url, compress=bits)
        except (ClientError, ValueError) as error:
            return "fail", str(error)
        used = ws.compress
        await ws.close()
        return ("accepted" if used else "none"), str(used)


async def main():
    connect = {"websockets": websockets, "aiohttp": aiohttp}[sys.argv[1]]
    for line in sys.stdin:
        case = json.loads(line)
        verdict, reason = await asyncio.wait_for(connect(f"ws://127.0.0.1:{sys.argv[2]}/{case['id']}", case["offers"]), 20)
        print(case["id"], verdict, " ".join(reason.split()), sep="\t", flush=True)


asyncio.run(main())
