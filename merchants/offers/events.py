"""What partners are told about offers and discounts: one event a tenant, made for what that tenant may see.

A partner that funds the offer is its audience `funder` and sees the shares and what the budget has left; one
that only sells is `merchant` and does not. Nobody gets both, so that sums over events are sums of money. The
bank reads its own tables.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from merchants.ids import new_id, partner_no_of
from merchants.offers.campaign import Campaign, State
from merchants.offers.funding import BANK_TENANT
from merchants.offers.reservation import Reservation
from webhooks.event import NewEvent

DiscountEvent = Literal["discount.reserved", "discount.redeemed", "discount.released", "discount.clawed_back"]

# A change of state that nobody needs to be told of has no line here.
_OFFER_EVENTS: Mapping[State, str] = {
    State.PROPOSED: "offer.proposed",
    State.COUNTERED: "offer.countered",
    State.AGREED: "offer.agreed",
    State.LIVE: "offer.live",
    State.PAUSED: "offer.paused",
    State.EXHAUSTED: "offer.exhausted",
    State.ENDED: "offer.ended",
}

# Only while an offer lasts has anybody to act on these, and what ends it is told by itself. A deal's own steps are
# for the partner's files, however late.
_FOR_AS_LONG_AS_IT_LASTS = frozenset({"offer.live", "offer.budget_80"})


def of_discounts(
    kind: DiscountEvent,
    reservations: Iterable[Reservation],
    *,
    sequence: int,
    occurred_at: datetime,
    budgets_as_of: datetime | None = None,
    refund_id: str | None = None,
) -> list[NewEvent]:
    """What to publish in the payment's transaction for the reservations it has just changed.

    Args:
        kind: what happened to all of them.
        reservations: as that change answered them.
        sequence: the payment's.
        occurred_at: aware.
        budgets_as_of: as of when `budget_left` is stated, if that was before.
        refund_id: with `discount.clawed_back`, the refund that took it back.
    """
    return [
        _discount(
            kind,
            one,
            tenant,
            sequence=sequence,
            occurred_at=occurred_at,
            budgets_as_of=budgets_as_of or occurred_at,
            refund_id=refund_id,
        )
        for one in reservations
        for tenant in _tenants(one)
    ]


def of_offer(campaign: Campaign, passed: Iterable[State], *, occurred_at: datetime) -> list[NewEvent]:
    """What the partner, and third parties that would pay, are told of the states just passed, in their order."""
    steps = list(passed)
    first = campaign.sequence - len(steps) + 1
    return [
        _offer(campaign, state, tenant, sequence=sequence, occurred_at=occurred_at)
        for sequence, state in enumerate(steps, start=first)
        if state in _OFFER_EVENTS
        for tenant in _parties(campaign)
    ]


def of_budget(campaign: Campaign, *, occurred_at: datetime) -> list[NewEvent]:
    """What the partner, and third parties that pay, are told when four fifths of the budget are taken."""
    return [
        _offer(
            campaign,
            campaign.state,
            tenant,
            sequence=campaign.sequence,
            occurred_at=occurred_at,
            kind="offer.budget_80",
        )
        for tenant in _parties(campaign)
    ]


def of_withdrawal(campaign: Campaign, *, occurred_at: datetime) -> list[NewEvent]:
    """What the partner, and third parties that pay, are told when one of these took its share back."""
    return [
        _offer(
            campaign,
            campaign.state,
            tenant,
            sequence=campaign.sequence,
            occurred_at=occurred_at,
            kind="offer.funding_withdrawn",
        )
        for tenant in _parties(campaign)
    ]


def _parties(campaign: Campaign) -> tuple[str, ...]:
    """Who hears of an offer: its partner, and the third parties that pay or would pay."""
    return (campaign.offer.partner_id, *campaign.offer.deal.funding.others)


def _tenants(one: Reservation) -> list[str]:
    """Who hears of a discount: the partner it was sold under, then every other funder but the bank."""
    funders = (share.tenant for share in one.shares if share.tenant != BANK_TENANT)
    return list(dict.fromkeys((one.partner_id, *funders)))


def _discount(
    kind: DiscountEvent,
    one: Reservation,
    tenant: str,
    *,
    sequence: int,
    occurred_at: datetime,
    budgets_as_of: datetime,
    refund_id: str | None,
) -> NewEvent:
    funds = any(share.tenant == tenant for share in one.shares)
    data: dict[str, Any] = {
        "payment_id": one.payment_id,
        "offer_id": one.offer_id,
        "offer_version": one.version,
        "benefit": one.form,
        "state": one.state,
        "merchant_id": one.merchant_id,
        "store_id": one.store_id,
        "order": {"amount_minor": one.order_minor, "currency": one.currency},
        "discount": _amount(one, one.discount_minor),
        "clawed_back": _amount(one, one.returned_minor),
    }
    if refund_id is not None:
        data["refund_id"] = refund_id
    if funds:
        data |= _for_funders(one, budgets_as_of)
    return NewEvent(
        id=_event_id(tenant),
        type=kind,
        tenant=tenant,
        audience="funder" if funds else "merchant",
        object_id=one.payment_id,
        sequence=sequence,
        occurred_at=occurred_at,
        data=data,
        merchant_id=one.merchant_id,
        store_id=one.store_id,
    )


def _for_funders(one: Reservation, as_of: datetime) -> dict[str, Any]:
    return {
        "shares": [
            {
                "account": share.account,
                "share": _amount(one, share.amount_minor),
                "clawed_back": _amount(one, returned),
            }
            for share, returned in zip(one.shares, one.shares_returned_minor, strict=True)
        ],
        "budget_left": _amount(one, one.left_minor),
        "budget_left_as_of": as_of,
    }


def _offer(
    campaign: Campaign,
    state: State,
    tenant: str,
    *,
    sequence: int,
    occurred_at: datetime,
    kind: str | None = None,
) -> NewEvent:
    offer, kind = campaign.offer, kind or _OFFER_EVENTS[state]
    own = tenant == offer.partner_id
    funds = not own or any(share.funder in {"partner", "seller"} for share in offer.deal.funding.shares)
    return NewEvent(
        id=_event_id(tenant),
        type=kind,
        tenant=tenant,
        audience="funder" if funds else "merchant",
        object_id=offer.id,
        sequence=sequence,
        occurred_at=occurred_at,
        expires_at=campaign.ends_at if kind in _FOR_AS_LONG_AS_IT_LASTS else None,
        data={
            "offer_id": offer.id,
            "offer_version": offer.version,
            "hash": campaign.hash,
            "name": offer.deal.name,
            "state": state.value,
            "reason": campaign.reason,
            "paused_by": sorted(campaign.paused_by),
            "withdrawn": [one.funder_id for one in campaign.funders if one.withdrawn_at is not None],
            "starts_on": offer.deal.target.starts_on,
            "ends_on": offer.deal.target.ends_on,
        },
    )


def _amount(one: Reservation, amount_minor: int) -> dict[str, Any]:
    """In the unit of what the offer gives."""
    return {"amount_minor": amount_minor, "currency": one.unit}


def _event_id(tenant: str) -> str:
    partner_no = partner_no_of(tenant)
    assert partner_no is not None, "every tenant but the bank is a partner"
    return new_id("evt", partner_no)
