"""After the story: the sandbox goes on, and three lines to try it with."""

import asyncio
import os
from pathlib import Path

from gateway.client import Partner
from gateway.demo.sandbox import Stage
from gateway.demo.story import Ending

# Tokens live ten minutes; the file that curl reads is written anew long before.
_RENEW_EVERY_S = 60.0
_QUOTE = '{"amount": {"amount_minor": 25600, "currency": "CNY"}}'
_ORDER = '{"amount": {"amount_minor": 23000, "currency": "CNY"}, "merchant_order_no": "CURL-1"}'


async def serve(stage: Stage, ending: Ending) -> None:
    """Until somebody ends the demo; what the consumer receives meanwhile is told."""
    headers = stage.folder / "headers"
    await _write_headers(headers, ending.office)
    say = stage.narrator
    say.plain("\nThe sandbox goes on until Ctrl-C. Lines that work as they stand, as the supermarket:")
    say.plain("\nwhat was paid; what a customer would get; an order's code to scan\n")
    for line in lines(stage.gateway.url, headers):
        say.command(line)
    say.plain(f"\noperators: {stage.back_office.url}   wallet core: {stage.core.url}/sandbox/ledger")
    ending.inbox.aloud = True
    while True:
        await asyncio.sleep(_RENEW_EVERY_S)
        stage.processes.check()
        await _write_headers(headers, ending.office)


def lines(url: str, headers: Path) -> tuple[str, ...]:
    """Commands for a shell; curl reads the token from a file that is kept fresh."""
    curl = f"curl -s -H @{headers}"
    return (
        f"{curl} '{url}/v1/payments?limit=5'",
        f"{curl} -d '{_QUOTE}' {url}/v1/offers/quote",
        f"{curl} -H 'Idempotency-Key: curl-1' -d '{_ORDER}' {url}/v1/payments",
    )


async def _write_headers(file: Path, office: Partner) -> None:
    """Readable by its owner alone: whoever has the token is the supermarket."""
    text = f"Authorization: Bearer {await office.token()}\nContent-Type: application/json\n"
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(text)
    fresh.replace(file)
