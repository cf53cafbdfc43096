"""After the story: the sandbox goes on, with lines to try it with and what a till needs to be paid."""

import asyncio
import os
from pathlib import Path

from gateway.demo.paying import LAN
from gateway.demo.sandbox import Stage
from gateway.demo.showroom.opening import open_showroom
from gateway.demo.story import Cast

# Tokens live ten minutes; the files are written anew long before. A payment code is good for one payment, so
# whoever has used one reads the next a moment later.
_RENEW_EVERY_S = 5.0
_HEADERS, _TILL = "headers", "till"
_QUOTE = '{"amount": {"amount_minor": 25600, "currency": "CNY"}}'
_ORDER = '{"amount": {"amount_minor": 23000, "currency": "CNY"}, "merchant_order_no": "CURL-1"}'


async def serve(stage: Stage, cast: Cast) -> None:
    """Until somebody ends the demo; what the consumer receives meanwhile is told."""
    await _write(stage, cast)
    async with open_showroom(stage, cast) as page:
        _invite(stage, page)
        cast.inbox.aloud = True
        while True:
            await asyncio.sleep(_RENEW_EVERY_S)
            stage.processes.check()
            await _write(stage, cast)


def _invite(stage: Stage, page: str) -> None:
    say = stage.narrator
    say.plain("\nA phone, a till, a shop and the books, all live, side by side:\n")
    say.command(page)
    say.plain("\nThe sandbox goes on until Ctrl-C. Lines that work as they stand, as the supermarket:")
    say.plain("\nwhat was paid; what a customer would get; an order's code to scan\n")
    for line in lines(stage.gateway.url, stage.folder / _HEADERS):
        say.command(line)
    say.plain(
        "\nThe till: this sets $URL, $CORE, $TOKEN and $CODE for the payment in the README; again for the next\n"
    )
    say.command(f". {stage.folder / _TILL}")
    say.plain(f"\noperators: {stage.back_office.url}   wallet core: {stage.core.url}/sandbox/ledger")


def lines(url: str, headers: Path) -> tuple[str, ...]:
    """Commands for a shell; curl reads the token from a file that is kept fresh."""
    curl = f"curl -s -H @{headers}"
    return (
        f"{curl} '{url}/v1/payments?limit=5'",
        f"{curl} -d '{_QUOTE}' {url}/v1/offers/quote",
        f"{curl} -H 'Idempotency-Key: curl-1' -d '{_ORDER}' {url}/v1/payments",
    )


async def _write(stage: Stage, cast: Cast) -> None:
    """Tokens as they are now, and a payment code that the till's scanner has just read."""
    office, till = await cast.shop.office.token(), await cast.till.token()
    issued = await cast.bank.wallet.payment_code(LAN)
    settings = {"URL": stage.gateway.url, "CORE": stage.core.url, "TOKEN": till, "CODE": issued.code}
    _keep(stage.folder / _HEADERS, f"Authorization: Bearer {office}\nContent-Type: application/json\n")
    _keep(stage.folder / _TILL, "".join(f"{name}={value}\n" for name, value in settings.items()))


def _keep(file: Path, text: str) -> None:
    """Readable by its owner alone: whoever has the token is the supermarket."""
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(text)
    fresh.replace(file)
