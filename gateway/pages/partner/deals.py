"""An offer's terms as a form, and back: the kinds that are drafted by hand; the rest comes through the API.

Amounts are typed in the currency's own units, shares in percent; a deal holds minor units and basis points.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from gateway.door.errors import RequestInvalid
from gateway.pages.texts import mark
from gateway.pages.typed import minor_typed
from gateway.wire import offers as wire
from gateway.wire.problem import Fault

CURRENCY: Final = "CNY"
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
DRAFTED: Final = ("amount_off", "threshold_off", "percent_off", "cashback", "fee_waiver")
FIRST: Final[Mapping[str, str]] = {
    "": mark("On every payment"),
    "partner": mark("On a customer's first payment with you"),
    "wallet": mark("On a customer's first payment with the wallet"),
}
WEEKDAYS: Final = (
    mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun"),
)  # fmt: skip
_WHOLE: Final = 10_000
_NO_PERCENT: Final = mark("Give a percentage such as 12 or 2.5.")


def deal_of(form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, as the API takes it; what does not fit its schema the API says.

    Raises:
        RequestInvalid: an amount or a percentage cannot be read.
    """
    bank = _percent(form, "/funding/bank")
    shares = [{"funder": "bank", "basis_points": bank}, {"funder": "partner", "basis_points": _WHOLE - bank}]
    paying = [one for one in shares if one["basis_points"] != 0]
    target: dict[str, Any] = {
        "starts_on": form.get("/target/starts_on", ""),
        "ends_on": form.get("/target/ends_on", ""),
        "weekdays": [day for day in range(1, 8) if f"weekday:{day}" in form],
    }
    if form.get("hours:start") or form.get("hours:end"):
        target["hours"] = [{"start": form.get("hours:start", ""), "end": form.get("hours:end", "")}]
    budgets = {
        name: _amount(form, f"/budgets/{name}") for name in ("total_minor", "daily_minor", "per_store_minor")
    }
    return {
        "name": form.get("/name", "").strip(),
        "currency": CURRENCY,
        "terms": _terms(form),
        "target": target,
        "budgets": budgets,
        "funding": {"shares": paying, "rounding": paying[0]["funder"]},
        "person_caps": {name: _count(form, f"/person_caps/{name}") for name in ("uses", "uses_per_day")},
    }


def fields_of(offer: wire.Offer) -> dict[str, str]:
    """The form that says this deal; what it cannot say is not drafted by hand."""
    deal, caps = offer.deal, offer.deal.person_caps
    bank = sum(one.basis_points for one in deal.funding.shares if one.funder == "bank")
    fields = {
        "/name": deal.name,
        "/target/starts_on": str(deal.target.starts_on),
        "/target/ends_on": str(deal.target.ends_on),
        "/budgets/total_minor": _typed(deal.budgets.total_minor),
        "/budgets/daily_minor": _typed(deal.budgets.daily_minor),
        "/budgets/per_store_minor": _typed(deal.budgets.per_store_minor),
        "/person_caps/uses": str(caps.uses or ""),
        "/person_caps/uses_per_day": str(caps.uses_per_day or ""),
        "/funding/bank": _share(bank),
        **{f"weekday:{day}": "on" for day in deal.target.weekdays},
    }
    for one in deal.target.hours[:1]:
        fields |= {"hours:start": one.start, "hours:end": one.end}
    return fields | _fields_of_terms(deal.terms)


def _fields_of_terms(terms: wire.Terms) -> dict[str, str]:
    first = ""
    if isinstance(terms, wire.FirstPurchase):
        first, terms = terms.first_with, terms.gives
    facts = msgspec.to_builtins(terms)
    fields = {"kind": facts["kind"], "first_with": first or facts.get("first_with") or ""}
    if isinstance(terms, wire.ThresholdOff):
        tier = terms.tiers[0]
        fields |= {
            "/terms/threshold": _typed(tier.threshold_minor),
            "/terms/off_minor": _typed(tier.off_minor),
        }
        fields |= {"repeating": "on"} if terms.repeating else {}
    for name in ("off_minor", "min_spend_minor", "cap_minor"):
        if facts.get(name):
            fields[f"/terms/{name}"] = _typed(facts[name])
    for name in ("off_basis_points", "back_basis_points", "waived_basis_points"):
        if facts.get(name):
            fields["/terms/percent"] = _share(facts[name])
    return fields


def is_drafted_by_hand(offer: wire.Offer) -> bool:
    """Whether the form says all of it, so that saving it loses nothing."""
    try:
        said = msgspec.convert(deal_of(fields_of(offer)), wire.Deal)
    except (msgspec.ValidationError, RequestInvalid):
        return False
    return said == offer.deal


def _terms(form: Mapping[str, str]) -> dict[str, Any]:
    kind, first = form.get("kind", ""), form.get("first_with", "")
    terms: dict[str, Any] = {"kind": kind}
    match kind:
        case "amount_off":
            terms |= {"off_minor": _amount(form, "/terms/off_minor"), **_least(form)}
        case "threshold_off":
            tier = {
                "threshold_minor": _amount(form, "/terms/threshold"),
                "off_minor": _amount(form, "/terms/off_minor"),
            }
            terms |= {"tiers": [tier], "repeating": "repeating" in form, **_most(form)}
        case "percent_off":
            terms |= {"off_basis_points": _percent(form, "/terms/percent"), **_least(form), **_most(form)}
        case "cashback":
            terms |= {"back_basis_points": _percent(form, "/terms/percent"), **_least(form), **_most(form)}
        case "fee_waiver":
            given = {"first_with": first} if first else {}
            return terms | {"waived_basis_points": _percent(form, "/terms/percent"), **given}
        case _:
            pass
    return {"kind": "first_purchase", "first_with": first, "gives": terms} if first else terms


def _least(form: Mapping[str, str]) -> dict[str, Any]:
    return {"min_spend_minor": _amount(form, "/terms/min_spend_minor") or 0}


def _most(form: Mapping[str, str]) -> dict[str, Any]:
    return {"cap_minor": _amount(form, "/terms/cap_minor")}


def _amount(form: Mapping[str, str], pointer: str) -> int | None:
    typed = form.get(pointer, "").strip()
    return minor_typed(typed, CURRENCY, pointer=pointer) if typed else None


def _count(form: Mapping[str, str], pointer: str) -> int | None:
    typed = form.get(pointer, "").strip()
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit():
        raise RequestInvalid([Fault(pointer=pointer, code="invalid", detail=mark("Give a number."))])
    return int(typed)


def _percent(form: Mapping[str, str], pointer: str) -> int:
    """Percent in basis points."""
    try:
        points = minor_typed(form.get(pointer, "") or "0", CURRENCY, pointer=pointer)
    except RequestInvalid:
        points = -1
    if not 0 <= points <= _WHOLE:
        raise RequestInvalid([Fault(pointer=pointer, code="wrong_percentage", detail=_NO_PERCENT)])
    return points


def _typed(amount_minor: int | None) -> str:
    return "" if amount_minor is None else str(Decimal(amount_minor).scaleb(-2))


def _share(basis_points: int) -> str:
    return f"{basis_points / 100:g}"
