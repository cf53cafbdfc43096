"""What codes are called on pages, and in which tone: `good`, `wait`, `bad` or none."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from gateway.pages.texts import mark
from gateway.wire.money import Amount, PositiveAmount
from gateway.wire.offers import Offer
from merchants.money import exponent

Named = Mapping[str, tuple[str, str]]

ROLES: Final = {
    "reviewer": mark("Reviewer"),
    "approver": mark("Approver"),
    "risk": mark("Risk"),
    "auditor": mark("Auditor"),
}

CASES: Final[Named] = {
    "submitted": (mark("Waiting"), "wait"),
    "under_review": (mark("Under review"), "wait"),
    "needs_more_info": (mark("Asked back"), ""),
    "to_be_verified": (mark("Verifying account"), ""),
    "to_be_signed": (mark("To be signed"), ""),
    "approved": (mark("Approved"), "good"),
    "active": (mark("Active"), "good"),
    "draft": (mark("Draft"), ""),
    "rejected": (mark("Rejected"), "bad"),
    "withdrawn": (mark("Withdrawn"), ""),
    "expired": (mark("Expired"), ""),
}

CHANGES: Final[Named] = {
    "submitted": (mark("Waiting"), "wait"),
    "under_review": (mark("Under review"), "wait"),
    "approved": (mark("Approved"), "good"),
    "rejected": (mark("Rejected"), "bad"),
    "withdrawn": (mark("Withdrawn"), ""),
}

BULKS: Final[Named] = {
    "checked": (mark("Waiting"), "wait"),
    "under_review": (mark("Under review"), "wait"),
    "reading": (mark("Being read"), ""),
    "admitting": (mark("Being admitted"), ""),
    "done": (mark("Done"), "good"),
    "rejected": (mark("Rejected"), "bad"),
}

OFFERS: Final[Named] = {
    "proposed": (mark("To co-sign"), "wait"),
    "countered": (mark("Countered"), ""),
    "live": (mark("Live"), "good"),
    "scheduled": (mark("Scheduled"), ""),
    "paused": (mark("Paused"), "wait"),
    "exhausted": (mark("Exhausted"), "bad"),
    "ended": (mark("Ended"), ""),
    "agreed": (mark("Agreed"), "good"),
    "draft": (mark("Draft"), ""),
}
OFFER_LISTS: Final[Named] = {code: one for code, one in OFFERS.items() if code not in {"agreed", "draft"}}

MERCHANTS: Final[Named] = {
    "active": (mark("Active"), "good"),
    "suspended": (mark("Suspended"), "bad"),
    "closed": (mark("Closed"), ""),
}

KINDS: Final = {
    "supermarket": mark("Supermarket"),
    "mall": mark("Mall"),
    "tenant": mark("Mall tenant"),
    "platform": mark("Platform"),
    "seller": mark("Platform seller"),
}

FORMS: Final = {"company": mark("Company"), "sole_trader": mark("Sole trader")}
PROOFS: Final = {
    "resident_id": mark("Resident identity card"),
    "passport": mark("Passport"),
    "residence_permit": mark("Residence permit"),
}
PAPERS: Final = {
    "business_licence": mark("Business licence"),
    "representative_id": mark("Representative's identity document"),
    "owner_id": mark("Owner's identity document"),
    "bank_account": mark("Account certificate"),
    "store_photo": mark("Photo of a store"),
    "qualification": mark("Permit of the trade"),
    "agreement": mark("Agreement"),
    "other": mark("Other paper"),
}
SECTIONS: Final = {
    "licence": mark("Business licence"),
    "legal_representative": mark("Legal representative"),
    "owners": mark("Ultimate owners"),
    "contact": mark("Contact"),
    "short_name": mark("Name customers see"),
    "city": mark("City"),
    "mcc": mark("Trade (MCC)"),
    "settlement": mark("Settlement account"),
    "stores": mark("Stores"),
    "online": mark("Online"),
    "terms": mark("Fee and limit"),
}
PERSONAL: Final = ("legal_representative", "owners", "contact", "settlement")
SEARCHES: Final = {
    "document_number": mark("Identity document's number"),
    "account_number": mark("Account number"),
    "phone": mark("Telephone"),
    "email": mark("E-mail"),
}

# What an operator may ask back about, by its place in the application.
FIELDS: Final = {
    "/licence": mark("Business licence"),
    "/licence/name": mark("Name on the licence"),
    "/licence/credit_code": mark("Unified social credit code"),
    "/licence/address": mark("Licence address"),
    "/licence/valid_until": mark("Licence valid until"),
    "/legal_representative": mark("Legal representative"),
    "/owners": mark("Ultimate owners"),
    "/contact": mark("Contact"),
    "/short_name": mark("Name customers see"),
    "/mcc": mark("Trade (MCC)"),
    "/settlement": mark("Settlement account"),
    "/stores": mark("Stores"),
    "/online": mark("Online"),
    "/documents/business_licence": mark("Paper: business licence"),
    "/documents/representative_id": mark("Paper: representative's identity document"),
    "/documents/bank_account": mark("Paper: account certificate"),
    "/documents/qualification": mark("Paper: permit of the trade"),
}

TERMS: Final = {
    "amount_off": mark("Amount off"),
    "threshold_off": mark("Off from a threshold on"),
    "percent_off": mark("Percentage off"),
    "cashback": mark("Cashback"),
    "points": mark("Points"),
    "fee_waiver": mark("Fee waived"),
    "first_purchase": mark("First purchase"),
    "coupon": mark("Coupon"),
}
MEMBERS: Final = {
    "tiers": mark("Spend and get off"),
    "repeating": mark("As often as it fits"),
    "off_minor": mark("Off"),
    "off_basis_points": mark("Off"),
    "back_basis_points": mark("Given back"),
    "waived_basis_points": mark("Of the fee waived"),
    "min_spend_minor": mark("From a spend of"),
    "cap_minor": mark("Off at most"),
    "cap_points": mark("Points at most"),
    "programme": mark("Programme"),
    "points": mark("Points"),
    "per_minor": mark("For every"),
    "worth_minor": mark("A hundred are worth"),
    "first_with": mark("First with"),
    "handed_out": mark("Handed out"),
    "copies": mark("Copies"),
    "per_person": mark("For each person"),
    "good_for_days": mark("Good for days"),
    "price": mark("Price"),
}
FUNDERS: Final = {
    "bank": mark("The bank"),
    "partner": mark("The partner"),
    "seller": mark("The selling merchant"),
    "other": mark("A third party"),
}
SIDES: Final = {"bank": mark("The bank"), "partner": mark("The partner")}

PURPOSES: Final = {
    "payment": mark("Payment"),
    "capture": mark("Capture"),
    "release": mark("Release"),
    "refund": mark("Refund"),
    "verification": mark("Account verification"),
}
ACTIONS: Final = {"query": mark("Ask the core"), "reverse": mark("Reverse it")}
ATTEMPTS: Final = {"send": mark("Sent"), "query": mark("Asked"), "reverse": mark("Reversed")}

VELOCITY: Final[Named] = {
    "decline": (mark("Declined"), "bad"),
    "step_up": (mark("Confirmation asked for"), "wait"),
}


def pace_of(subject: str) -> str:
    """Whose pace a velocity rule watched: a payer is told by its issuer, the others by their ids."""
    kinds = {"mer_": mark("Merchant"), "trm_": mark("Till")}
    return kinds.get(subject[:4], mark("Payer"))


# Why a payment was declined: short enough for a legend. The core's reasons first, then ours.
DECLINES: Final = {
    "insufficient_funds": mark("Balance too small"),
    "payer_unknown": mark("Payer unknown to the core"),
    "currency_not_supported": mark("Currency not held"),
    "merchant_balance_insufficient": mark("Merchant's account too small"),
    "funder_balance_insufficient": mark("Funder's account too small"),
    "parent_not_found": mark("Earlier transfer not found"),
    "parent_not_succeeded": mark("Earlier transfer moved nothing"),
    "exceeds_parent": mark("More than the earlier transfer"),
    "hold_closed": mark("Hold is over"),
    "not_told": mark("No reason told"),
    "declined": mark("Declined by the core"),
    "declined_by_payer": mark("Declined by the payer"),
    "declined_by_risk": mark("Stopped by a velocity rule"),
    "payer_limit_exceeded": mark("Above the payer's limit"),
    "confirmation_impossible": mark("Phone without network"),
    "step_up": mark("Confirmation needed"),
}

DONE: Final = {
    "taken": mark("You have taken it; somebody else approves it."),
    "proposed": mark("Your terms are proposed."),
    "asked": mark("The applicant has been asked."),
    "approved": mark("Approved."),
    "rejected": mark("Rejected; the reason was passed on."),
    "overridden": mark("The credit code may pass."),
    "accepted": mark("Co-signed: the offer is agreed."),
    "countered": mark("Your counter-offer is with the partner."),
    "paused": mark("Paused: no payment gets it from now on."),
    "resumed": mark("It runs again, unless the partner wants it paused."),
    "ended": mark("Ended for good."),
    "suspended": mark("Suspended: nothing is paid from now on."),
    "trading": mark("It may trade again."),
    "closed": mark("Closed for good."),
    "hired": mark("Proposed; another approver confirms it."),
    "confirmed": mark("Confirmed: they may sign in."),
    "declined": mark("Turned down."),
    "revoked": mark("Revoked, with all its tokens."),
    "requested": mark("Asked for; somebody else approves it under change requests."),
}


def major(amount: Amount | PositiveAmount) -> str:
    """As it is typed into a form: `500.00`."""
    return plain(amount.amount_minor, amount.currency)


def age(seconds: float) -> str:
    """`4 s`, `12:05`, `3:02:00`: short enough for a column."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{int(seconds)} s"
    text = str(timedelta(seconds=int(seconds)))
    return text.removeprefix("0:") if text.startswith("0:") else text


