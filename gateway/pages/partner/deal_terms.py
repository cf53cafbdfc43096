"""What an offer gives, as a form's fields and back: the benefit, whose first payment it needs, how it is handed out.

Amounts are typed in the currency's own units, shares in percent; terms hold minor units and basis points.
"""

import re
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
DRAFTED: Final = ("amount_off", "threshold_off", "percent_off", "cashback", "points", "fee_waiver")
FIRST: Final[Mapping[str, str]] = {
    "": mark("On every payment"),
    "partner": mark("On a customer's first payment with you"),
    "wallet": mark("On a customer's first payment with the wallet"),
}
HANDED_OUT: Final[Mapping[str, str]] = {
    "": mark("By itself, to everybody it is meant for"),
    "claimed": mark("As a coupon that customers claim in the wallet"),
    "pushed": mark("As a coupon that lies in their wallet already"),
}
PROGRAMMES: Final[Mapping[str, str]] = {
    "partner": mark("Your programme"),
    "bank": mark("The bank's programme"),
}
WHOLE: Final = 10_000
_COUPONS: Final = frozenset({"amount_off", "threshold_off", "percent_off"})
# More is no number of anything, and Python and JSON refuse to go on with it.
_COUNT: Final = re.compile("[0-9]{1,15}")
_NO_PERCENT: Final = mark("Give a percentage such as 12 or 2.5.")
_NO_COUPON: Final = mark("Only discounts on every payment are handed out as coupons.")
_EVERY_PAYMENT: Final = mark("Points are given on every payment.")
# Where the API finds a fault, and the field that says it.
_FIELDS: Final[Mapping[str, str]] = {
    "/terms/tiers": "/terms/threshold",
    "/terms/tiers/0": "/terms/threshold",
    "/terms/tiers/0/threshold_minor": "/terms/threshold",
    "/terms/tiers/0/off_minor": "/terms/off_minor",
    "/terms/off_basis_points": "/terms/percent",
    "/terms/back_basis_points": "/terms/percent",
    "/terms/waived_basis_points": "/terms/percent",
    "/funding/shares": "/funding/bank",
}


def field_of(pointer: str) -> str:
    """The form's field that a fault of a deal is about."""
    plain = pointer.replace("/terms/gives/", "/terms/", 1)
    if plain.startswith("/funding/shares/"):
        return "/funding/other_id" if plain.endswith("/partner_id") else "/funding/bank"
    return _FIELDS.get(plain, plain)


