"""Cashback and points: owed in the transaction that concludes a payment, given by a transfer of their own after it.

A promise that was made with the payment only goes forward: the resolver sends the credit until the core gives it, and
what a core refuses for now (a funder short of balance) is tried again under the next number. What is to come back from
the wallet (the payment was undone, or refunded and points were not spent) goes the same way, after the credit itself:
at most one transfer of a credit is under way, and its answer begins the next. Rounds of a stubborn refusal grow longer.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gateway.payments import credits_sql as sql
from gateway.payments.credit import Credit, CreditBack
from gateway.payments.needs import Needs
from gateway.payments.payment import Payment
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection, Settled, transfer_id
from gateway.wallet.core import Approved, Leg, Transfer, payer_account
from merchants.ids import new_id
from merchants.offers.giving import CREDITED, Form
from merchants.offers.reservation import Reservation

# A refusal is looked into by people; so often it costs nothing, and at last once an hour.
_RETRY_S: Final = 60.0
_RETRY_AT_MOST_S: Final = 3600.0
_UNDONE_TRANSFER: Final = "Cashback taken back"


async def owe(conn: Connection, redeemed: Sequence[Reservation], payments: Mapping[str, Payment]) -> None:
    """Write down what these payments earned, with the transfers that give it; the resolver sends them at once."""
    earned = [one for one in redeemed if one.form in CREDITED]
    if not earned:
        return
    ids = [new_id("crd", payments[one.payment_id].terms.partner_no) for one in earned]
    rows = [_owed(id_, one, payments[one.payment_id]) for id_, one in zip(ids, earned, strict=True)]
    await sql.insert_owed(conn, rows)
    for id_, one in zip(ids, earned, strict=True):
        transfer = _credit_transfer(id_, payments[one.payment_id], one)
        await transfers.insert(
            conn,
            transfer,
            partner_id=one.partner_id,
            owner_id=id_,
            n=1,
            purpose="credit",
            look_after_s=0.0,
        )


async def undo(conn: Connection, payment: Payment) -> list[CreditBack]:
    """The payment was undone after it had succeeded: all it earned is to come back from the wallet.

    What was spent already is owed: it is taken as soon as the wallet holds it.
    """
    backs = []
    for credit in await sql.of_payment(conn, partner_id=payment.partner_id, payment_id=payment.id, hold=True):
        if credit.form is Form.POINTS:
            await sql.claim(conn, credit, credit.amount)
        await _take_next(conn, await sql.order_back(conn, credit, credit.amounts))
        backs.append(
            CreditBack(
                offer_id=credit.offer_id, form=credit.form, unit=credit.unit, accounts=credit.accounts,
                parts=credit.amounts, taken=credit.amounts,
            )
        )  # fmt: skip
    return backs


async def take_back(conn: Connection, payment: Payment, backs: Sequence[CreditBack]) -> None:
    """A refund succeeded: take from the wallet what it said."""
    taking = {back.offer_id: back for back in backs if any(back.taken)}
    if not taking:
        return
    for credit in await sql.of_payment(conn, partner_id=payment.partner_id, payment_id=payment.id, hold=True):
        if credit.offer_id in taking:
            await _take_next(conn, await sql.order_back(conn, credit, taking[credit.offer_id].taken))


async def let_go(conn: Connection, payment: Payment, backs: Sequence[CreditBack]) -> None:
    """A refund failed: the points it would have taken are the payer's again."""
    taking = {back.offer_id: back for back in backs if any(back.taken)}
    if not taking:
        return
    for credit in await sql.of_payment(conn, partner_id=payment.partner_id, payment_id=payment.id, hold=True):
        if credit.offer_id in taking and credit.form is Form.POINTS:
            await sql.claim(conn, credit, -sum(taking[credit.offer_id].taken))


