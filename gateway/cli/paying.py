"""A payer pays what was scanned; whatever becomes of the answer, nobody is told more than is known.

There is no idempotency key to repeat this with: a payer's consent is signed anew each time, for a scan of its own.
"""

from typing import assert_never

import click
import msgspec

from gateway.cli.asking import NotKnown, NotReached, leaves_open
from gateway.cli.shown import plain, plain_lines
from gateway.client import AnswerLost, GatewayError, ProblemAnswered, WalletBackend
from gateway.wire.money import Amount, PositiveAmount
from gateway.wire.payments import DEFAULT_WAIT_S, PayerFacts, Scan, StoreScan, WalletPayment


async def look(
    wallet: WalletBackend, code: str, payer: PayerFacts, amount: PositiveAmount | None
) -> Scan | StoreScan:
    """What the payer is shown.

    Raises:
        ClickException: the gateway did not answer; who only looked has paid nothing.
        GatewayError: it is nothing to pay by.
    """
    try:
        return await wallet.look(code, payer, amount)
    except AnswerLost:
        raise NotReached("the gateway did not answer, and nothing was paid") from None


async def pay(
    wallet: WalletBackend, code: str, payer: PayerFacts, amount: PositiveAmount | None, *, within_s: float
) -> WalletPayment:
    """Look at a code's order, or at its sticker with an amount, and agree to exactly what is shown.

    Raises:
        ClickException: an amount is missing or too much, or nobody knows whether it was paid.
        GatewayError: it was not.
    """
    seen, wait_s = await look(wallet, code, payer, amount), min(DEFAULT_WAIT_S, int(within_s))
    match seen:
        case Scan():
            if amount is not None:
                raise click.UsageError("--amount is for stickers; this order says its own")
            return await _pay_order(wallet, seen, payer, wait_s=wait_s)
        case StoreScan():
            if amount is None:
                raise click.UsageError(
                    f"{plain(seen.merchant_name)}'s sticker says no amount: add --amount 12.80"
                )
            return await _pay_store(wallet, seen, payer, amount, wait_s=wait_s)
        case _:
            assert_never(seen)


async def _pay_order(wallet: WalletBackend, seen: Scan, payer: PayerFacts, *, wait_s: int) -> WalletPayment:
    try:
        return await wallet.confirm(
            seen.payment_id,
            payer,
            payable=_agreed(seen.payable),
            scan_id=seen.id,
            quote=seen.quote,
            wait_s=wait_s,
        )
    except GatewayError as error:
        _raise_refusal(error)
        raise NotKnown(
            f"{_reason(error)}whether this was paid is not known: gateway wallet wait {seen.payment_id}"
        ) from None


async def _pay_store(
    wallet: WalletBackend, seen: StoreScan, payer: PayerFacts, amount: PositiveAmount, *, wait_s: int
) -> WalletPayment:
    assert seen.payable is not None, "an amount was given"
    try:
        return await wallet.pay_store(
            seen.id, payer, amount=amount, payable=_agreed(seen.payable), quote=seen.quote, wait_s=wait_s
        )
    except GatewayError as error:
        _raise_refusal(error)
        raise NotKnown(
            f"{_reason(error)}whether this was paid is not known; the shop's `gateway partner payments list` shows it, "
            "and another scan would pay again"
        ) from None


def _raise_refusal(error: GatewayError) -> None:
    if not leaves_open(error):
        raise error


def _reason(error: GatewayError) -> str:
    """What the gateway said, with its request's id, before it is said what that means."""
    return f"{plain_lines(str(error))}\n" if isinstance(error, ProblemAnswered) else ""


def _agreed(payable: Amount) -> PositiveAmount:
    """What is shown is what is signed."""
    return msgspec.convert(msgspec.to_builtins(payable), PositiveAmount)
