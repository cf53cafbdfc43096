"""The bank's own wishes: another fee or limit of a merchant, or of one of its stores or terminals.

Whoever asks has reviewed it, and another operator approves it as any change (`changes.approve`). A place without a fee
of its own has that of the level above; of all limits above a terminal the smallest counts.
"""

from asyncpg.pool import PoolConnectionProxy

from merchants import merchant
from merchants.errors import MerchantNotActive, StoreNotFound, TerminalNotFound
from merchants.lifecycle import Status
from merchants.merchant import Merchant
from merchants.onboarding import places_sql, records_sql
from merchants.onboarding.application import PlaceTerms, Terms
from merchants.onboarding.change_request import TERMS, Change, record_of, submit
from merchants.onboarding.errors import NothingToChange
from merchants.sealing import Sealing


async def ask_for_terms(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    change_id: str,
    merchant_id: str,
    terms: Terms,
    operator_id: str,
) -> Change:
    """Another fee or limit of the merchant itself.

    Raises:
        MerchantNotFound, MerchantNotActive: closed for good.
        NothingToChange: these are its terms.
        ChangeUnderway: a change is open already, the partner's perhaps.
    """
    owner = await merchant.find_for_operator(conn, merchant_id=merchant_id)
    if Terms(fee_basis_points=owner.fee_basis_points, payment_limit_minor=owner.payment_limit_minor) == terms:
        raise NothingToChange
    return await _ask(conn, sealing, owner, terms, change_id=change_id, operator_id=operator_id)


async def ask_for_place_terms(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    change_id: str,
    place_id: str,
    terms: PlaceTerms,
    operator_id: str,
) -> Change:
    """Another fee or limit of a store or terminal.

    Raises:
        StoreNotFound, TerminalNotFound
        MerchantNotActive: closed for good.
        NothingToChange: these are its terms.
        ChangeUnderway: a change of this place is open already.
    """
    place = await places_sql.find(conn, place_id=place_id)
    if place is None:
        raise StoreNotFound if place_id.startswith("sto_") else TerminalNotFound
    owner = await merchant.find(conn, partner_id=place.partner_id, merchant_id=place.merchant_id)
    if place.terms == terms:
        raise NothingToChange
    return await _ask(
        conn, sealing, owner, terms, change_id=change_id, operator_id=operator_id, place_id=place_id
    )


async def put_in_force(conn: PoolConnectionProxy, owner: Merchant, change: Change) -> None:
    """An approved change's terms are live from the commit on, for whatever is accepted then.

    Raises:
        MerchantNotActive: the merchant was closed meanwhile.
    """
    if change.terms is not None:
        done = await records_sql.change_terms(
            conn,
            partner_id=owner.partner_id,
            merchant_id=owner.id,
            fee_basis_points=change.terms.fee_basis_points,
            payment_limit_minor=change.terms.payment_limit_minor,
        )
    else:
        assert change.place_id is not None, "an undecided request keeps what it asks for"
        assert change.place_terms is not None, "likewise"
        done = await records_sql.tell_of_change(conn, partner_id=owner.partner_id, merchant_id=owner.id)
        await places_sql.change_terms(
            conn, partner_id=owner.partner_id, place_id=change.place_id, terms=change.place_terms
        )
    if not done:
        raise MerchantNotActive(Status.CLOSED)


async def _ask(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    owner: Merchant,
    terms: Terms | PlaceTerms,
    *,
    change_id: str,
    operator_id: str,
    place_id: str | None = None,
) -> Change:
    if owner.status is Status.CLOSED:
        raise MerchantNotActive(owner.status)
    _, version = await record_of(conn, sealing, owner)
    return await submit(
        conn,
        sealing,
        owner,
        change_id=change_id,
        sections={TERMS},
        content=terms,
        record_version=version,
        actor=operator_id,
        reviewer_id=operator_id,
        place_id=place_id,
    )
