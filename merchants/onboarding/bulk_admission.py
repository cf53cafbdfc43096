"""Admitting a bulk's applications, a hundred in a transaction: merchants, records, signatures, events together."""

import msgspec
from asyncpg.pool import PoolConnectionProxy
from stdnum import luhn

from merchants import merchant, standing
from merchants.ids import new_id
from merchants.lifecycle import Status
from merchants.onboarding import bulk_sql, records_sql, search, sql
from merchants.onboarding.admission import SETTLEMENT_CURRENCY
from merchants.onboarding.bulk import PIECE, Bulk, State, move
from merchants.onboarding.particulars import Particulars, last_four, revealed
from merchants.sealing import Sealing
from webhooks import outbox


async def admit_piece(conn: PoolConnectionProxy, bulk: Bulk, sealing: Sealing) -> int:
    """Admit the next applications of a claimed bulk, in the caller's transaction; how much was done."""
    partner = await merchant.find(conn, partner_id=bulk.partner_id, merchant_id=bulk.partner_id)
    if partner.status is not Status.ACTIVE:
        reason = "its partner is not active"
        await bulk_sql.reject_applications(conn, bulk_id=bulk.id, reason=reason)
        await move(conn, bulk, State.REJECTED, actor="system", terms=bulk.terms, reason=reason)
        return 1
    after = await bulk_sql.find(conn, bulk_id=bulk.id, partner_id=bulk.partner_id)
    assert after is not None, "the bulk is held"
    rows = await bulk_sql.submitted_of(conn, bulk_id=bulk.id, after_id=after["after_id"], limit=PIECE)
    if not rows:
        await move(conn, bulk, State.DONE, actor="system", terms=bulk.terms, reason=bulk.reason)
        return 1
    waiting = {row["id"]: revealed(sealing, row["particulars"], owner=row["id"]) for row in rows}
    await _admit(conn, sealing, bulk, waiting, partner_no=partner.partner_no)
    await bulk_sql.count_admitted(conn, bulk_id=bulk.id, admitted=len(rows), after_id=rows[-1]["id"])
    return len(rows)


async def _admit(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    bulk: Bulk,
    waiting: dict[str, Particulars],
    *,
    partner_no: int,
) -> None:
    assert bulk.approver_id, "the table's own check"
    assert bulk.reviewer_id, "likewise"
    assert bulk.terms, "a bulk under review has terms"
    merchant_ids = {one: new_id("mer", partner_no) for one in waiting}
    numbers = await bulk_sql.next_merchant_numbers(conn, count=len(waiting))
    await bulk_sql.admit_applications(
        conn,
        ids=list(waiting),
        merchant_ids=list(merchant_ids.values()),
        reviewer_id=bulk.reviewer_id,
        approver_id=bulk.approver_id,
        fee_basis_points=bulk.terms.fee_basis_points,
        payment_limit_minor=bulk.terms.payment_limit_minor,
        reason=bulk.reason,
    )
    new = [
        _new_merchant(
            bulk,
            sealing,
            particulars,
            application_id=application_id,
            merchant_id=merchant_ids[application_id],
            number=number,
        )
        for (application_id, particulars), number in zip(waiting.items(), numbers, strict=True)
    ]
    await sql.insert_merchants(conn, new)
    await records_sql.insert_many(
        conn,
        partner_id=bulk.partner_id,
        merchant_ids=list(merchant_ids.values()),
        particulars=[one.sealed(sealing, owner=merchant_ids[id_]) for id_, one in waiting.items()],
    )
    await search.index_many(
        conn, sealing, [(merchant_ids[id_], particulars) for id_, particulars in waiting.items()]
    )
    for deed in ("application.approved", "application.active"):
        await bulk_sql.record_many(
            conn,
            actor=bulk.approver_id,
            deed=deed,
            object_ids=list(waiting),
            partner_id=bulk.partner_id,
            reason=bulk.reason,
            bulk_id=bulk.id,
        )
    made = await merchant.of_ids(conn, partner_id=bulk.partner_id, merchant_ids=list(merchant_ids.values()))
    await outbox.publish(conn, [standing.event_of(one, occurred_at=one.created_at) for one in made])


def _new_merchant(
    bulk: Bulk,
    sealing: Sealing,
    particulars: Particulars,
    *,
    application_id: str,
    merchant_id: str,
    number: int,
) -> sql.NewMerchant:
    licence, settlement, terms = particulars.licence, particulars.settlement, bulk.terms
    assert licence, "what passed the pre-check is complete"
    assert settlement, "likewise"
    assert terms, "likewise"
    return sql.NewMerchant(
        partner_id=bulk.partner_id,
        merchant_id=merchant_id,
        application_id=application_id,
        kind=bulk.kind,
        status=Status.ACTIVE,
        merchant_number=str(number) + luhn.calc_check_digit(str(number)),
        credit_code=licence.credit_code,
        licence_name=licence.name,
        short_name=particulars.short_name or "",
        city=particulars.city or "",
        mcc=particulars.mcc or "",
        currency=SETTLEMENT_CURRENCY,
        fee_basis_points=terms.fee_basis_points,
        payment_limit_minor=terms.payment_limit_minor,
        settlement_account=sealing.seal(msgspec.json.encode(settlement), owner=merchant_id),
        settlement_last_four=last_four(settlement.account_number),
    )
