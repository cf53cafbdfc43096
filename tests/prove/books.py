"""Gateway and core, transfer by transfer, and both against what the tills were told."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from tests.prove.shoppers import Errand

# What the core must hold for each final answer that the gateway wrote down.
_AGREES: Final = {
    "approved": "succeeded",
    "declined": "declined",
    "confirmation_required": "confirmation_required",
    "reversed": "reversed",
    "tombstoned": "tombstoned",
}
_IN_FLIGHT: Final = {"processing", "reversing", "capturing"}
_UNCHARGED: Final = {"declined", "expired", "canceled", "reversed"}

_PAYMENTS = """
    SELECT p.id, p.state, p.merchant_order_no, p.order_minor - p.discount_minor AS paid_minor,
           COALESCE((SELECT sum(r.paid_minor) FROM gateway.refunds r
                      WHERE r.partner_id = p.partner_id AND r.payment_id = p.id AND r.state = 'succeeded'), 0)::bigint
               AS refunded_minor,
           extract(epoch FROM p.updated_at - p.created_at)::float8 AS took_s
      FROM gateway.payments p
"""
_TRANSFERS = """
    SELECT t.owner_id || '.' || t.n AS id, t.state, t.outcome, COALESCE(r.payment_id, t.owner_id) AS payment_id
      FROM gateway.transfers t LEFT JOIN gateway.refunds r ON t.purpose = 'refund' AND r.id = t.owner_id
"""
# What each transfer took from payers, its reversal counted in: from the entries alone.
_CORE = """
    SELECT t.id, t.kind, t.status, COALESCE(
               (SELECT -sum(e.amount_minor) FROM ledger.entries e
                 WHERE e.transfer_id = t.id AND e.account LIKE 'payer:%'), 0)::bigint AS charged_minor
      FROM ledger.transfers t
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """What came out; `faults` has a line for everything that must not be."""

    payments: int
    states: Mapping[str, int]
    debits: int
    duplicates: int
    slowest_s: float
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        states = ", ".join(f"{number} {state}" for state, number in sorted(self.states.items()))
        return (
            f"{self.payments} payments ({states}); {self.debits} debits stand, {self.duplicates} duplicate; "
            f"slowest {self.slowest_s:.1f} s; {len(self.faults)} faults"
        )


async def reckon(gateway: asyncpg.Pool, core_url: str, errands: Iterable[Errand] = ()) -> Reckoning:
    """Compare every row with every other that speaks of the same money."""
    payments = await gateway.fetch(_PAYMENTS)
    transfers = {row["id"]: row for row in await gateway.fetch(_TRANSFERS)}
    connection = await asyncpg.connect(core_url)
    try:
        core = {row["id"]: row for row in await connection.fetch(_CORE)}
        sums = await connection.fetch(
            "SELECT unit, sum(amount_minor) AS sum_minor FROM ledger.entries GROUP BY unit"
        )
    finally:
        await connection.close()
    charged_minor: Counter[str] = Counter()
    standing: Counter[str] = Counter()
    for one, row in core.items():
        if one in transfers:
            payment_id = transfers[one]["payment_id"]
            charged_minor[payment_id] += row["charged_minor"]
            standing[payment_id] += row["kind"] == "debit" and row["status"] == "succeeded"
    faults = [f"the ledger's sum is {row['sum_minor']} {row['unit']}" for row in sums if row["sum_minor"]]
    faults += _of_transfers(transfers, core)
    faults += (fault for row in payments for fault in _of_payment(row, charged_minor, standing))
    faults += _of_errands(errands, {row["merchant_order_no"]: row for row in payments}, charged_minor)
    return Reckoning(
        payments=len(payments),
        states=Counter(row["state"] for row in payments),
        debits=sum(standing.values()),
        duplicates=sum(max(0, number - 1) for number in standing.values()),
        slowest_s=max((row["took_s"] for row in payments), default=0.0),
        faults=faults,
    )


def _of_transfers(transfers: Mapping[str, Any], core: Mapping[str, Any]) -> Iterator[str]:
    for one in core.keys() - transfers.keys():
        yield f"{one}: the core has it, the gateway does not"
    for one, row in transfers.items():
        if row["state"] != "final":
            yield f"{one}: is {row['state']}"
            continue
        status = core[one]["status"] if one in core else "not there"
        if status != _AGREES[row["outcome"]]:
            yield f"{one}: {row['outcome']} here, {status} at the core"


def _of_payment(row: Any, charged_minor: Mapping[str, int], standing: Mapping[str, int]) -> Iterator[str]:
    one, state, charged = row["id"], row["state"], charged_minor[row["id"]]
    due = row["paid_minor"] - row["refunded_minor"] if state == "succeeded" else 0
    if state in _IN_FLIGHT:
        yield f"{one}: is {state}"
    elif charged != due:
        yield f"{one}: {state}, so {due} is due; charged {charged}"
    if standing[one] != (state == "succeeded"):
        yield f"{one}: {state} with {standing[one]} debits that stand"


def _of_errands(
    errands: Iterable[Errand], payments: Mapping[str, Any], charged_minor: Mapping[str, int]
) -> Iterator[str]:
    for errand in errands:
        row = payments.get(errand.order_no)
        charged = charged_minor[row["id"]] if row else 0
        if errand.payment_id is not None and (row is None or row["id"] != errand.payment_id):
            yield f"{errand.order_no}: acknowledged as {errand.payment_id}, and lost"
        if errand.told in _UNCHARGED and charged:
            yield f"{errand.order_no}: told {errand.told}, was debited {charged}"
        if errand.cancel_accepted and charged:
            yield f"{errand.order_no}: cancel accepted, was charged {charged}"
        if errand.told_nothing_happened and row and row["paid_minor"]:
            yield f"{errand.order_no}: told that nothing happened, is {row['state']}"
        if errand.told == "succeeded" and not errand.canceling and row and row["state"] != "succeeded":
            yield f"{errand.order_no}: told succeeded, is {row['state']}"
        if errand.unanswered:
            yield f"{errand.order_no}: no answer to {errand.unanswered}"
