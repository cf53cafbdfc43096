"""A whole offer as a form, and back: who pays it, when it holds, what it may cost; what it gives is `deal_terms`.

A deal that the form cannot say, such as one of several tiers, is changed through the API.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gateway.door.errors import RequestInvalid
from gateway.pages.partner import deal_terms
from gateway.pages.partner.deal_terms import CURRENCY, WHOLE, amount, count, percent, share, typed
from gateway.pages.texts import mark
from gateway.wire import offers as wire
from gateway.wire.problem import Fault

KINDS: Final[Mapping[str, str]] = {
    "amount_off": mark("Amount off"),
    "threshold_off": mark("Off from a threshold on"),
    "percent_off": mark("Percent off"),
    "cashback": mark("Cashback"),
    "fee_waiver": mark("Fee waiver"),
    "points": mark("Points"),
    "first_purchase": mark("First purchase"),
    "coupon": mark("Coupon"),
}
WEEKDAYS: Final = (
    mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun"),
)  # fmt: skip
_BUDGETS: Final = ("total_minor", "daily_minor", "per_store_minor")
_PRIORITY: Final = 100
_TOO_MUCH: Final = mark("The shares come to more than the whole.")


def deal_of(form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, as the API takes it; what does not fit its schema the API says.

    Raises:
        RequestInvalid: a figure cannot be read, or what is chosen does not go together.
    """
    # Budgets of points count points.
    figure = count if form.get("kind") == "points" else amount
    return {
        "name": form.get("/name", "").strip(),
        "currency": CURRENCY,
        "terms": deal_terms.terms_of(form),
        "target": _target(form),
        "budgets": {name: figure(form, f"/budgets/{name}") for name in _BUDGETS},
        "funding": _funding(form),
        "person_caps": {name: count(form, f"/person_caps/{name}") for name in ("uses", "uses_per_day")},
        "stacking": {
            "group": form.get("/stacking/group", "").strip() or None,
            "priority": _priority(form),
            "exclusive": "exclusive" in form,
        },
    }


def fields_of(offer: wire.Offer) -> dict[str, str]:
    """The form that says this deal; what it cannot say is not drafted by hand."""
    deal, caps, stacking = offer.deal, offer.deal.person_caps, offer.deal.stacking
    figure = _counted if isinstance(deal.terms, wire.Points) else typed
    fields = {
        "/name": deal.name,
        "/target/starts_on": str(deal.target.starts_on),
        "/target/ends_on": str(deal.target.ends_on),
        "/target/segments": ", ".join(deal.target.segments),
        "/person_caps/uses": str(caps.uses or ""),
        "/person_caps/uses_per_day": str(caps.uses_per_day or ""),
        "/stacking/group": stacking.group or "",
        "/stacking/priority": "" if stacking.priority == _PRIORITY else str(stacking.priority),
        **{f"/budgets/{name}": figure(getattr(deal.budgets, name)) for name in _BUDGETS},
        **{f"weekday:{day}": "on" for day in deal.target.weekdays},
        **({"exclusive": "on"} if stacking.exclusive else {}),
    }
    for one in deal.target.hours[:1]:
        fields |= {"hours:start": one.start, "hours:end": one.end}
    return fields | _fields_of_funding(deal.funding) | deal_terms.fields_of(deal.terms)


def is_drafted_by_hand(offer: wire.Offer) -> bool:
    """Whether the form says all of it, so that saving it loses nothing."""
    try:
        said = msgspec.convert(deal_of(fields_of(offer)), wire.Deal)
    except (msgspec.ValidationError, RequestInvalid):
        return False
    return said == offer.deal


def _target(form: Mapping[str, str]) -> dict[str, Any]:
    target: dict[str, Any] = {
        "starts_on": form.get("/target/starts_on", ""),
        "ends_on": form.get("/target/ends_on", ""),
        "weekdays": [day for day in range(1, 8) if f"weekday:{day}" in form],
        "segments": form.get("/target/segments", "").replace(",", " ").split(),
    }
    if form.get("hours:start") or form.get("hours:end"):
        target["hours"] = [{"start": form.get("hours:start", ""), "end": form.get("hours:end", "")}]
    return target


def _funding(form: Mapping[str, str]) -> dict[str, Any]:
    """What nobody else is named for is the partner's; the first who pays bears the odd cent."""
    parts = {funder: percent(form, f"/funding/{funder}") for funder in ("bank", "seller", "other")}
    rest = WHOLE - sum(parts.values())
    if rest < 0:
        raise RequestInvalid([Fault(pointer="/funding/bank", code="shares_do_not_sum", detail=_TOO_MUCH)])
    every = {"bank": parts["bank"], "partner": rest, "seller": parts["seller"], "other": parts["other"]}
    shares: list[dict[str, Any]] = [
        {"funder": funder, "basis_points": points} for funder, points in every.items() if points
    ]
    if parts["other"]:
        shares[-1]["partner_id"] = form.get("/funding/other_id", "").strip()
    return {"shares": shares, "rounding": shares[0]["funder"]}


def _fields_of_funding(funding: wire.Funding) -> dict[str, str]:
    fields = {
        f"/funding/{one.funder}": share(one.basis_points) for one in funding.shares if one.funder != "partner"
    }
    others = [one.partner_id for one in funding.shares if one.partner_id is not None]
    return {"/funding/bank": "0", **fields, "/funding/other_id": others[0] if others else ""}


def _priority(form: Mapping[str, str]) -> int:
    priority = count(form, "/stacking/priority")
    return _PRIORITY if priority is None else priority


def _counted(number: int | None) -> str:
    return "" if number is None else str(number)
