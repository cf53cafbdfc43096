"""Between offers as the floor below holds them and as they are on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from gateway.payments.view import BENEFITS
from gateway.wire import offer_figures as figure_wire
from gateway.wire import offers as wire
from gateway.wire.money import Amount, Given
from merchants.offers.campaign import Campaign
from merchants.offers.figures import Figures, Part
from merchants.offers.giving import form_of, unit_of
from merchants.offers.offer import Deal, Offer
from merchants.offers.quote import Quote

_SECTIONS = Deal.__struct_fields__


def deal_of(asked: wire.Deal) -> Deal:
    """Terms as they were sent; whether they can be meant is for the floor below to say."""
    return msgspec.convert(_below(msgspec.to_builtins(asked)), Deal)


def changes_of(asked: wire.DealChange) -> Mapping[str, Any]:
    """The sections that were sent, as the floor below holds them."""
    sent = _below({name: part for name, part in msgspec.to_builtins(asked).items() if name in _SECTIONS})
    return {name: msgspec.convert(part, Deal.__annotations__[name]) for name, part in sent.items()}


def offer(campaign: Campaign) -> wire.Offer:
    return wire.Offer(
        id=campaign.offer.id,
        partner_id=campaign.offer.partner_id,
        state=campaign.state.value,
        version=campaign.offer.version,
        hash=campaign.hash,
        deal=_shown(campaign.offer.deal),
        made_by=campaign.made_by,
        reason=campaign.reason,
        funders=[
            wire.FunderAcceptance(
                partner_id=one.funder_id, accepted_at=one.accepted_at, withdrawn_at=one.withdrawn_at
            )
            for one in campaign.funders
        ],
        paused_by=sorted(campaign.paused_by),
        partner_accepted_at=campaign.partner_accepted_at,
        bank_accepted_at=campaign.bank_accepted_at,
        sequence=campaign.sequence,
        created_at=campaign.created_at,
        updated_at=campaign.updated_at,
    )


def figures(found: Figures, *, offer: Offer, as_of: datetime) -> figure_wire.Figures:
    deal = offer.deal
    unit = unit_of(deal.terms, currency=deal.currency, partner_id=offer.partner_id)

    def amount(amount_minor: int) -> Amount:
        return Amount(amount_minor=amount_minor, currency=deal.currency)

    def given(amount_minor: int) -> Given:
        return Given(amount_minor=amount_minor, currency=unit)

    def part(one: Part) -> dict[str, Any]:
        return {
            "payments": one.payments,
            "payers": one.payers,
            "new_payers": one.new_payers,
            "order": amount(one.order_minor),
            "discount": given(one.discount_minor),
            "clawed_back": given(one.returned_minor),
        }

    return figure_wire.Figures(
        offer_id=offer.id,
        as_of=as_of,
        payments=found.payments,
        payers=found.payers,
        new_payers=found.new_payers,
        order=amount(found.order_minor),
        average_order=None if found.average_order_minor is None else amount(found.average_order_minor),
        benefit=BENEFITS[form_of(deal.terms)],
        discount=given(found.discount_minor),
        clawed_back=given(found.returned_minor),
        reserved=given(found.reserved_minor),
        budget_left=given(found.budget_left_minor),
        day_left=None if found.day_left_minor is None else given(found.day_left_minor),
        funders=[
            figure_wire.FunderFigures(
                account=one.account, paid=given(one.paid_minor), clawed_back=given(one.returned_minor)
            )
            for one in found.funders
        ],
        stores=[figure_wire.StoreFigures(store_id=one.store_id, **part(one)) for one in found.stores],
        days=[figure_wire.DayFigures(day=one.day, **part(one)) for one in found.days],
        hours=[figure_wire.HourFigures(hour=one.hour, **part(one)) for one in found.hours],
    )


def quote(found: Quote, *, as_of: datetime) -> figure_wire.Quote:
    def amount(amount_minor: int) -> Amount:
        return Amount(amount_minor=amount_minor, currency=found.currency)

    return figure_wire.Quote(
        order=amount(found.order_minor),
        discount=amount(found.discount_minor),
        payable=amount(found.payable_minor),
        fee_waived=amount(found.fee_waived_minor),
        applied=[
            figure_wire.QuotedOffer(
                offer_id=one.offer_id,
                version=one.version,
                name=one.offer.deal.name,
                discount=amount(one.discount_minor),
                benefit=BENEFITS[one.form],
                given=Given(amount_minor=one.given_minor, currency=one.unit),
            )
            for one in found.applied
        ],
        left_out=[
            figure_wire.LeftOut(offer_id=one.offer_id, reason=one.reason.value) for one in found.looked_at
        ],
        hash=found.hash,
        as_of=as_of,
    )


def _shown(deal: Deal) -> wire.Deal:
    shown = msgspec.to_builtins(deal)
    target = shown["target"]
    for name in ("weekdays", "merchants", "stores", "code_kinds", "segments", "dates", "items", "categories"):
        if name in target:
            target[name] = sorted(target[name])
    if "hours" in target:
        target["hours"] = [{edge: clock[:5] for edge, clock in hours.items()} for hours in target["hours"]]
    return msgspec.convert(shown, wire.Deal)


def _below(sent: dict[str, Any]) -> dict[str, Any]:
    """The wire says 18:30; ISO 8601 in the floor below wants seconds."""
    if "target" not in sent:
        return sent
    hours = [{edge: f"{clock}:00" for edge, clock in one.items()} for one in sent["target"]["hours"]]
    return {**sent, "target": {**sent["target"], "hours": hours}}