def terms_of(form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, as the API takes it.

    Raises:
        RequestInvalid: a figure cannot be read, or what is chosen does not go together.
    """
    kind, first, handed_out = (form.get(name, "") for name in ("kind", "first_with", "handed_out"))
    gives = _benefit(form, kind)
    if handed_out and (kind not in _COUPONS or first):
        raise RequestInvalid([Fault(pointer="handed_out", code="not_together", detail=_NO_COUPON)])
    if handed_out:
        return _coupon(form, gives, handed_out)
    if first and kind == "points":
        raise RequestInvalid([Fault(pointer="first_with", code="not_together", detail=_EVERY_PAYMENT)])
    if kind == "fee_waiver":
        return gives | ({"first_with": first} if first else {})
    return {"kind": "first_purchase", "first_with": first, "gives": gives} if first else gives


def fields_of(terms: wire.Terms) -> dict[str, str]:
    """The fields that say these terms."""
    fields: dict[str, str] = {}
    if isinstance(terms, wire.FirstPurchase):
        fields["first_with"], terms = terms.first_with, terms.gives
    elif isinstance(terms, wire.Coupon):
        fields, terms = _fields_of_coupon(terms), terms.gives
    facts = msgspec.to_builtins(terms)
    fields["kind"] = facts["kind"]
    if isinstance(terms, wire.FeeWaiver):
        fields["first_with"] = terms.first_with or ""
    if isinstance(terms, wire.ThresholdOff):
        tier = terms.tiers[0]
        fields |= {"/terms/threshold": typed(tier.threshold_minor), "/terms/off_minor": typed(tier.off_minor)}
        fields |= {"repeating": "on"} if terms.repeating else {}
    if isinstance(terms, wire.Points):
        fields |= {f"/terms/{name}": str(facts[name] or "") for name in ("points", "cap_points")}
        fields |= {f"/terms/programme/{name}": one for name, one in facts["programme"].items()}
    for name in ("off_minor", "min_spend_minor", "cap_minor", "per_minor", "worth_minor"):
        if facts.get(name):
            fields[f"/terms/{name}"] = typed(facts[name])
    for name in ("off_basis_points", "back_basis_points", "waived_basis_points"):
        if facts.get(name):
            fields["/terms/percent"] = share(facts[name])
    return fields


def _benefit(form: Mapping[str, str], kind: str) -> dict[str, Any]:
    least = {"min_spend_minor": amount(form, "/terms/min_spend_minor") or 0}
    most = {"cap_minor": amount(form, "/terms/cap_minor")}
    given: dict[str, Any] = {}
    match kind:
        case "amount_off":
            given = {"off_minor": amount(form, "/terms/off_minor"), **least}
        case "threshold_off":
            tier = {
                "threshold_minor": amount(form, "/terms/threshold"),
                "off_minor": amount(form, "/terms/off_minor"),
            }
            given = {"tiers": [tier], "repeating": "repeating" in form, **most}
        case "percent_off":
            given = {"off_basis_points": percent(form, "/terms/percent"), **least, **most}
        case "cashback":
            given = {"back_basis_points": percent(form, "/terms/percent"), **least, **most}
        case "points":
            given = {**_points(form), **least}
        case "fee_waiver":
            given = {"waived_basis_points": percent(form, "/terms/percent")}
        case _:
            pass  # the API says which kinds there are
    return {"kind": kind, **given}


def _points(form: Mapping[str, str]) -> dict[str, Any]:
    return {
        "programme": _programme(form, "/terms/programme"),
        "points": count(form, "/terms/points"),
        "per_minor": amount(form, "/terms/per_minor"),
        "worth_minor": amount(form, "/terms/worth_minor"),
        "cap_points": count(form, "/terms/cap_points"),
    }


def _coupon(form: Mapping[str, str], gives: dict[str, Any], handed_out: str) -> dict[str, Any]:
    coupon: dict[str, Any] = {
        "kind": "coupon",
        "gives": gives,
        "handed_out": handed_out,
        "per_person": count(form, "/terms/per_person") or 1,
    }
    if handed_out == "pushed":
        return coupon
    price = count(form, "/terms/price/points")
    coupon |= {name: count(form, f"/terms/{name}") for name in ("copies", "good_for_days")}
    if price is not None:
        coupon["price"] = {"programme": _programme(form, "/terms/price/programme"), "points": price}
    return coupon


def _fields_of_coupon(coupon: wire.Coupon) -> dict[str, str]:
    fields = {"handed_out": coupon.handed_out, "/terms/per_person": str(coupon.per_person)}
    fields |= {f"/terms/{name}": str(getattr(coupon, name) or "") for name in ("copies", "good_for_days")}
    if coupon.price is not None:
        programme = coupon.price.programme
        fields |= {
            "/terms/price/points": str(coupon.price.points),
            "/terms/price/programme/name": programme.name,
            "/terms/price/programme/owner": programme.owner,
        }
    return fields


def _programme(form: Mapping[str, str], at: str) -> dict[str, str]:
    return {name: form.get(f"{at}/{name}", "").strip() for name in ("name", "owner")}


def amount(form: Mapping[str, str], pointer: str) -> int | None:
    text = form.get(pointer, "").strip()
    return minor_typed(text, CURRENCY, pointer=pointer) if text else None


def count(form: Mapping[str, str], pointer: str) -> int | None:
    text = form.get(pointer, "").strip()
    if not text:
        return None
    if not _COUNT.fullmatch(text):
        raise RequestInvalid([Fault(pointer=pointer, code="invalid", detail=mark("Give a number."))])
    return int(text)


def percent(form: Mapping[str, str], pointer: str) -> int:
    """Percent in basis points."""
    try:
        points = minor_typed(form.get(pointer, "") or "0", CURRENCY, pointer=pointer)
    except RequestInvalid:
        points = -1
    if not 0 <= points <= WHOLE:
        raise RequestInvalid([Fault(pointer=pointer, code="wrong_percentage", detail=_NO_PERCENT)])
    return points


def typed(amount_minor: int | None) -> str:
    return "" if amount_minor is None else str(Decimal(amount_minor).scaleb(-2))


def share(basis_points: int) -> str:
    return f"{basis_points / 100:g}" if basis_points else ""
