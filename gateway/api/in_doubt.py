"""Transfers in doubt: the operators' queue, and the wallet backend's hint that one may be decided."""

from datetime import UTC, datetime, timedelta

import msgspec

from gateway.door.operation import Answer, Call, Listener, operation
from gateway.parts import Parts
from gateway.storage.hub import DOUBTS
from gateway.transfers import doubts
from gateway.transfers.doubts import Doubt
from gateway.transfers.errors import TransferNotFound
from gateway.wire import transfers as wire
from gateway.wire.money import Amount
from gateway.wire.page import Page

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@operation(
    "GET",
    "/admin/v1/transfers/in-doubt",
    summary="List transfers that no core has decided",
    scope="operate",
    roles=("risk", "auditor"),
    listener=Listener.OPERATORS,
    answers={200: Page[wire.InDoubt]},
)
async def list_in_doubt(call: Call[None, wire.InDoubtFilter]) -> Answer:
    """Oldest first, with what the resolver does next and what was tried.

    Nothing has to be done by hand: the resolver asks, sends again and at last reverses until the core answers. The
    metric `gateway_oldest_unresolved_transfer_seconds` is the alarm: above 900 (15 minutes) a core has not answered
    for too long, and the bank that runs it should be called.
    """
    query = call.query
    rows = await doubts.in_doubt(
        call.parts.pool,
        older_than_s=query.older_than_s,
        after=_after(query.cursor),
        limit=query.limit + 1,
    )
    shown = rows[: query.limit]
    more = len(rows) > query.limit
    items = [_shown(call.parts, one) for one in shown]
    return Answer(200, Page(items=items, next=_cursor(shown[-1]) if more else None))


@operation(
    "POST",
    "/wallet/v1/outcomes",
    summary="Hint that the core has decided a transfer",
    scope="wallet",
    answers={202: None},
    problems=(TransferNotFound,),
    example=wire.OutcomeHint(transfer_id="pay_01980f5e7d3c7a10b6a2f0d100000001.1"),
)
async def hint_outcome(call: Call[wire.OutcomeHint]) -> Answer:
    """Wakes the resolver, which asks the core at once. It changes nothing: only the core's own answer does."""
    issuer = call.caller.issuer
    assert issuer is not None, "the scope `wallet` is granted to wallet clients alone"
    if not await doubts.wake(call.parts.pool, of=call.body.transfer_id, issuer=issuer):
        raise TransferNotFound
    call.parts.hub.tell(DOUBTS)
    return Answer(202)


def _shown(parts: Parts, doubt: Doubt) -> wire.InDoubt:
    transfer = doubt.transfer
    return wire.InDoubt(
        id=transfer.id,
        owner_id=doubt.owner_id,
        purpose=doubt.purpose,  # type: ignore[arg-type] # the resolver's table of owners says it is one of them
        partner_id=doubt.partner_id,
        issuer=transfer.issuer,
        kind=transfer.kind,
        moved=[Amount(amount_minor=leg.amount_minor, currency=transfer.unit) for leg in transfer.legs],
        phase=doubt.phase,  # type: ignore[arg-type] # the column's check, less what is final
        next_action=doubt.next_action(parts.payments.patience),
        due_at=doubt.due_at,
        age_s=max(0, int(doubt.age_s)),
        attempts=doubt.attempts,
        latest=[msgspec.convert(one, wire.CoreAttempt) for one in doubt.calls],
    )


def _cursor(doubt: Doubt) -> str:
    return f"{(doubt.created_at - _EPOCH) // _MICROSECOND}.{doubt.owner_id}"


def _after(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    microseconds, _, owner_id = cursor.partition(".")
    return _EPOCH + int(microseconds) * _MICROSECOND, owner_id
