"""What codes of the API are called in front of people, and how they are coloured."""

from collections.abc import Mapping
from typing import Final

from gateway.pages.texts import mark

Tone = str
"""A badge's class: `good`, `wait`, `bad`, or none."""

PAYMENT_STATES: Final[Mapping[str, str]] = {
    "requires_payer": mark("Waits for a payer"),
    "requires_confirmation": mark("Waits for the payer's yes"),
    "processing": mark("Processing"),
    "authorized": mark("Held"),
    "capturing": mark("Being captured"),
    "reversing": mark("Being undone"),
    "succeeded": mark("Succeeded"),
    "declined": mark("Declined"),
    "expired": mark("Expired"),
    "canceled": mark("Canceled"),
    "reversed": mark("Undone"),
}
REFUND_STATES: Final[Mapping[str, str]] = {
    "processing": mark("Processing"),
    "succeeded": mark("Succeeded"),
    "failed": mark("Failed"),
}
REASONS: Final[Mapping[str, str]] = {
    "awaits_payer": mark("Nobody has paid yet."),
    "payer_must_confirm": mark("The payer has to confirm in the wallet."),
    "awaits_core": mark("The wallet core has not answered yet."),
    "held": mark("The amount is held and waits to be captured."),
    "being_undone": mark("It is being undone."),
    "paid": mark("The money has moved."),
    "declined": mark("Declined; nothing was moved."),
    "expired": mark("Its time is over; nothing was moved."),
    "canceled": mark("Canceled; the payer is not charged."),
    "reversed": mark("Undone; the payer is not charged."),
    "not_confirmed_in_time": mark("Nobody confirmed in time."),
    "canceled_by_merchant": mark("Canceled by you; the payer is not charged."),
    "payer_limit_exceeded": mark("It is above the payer's daily limit."),
    "authorization_expired": mark("Nobody captured in time; what was held goes back."),
    "declined_by_risk": mark("It cannot be made with this wallet now."),
    "step_up": mark("The payer has to confirm this amount in the wallet."),
    "declined_by_payer": mark("The payer declined in the wallet."),
    "outcome_in_doubt": mark("The wallet core did not answer in time; it is being undone."),
    "undone_in_doubt": mark("The wallet core did not answer in time; it was undone."),
    "insufficient_funds": mark("The wallet's balance is too low."),
}
DIRECTIONS: Final[Mapping[str, str]] = {
    "consumer_presented": mark("The customer's code was scanned"),
    "merchant_presented": mark("The customer scanned the order's code"),
    "store_code": mark("The customer scanned the store's code"),
}
KINDS: Final[Mapping[str, str]] = {
    "supermarket": mark("Shops"),
    "mall": mark("Mall"),
    "tenant": mark("Tenant"),
    "platform": mark("Platform"),
    "seller": mark("Seller"),
}
KIND_HINTS: Final[Mapping[str, str]] = {
    "supermarket": mark("One or more shops of your own"),
    "mall": mark("A house whose tenants are paid at their own tills"),
    "platform": mark("A site or app whose sellers are paid through you"),
}
MERCHANT_STATES: Final[Mapping[str, str]] = {
    "active": mark("Active"),
    "suspended": mark("Suspended"),
    "closed": mark("Closed"),
}
PLACE_STATES: Final[Mapping[str, str]] = {
    "active": mark("Active"),
    "closed": mark("Closed"),
    "retired": mark("Retired"),
}
DELIVERY_STATES: Final[Mapping[str, str]] = {
    "pending": mark("Waits"),
    "sending": mark("Being sent"),
    "delivered": mark("Delivered"),
    "exhausted": mark("Given up"),
    "expired": mark("Expired"),
    "skipped": mark("Skipped"),
}
DISABLED: Final[Mapping[str, str]] = {
    "by_partner": mark("Disabled by you; its events are held."),
    "gone": mark("It answered 410, so nothing is sent there; its events are held."),
    "failing": mark("Every attempt of five days failed, so nothing is sent there; its events are held."),
}
CIRCUITS: Final[Mapping[str, str]] = {
    "closed": mark("Answers"),
    "half_open": mark("Being tried again"),
    "open": mark("Left in peace for a moment"),
}
OFFER_STATES: Final[Mapping[str, str]] = {
    "draft": mark("Draft"),
    "proposed": mark("Proposed"),
    "countered": mark("Counter-offer"),
    "agreed": mark("Agreed"),
    "scheduled": mark("Scheduled"),
    "live": mark("Live"),
    "paused": mark("Paused"),
    "exhausted": mark("Used up"),
    "ended": mark("Ended"),
}
FUNDERS: Final[Mapping[str, str]] = {
    "bank": mark("The bank pays"),
    "partner": mark("You pay"),
    "seller": mark("The merchant paid pays"),
    "other": mark("A third party pays"),
}
PURPOSES: Final[Mapping[str, str]] = {
    "assertion": mark("Signing in"),
    "agreement": mark("Signing agreements"),
}
DEEDS: Final[Mapping[str, str]] = {
    "send": mark("Sent to the wallet core"),
    "query": mark("The wallet core was asked"),
    "reverse": mark("The wallet core was told to undo it"),
}
OUTCOMES: Final[Mapping[str, str]] = {
    "approved": mark("approved"),
    "declined": mark("declined"),
    "confirmation_required": mark("the payer has to confirm"),
    "pending": mark("not decided yet"),
    "reversed": mark("undone"),
    "tombstoned": mark("never to be done"),
    "not_found": mark("not known there"),
    "unknown": mark("no answer"),
    "not_sent": mark("not reached"),
}
EVENTS: Final[Mapping[str, str]] = {
    "payment.requires_confirmation": mark("The payer is asked to confirm"),
    "payment.authorized": mark("The amount is held"),
    "payment.succeeded": mark("Paid"),
    "payment.declined": mark("Declined"),
    "payment.expired": mark("Expired"),
    "payment.canceled": mark("Canceled"),
    "payment.reversed": mark("Undone"),
    "refund.succeeded": mark("Refund paid out"),
    "refund.failed": mark("Refund failed"),
    "discount.reserved": mark("Discount set aside"),
    "discount.redeemed": mark("Discount given"),
    "discount.released": mark("Discount let go"),
    "discount.clawed_back": mark("Discount given back to its funders"),
}
APPLICATION_STATES: Final[Mapping[str, str]] = {
    "draft": mark("Draft"),
    "submitted": mark("Submitted"),
    "under_review": mark("Under review"),
    "needs_more_info": mark("More is asked"),
    "to_be_verified": mark("Account to be verified"),
    "to_be_signed": mark("Agreement to be signed"),
    "approved": mark("Approved"),
    "active": mark("Active"),
    "rejected": mark("Rejected"),
    "withdrawn": mark("Withdrawn"),
    "expired": mark("Expired"),
}
CHANGE_STATES: Final[Mapping[str, str]] = {
    "submitted": mark("Waits for the bank"),
    "under_review": mark("Under review"),
    "approved": mark("In force"),
    "rejected": mark("Rejected"),
    "withdrawn": mark("Withdrawn"),
}
BULK_STATES: Final[Mapping[str, str]] = {
    "reading": mark("Being read"),
    "checked": mark("Waits for the bank"),
    "under_review": mark("Under review"),
    "admitting": mark("Being admitted"),
    "done": mark("Done"),
    "rejected": mark("Rejected"),
}
PAPERS: Final[Mapping[str, str]] = {
    "business_licence": mark("Business licence"),
    "representative_id": mark("The representative's identity document"),
    "owner_id": mark("An owner's identity document"),
    "bank_account": mark("Proof of the account"),
    "store_photo": mark("Photo of a store"),
    "qualification": mark("Permit of the trade"),
    "agreement": mark("Agreement on paper"),
    "other": mark("Something else"),
}
TONES: Final[Mapping[str, Tone]] = {
    **dict.fromkeys(("succeeded", "delivered", "active", "live", "enabled", "approved", "verified", "done"), "good"),
    **dict.fromkeys(
        (
            "requires_payer", "requires_confirmation", "processing", "authorized", "capturing", "reversing",
            "pending", "sending", "submitted", "under_review", "needs_more_info", "to_be_verified", "to_be_signed",
            "proposed", "countered", "agreed", "scheduled", "paused", "reading", "checked", "admitting",
        ),
        "wait",
    ),
    **dict.fromkeys(
        ("declined", "failed", "exhausted", "disabled", "rejected", "suspended", "unknown"), "bad"
    ),
}  # fmt: skip


def tone(state: str) -> Tone:
    return TONES.get(state, "")