async def conclude(needs: Needs, settled: Settled) -> None:
    """Write the core's final answer to a credit or to its way back; does nothing when it was written before."""
    instruction = settled.instruction
    async with needs.pool.acquire() as conn, conn.transaction():
        if not await transfers.finish(conn, instruction, settled.answer, settled.attempts):
            return
        credit = await sql.hold(conn, partner_id=instruction.partner_id, credit_id=instruction.owner_id)
        if not isinstance(settled.answer, Approved):
            await _again(conn, settled)
            return
        if instruction.purpose == "credit":
            await sql.give(conn, credit)
            credit = await sql.hold(conn, partner_id=credit.partner_id, credit_id=credit.id)
        else:
            credit = await sql.note_taken(conn, credit, _by_account(credit, instruction.transfer.legs))
        await _take_next(conn, credit)


def _owed(id_: str, one: Reservation, payment: Payment) -> dict[str, object]:
    payer = payment.terms.payer
    assert payer is not None, "only a paid payment earns anything"
    return {
        "partner_id": one.partner_id, "id": id_, "payment_id": one.payment_id,
        "offer_id": one.offer_id, "form": one.form, "unit": one.unit, "issuer": payer.issuer, "payer_id": payer.id,
        "accounts": [share.account for share in one.shares],
        "amounts": [share.amount_minor for share in one.shares],
    }  # fmt: skip


def _credit_transfer(credit_id: str, payment: Payment, one: Reservation) -> Transfer:
    payer = payment.terms.payer
    assert payer is not None, "only a paid payment earns anything"
    return Transfer(
        id=transfer_id(credit_id, 1),
        kind="credit",
        unit=one.unit,
        legs=tuple(
            Leg(
                role="funder",
                source=share.account,
                target=payer_account(payer.id),
                amount_minor=share.amount_minor,
            )
            for share in one.shares
        ),
        issuer=payer.issuer,
        statement=payment.terms.merchant_name,
        reference=payment.merchant_order_no,
    )


async def _again(conn: Connection, settled: Settled) -> None:
    """The same once more, under the next number."""
    instruction, n = settled.instruction, settled.instruction.n + 1
    await transfers.insert(
        conn, _numbered(instruction.transfer, transfer_id(instruction.owner_id, n)),
        partner_id=instruction.partner_id, owner_id=instruction.owner_id, n=n, purpose=instruction.purpose,
        look_after_s=min(_RETRY_S * instruction.n, _RETRY_AT_MOST_S),
    )  # fmt: skip


def _numbered(transfer: Transfer, id_: str) -> Transfer:
    facts = {name: getattr(transfer, name) for name in Transfer.__slots__}
    return Transfer(**{**facts, "id": id_})


async def _take_next(conn: Connection, credit: Credit) -> None:
    """Send for what is to come back and has not, unless a transfer is under way whose answer leads here again."""
    left = [due - had for due, had in zip(credit.to_take, credit.taken, strict=True)]
    if not credit.given or not any(left) or await transfers.is_under_way(conn, owner_id=credit.id):
        return
    n = await transfers.next_n(conn, owner_id=credit.id)
    transfer = Transfer(
        id=transfer_id(credit.id, n),
        kind="refund",
        unit=credit.unit,
        legs=tuple(_legs_back(credit, left)),
        issuer=credit.issuer,
        parent=await transfers.approved_id(conn, owner_id=credit.id, purposes=("credit",)),
        statement=_UNDONE_TRANSFER,
        reference=credit.payment_id,
    )
    await transfers.insert(
        conn,
        transfer,
        partner_id=credit.partner_id,
        owner_id=credit.id,
        n=n,
        purpose="credit_back",
        look_after_s=0.0,
    )


def _legs_back(credit: Credit, parts: Sequence[int]) -> Iterable[Leg]:
    source = payer_account(credit.payer_id)
    for account, part in zip(credit.accounts, parts, strict=True):
        if part:
            yield Leg(role="payer", source=source, target=account, amount_minor=part)


def _by_account(credit: Credit, legs: Sequence[Leg]) -> list[int]:
    return [sum(leg.amount_minor for leg in legs if leg.target == account) for account in credit.accounts]
