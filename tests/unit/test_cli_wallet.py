"""A payer's command on a bad day: whatever becomes of the answer, it never says more than it knows."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from gateway.api import payment_examples
from gateway.cli import main
from gateway.cli.identity import IdentityFile
from gateway.wire.money import Amount
from tests.scripted import Lost, Reply, scripted

_ID = "01939e7c5b7a7c3f9d2e4a6b00000007"
_AMOUNT = msgspec.to_builtins(Amount(amount_minor=720, currency="CNY"))
_SEEN: dict[str, Any] = {
    "id": f"scn_{_ID}",
    "merchant_name": "Tea",
    "store_name": None,
    "order": _AMOUNT,
    "discount": {**_AMOUNT, "amount_minor": 0},
    "payable": _AMOUNT,
    "offers": [],
    "quote": "q",
}
ORDER = Reply(
    200,
    {
        **_SEEN,
        "kind": "order_code",
        "payment_id": f"pay_{_ID}",
        "description": None,
        "expires_at": "2026-01-05T01:30:00Z",
    },
)
STICKER = Reply(200, {**_SEEN, "kind": "store_code", "currency": "CNY"})
[_IN_DOUBT] = payment_examples.CONFIRMED[202].values()
IN_DOUBT = Reply(202, msgspec.to_builtins(_IN_DOUBT))
BROKE = Reply(
    500,
    {
        "type": "about:blank",
        "title": "Internal error",
        "status": 500,
        "code": "internal_error",
        "detail": "Something broke on our side",
        "request_id": "req_7",
        "errors": [],
    },
)


async def scanned(folder: Path, *words: str, script: tuple[Reply | Lost, ...], page: str = "") -> Result:
    async with scripted(*script) as server:
        file = IdentityFile.make(folder / "wallet.json", url=server.url)
        file.keep(client_id="cli_1", wallet_issuer="bank")
        shown = server.url + page if page else "a code"
        typed = ["wallet", "scan", "lan", shown, "--pay", *words, "--as", str(file.path)]
        runner = CliRunner(env={"GATEWAY_RETRY_FOR_S": "0"})
        return await asyncio.to_thread(runner.invoke, main, typed)


@pytest.mark.parametrize(
    ("words", "script", "way_on"),
    [
        ((), (ORDER, Lost()), f"gateway wallet wait pay_{_ID}"),
        (("--amount", "7.20"), (STICKER, Lost()), "another scan would pay again"),
        ((), (ORDER, IN_DOUBT, Lost()), f"gateway wallet wait pay_{_ID}"),
        ((), (ORDER, BROKE), f"gateway wallet wait pay_{_ID}"),
        (("--amount", "7.20"), (STICKER, BROKE), "another scan would pay again"),
    ],
    ids=["order", "sticker", "gone while it waits", "order that broke", "sticker that broke"],
)
async def test_a_lost_answer_is_no_payment_and_no_refusal(
    tmp_path: Path, words: tuple[str, ...], script: tuple[Reply | Lost, ...], way_on: str
) -> None:
    ended = await scanned(tmp_path, *words, script=script)
    assert (ended.exit_code, way_on in ended.stderr) == (5, True), ended.output
    assert "nothing happened" not in ended.output


@pytest.mark.parametrize("page", ["", "/checkout/abc"], ids=["code", "page"])
async def test_who_never_saw_what_was_scanned_has_paid_nothing(tmp_path: Path, page: str) -> None:
    ended = await scanned(tmp_path, script=(Lost(),), page=page)
    assert (ended.exit_code, "nothing was paid" in ended.stderr) == (4, True), ended.output