def plain(amount_minor: int, currency: str) -> str:
    """Minor units as they are typed into a form."""
    digits = exponent(currency)
    return f"{Decimal(amount_minor).scaleb(-digits):.{digits}f}"


def kind_of(terms: Struct) -> str:
    """The tag that says which kind of offer it is."""
    return str(type(terms).__struct_config__.tag)


def share_of(offer: Offer, funder: str) -> int:
    """In basis points; 0 where it pays nothing."""
    return sum(one.basis_points for one in offer.deal.funding.shares if one.funder == funder)


def given(offer: Offer, minor: Callable[[int, str], str], number: Callable[[int], str]) -> str:
    """The budget, in what the offer gives."""
    total = offer.deal.budgets.total_minor
    return number(total) if kind_of(offer.deal.terms) == "points" else minor(total, offer.deal.currency)


def term(
    name: str, value: Any, currency: str, minor: Callable[[int, str], str], number: Callable[[float], str]
) -> str:
    """One of an offer's terms by the unit that its name ends with."""
    if isinstance(value, list):
        return "; ".join(" → ".join(minor(one, currency) for one in tier.values()) for tier in value)
    if isinstance(value, bool):
        return "✓" if value else "–"
    if not isinstance(value, int):
        return str(value.get("name", value)) if isinstance(value, dict) else str(value)
    if name.endswith("_minor"):
        return minor(value, currency)
    return number(value / 100) + " %" if name.endswith("basis_points") else number(value)
