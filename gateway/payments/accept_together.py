"""What nearly all payments at tills come to, accepted for many of them in one statement.

Nobody waits for company: what gathers while others are being accepted goes next, together. Read first, with nothing
locked: who is paid and whose the codes are. Then one statement claims the keys, holds the callers live, uses the codes
up, reserves offers and payers' days, stores payments and transfers, and is a transaction by itself: all of it or
nothing. Whatever is not plain is left to `pay.accept`, alone, which has a word for every reason; so is an item that
stands in the others' way, and they try again without it.
"""

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import asyncpg
import structlog

from gateway.payments import accept_together_sql as sql
from gateway.payments.accepted import Accepted, Ask, Memory
from gateway.payments.candidate import Candidate
from gateway.payments.errors import PaymentsError
from gateway.payments.in_the_way import TRIES, InTheWay
from gateway.payments.needs import Needs
from gateway.payments.orders import refuse
from gateway.payments.pay import cart_of, draw_up
from gateway.payments.payment import Payment, State
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection
from gateway.wallet.errors import WalletError
from merchants.errors import MerchantsError
from merchants.merchant import context_of
from merchants.offers import quote as quotes
from merchants.offers import together as offers
from qr.codes import CodeKind
from qr.errors import QrError
from qr.sql import payer_of

# What the statement gives up for by itself, undone: a lock that is held for long, a deadlock, its time.
_DID_NOTHING: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
    asyncpg.QueryCanceledError,
)

log = structlog.get_logger()


class NothingStored(Exception):
    """What was asked for has certainly not been begun; its cause is why."""


def may_go_together(needs: Needs, ask: Ask) -> bool:
    """Whether it looks plain: a customer's code, taken at once, and no rule that counts payments one by one."""
    order = ask.order
    return order.code is not None and order.capture == "automatic" and not needs.velocity.rules


async def accept_together(needs: Needs, asks: Sequence[Ask]) -> list[Accepted | None]:
    """Accept several orders; None for one that has to be accepted alone, of which nothing is stored.

    Raises:
        NothingStored: it failed before anything could be stored, by its cause.
    """
    async with AsyncExitStack() as stack:
        try:
            conn = await stack.enter_async_context(needs.pool.acquire())
            candidates = await _candidates(needs, conn, asks)
        except Exception as error:
            raise NothingStored from error
        for _ in range(TRIES):
            if not candidates:
                break
            try:
                stored = await sql.accept(conn, candidates, look_after_s=needs.patience.query_after_s)
            except InTheWay as error:
                candidates = [one for one in candidates if one.ask.order.payment_id not in error.payment_ids]
            except _DID_NOTHING as error:
                # Alone all go at once, and the one that waits for a lock is in nobody's way.
                log.warning("not_accepted_together", error=type(error).__name__)
                break
            else:
                accepted = {one.ask.order.payment_id: _accepted(one, stored) for one in candidates}
                return [accepted.get(ask.order.payment_id) for ask in asks]
    return [None for _ in asks]


async def _candidates(needs: Needs, conn: Connection, asks: Sequence[Ask]) -> list[Candidate]:
    """The plain ones, no two of which want the same key, order, code or payer's day."""
    hashes = [_hashes(needs, ask) for ask in asks]
    found = {row["place"] - 1: row for row in await sql.read(conn, asks, hashes)}
    taken: set[object] = set()
    candidates = []
    for place, row in found.items():
        one = await _candidate(needs, conn, asks[place], row)
        if one is not None and taken.isdisjoint(wanted := _wants(one)):
            taken |= wanted
            candidates.append(one)
    return candidates


def _hashes(needs: Needs, ask: Ask) -> tuple[bytes, bytes]:
    """What the code may be stored as; one that cannot be read is found nowhere."""
    assert ask.order.code is not None
    try:
        hashes = needs.payment_codes.hashes(needs.payment_codes.read(ask.order.code))
    except QrError:
        return b"", b""
    # A code's minute sees the newest two master keys at most.
    return hashes[0], hashes[-1] if len(hashes) == 1 else hashes[1]


async def _candidate(needs: Needs, conn: Connection, ask: Ask, row: sql.Row) -> Candidate | None:
    order, payer = ask.order, payer_of(row)
    try:
        place = context_of(
            row, partner_id=order.partner_id, terminal_id=order.terminal_id, store_id=order.store_id
        )
        refuse(order.amount, place)
        needs.cores.check_available(payer.issuer)
    except (MerchantsError, PaymentsError, WalletError):
        return None
    live = await needs.catalog.live(conn, order.partner_id, version=place.offers_version)
    quote = quotes.best(live, cart_of(order, place, code_kind=CodeKind.PAYMENT), payer, ask.now)
    if not offers.may_go_together(live, quote):
        return None
    drawn = draw_up(
        needs, order, place, quote, payer=payer, code_kind=CodeKind.PAYMENT, hit=None, now=ask.now
    )
    if drawn.values["state"] is not State.PROCESSING:
        return None
    return Candidate(ask=ask, place=place, payer=payer, code_hash=row["code_hash"], quote=quote, drawn=drawn)


def _wants(one: Candidate) -> set[object]:
    ask, order = one.ask, one.ask.order
    return {
        ("key", ask.key_tenant, ask.key_operation, ask.key),
        ("order", order.merchant_id, order.merchant_order_no),
        ("code", one.code_hash),
        ("payer", one.payer.issuer, one.payer.id),
    }


def _accepted(one: Candidate, stored: sql.Stored) -> Accepted:
    values = one.drawn.values
    payment = Payment(
        **values,
        sequence=1,
        cancel_accepted=False,
        refunded_order_minor=0,
        refunded_paid_minor=0,
        refunded_legs=(),
        created_at=stored.at,
        updated_at=stored.at,
        expires_at=None,
    )
    instruction = transfers.fresh(
        one.drawn.transfer, partner_id=payment.partner_id, owner_id=payment.id, n=1, purpose="payment"
    )
    memory = Memory(
        payment=payment,
        discounts=offers.reserved(one.wish, stored.left_minor, stored.at),
        stored_at_s=time.monotonic(),
    )
    return Accepted(payment=payment, instruction=instruction, memory=memory)
