"""What can go wrong with an offer; each docstring is the sentence the caller reads."""

from dataclasses import dataclass

from merchants.errors import MerchantsError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing in an offer that cannot be meant: where (JSON pointer) and what (a key of `FAULTS`)."""

    pointer: str
    code: str

    @property
    def detail(self) -> str:
        return FAULTS[self.code]


FAULTS = {
    "amount_not_positive": "An amount here must be at least one minor unit; leave it out for no bound.",
    "percent_out_of_range": "A percentage off lies between 1 and 9,999 basis points.",
    "tiers_out_of_range": "One to ten tiers, and exactly one when it repeats.",
    "off_reaches_threshold": "A tier takes off at least one minor unit and less than its threshold.",
    "tiers_do_not_rise": "Each tier asks for more and gives more than the one before.",
    "dates_reversed": "The last day lies before the first.",
    "weekday_unknown": "Weekdays are 1 (Monday) to 7 (Sunday).",
    "too_many_targets": "More entries than a version may list.",
    "budget_missing": "The budget holds at least one minor unit.",
    "shares_do_not_sum": "Funding shares are positive and sum to 10,000 basis points.",
    "funder_twice": "Each funder stands once in the funding.",
    "absorber_not_a_funder": "Whoever absorbs the rounding must be one of the funders.",
    "cap_not_positive": "A cap must be at least 1; leave it out for no cap.",
    "fee_is_the_banks": "The fee is the bank's: a fee waiver is funded by the bank alone.",
    "claimed_coupons_only": "Only coupons that are claimed have this; pushed ones lie in every wallet of the segment.",
    "funder_unnamed": "A further funder is named by its partner id, and nobody else is.",
    "too_many_funders": "Two further funders at most, or a payment's transfer has more legs than a core takes.",
    "unit_changed": "Payments have had this offer in another currency or programme: make a new offer instead.",
    "currency_unknown": "No ISO 4217 currency with a minor unit.",
}


class OfferNotFound(MerchantsError):
    """You have no offer with this id; list yours with GET /v1/offers."""


class OfferUnsound(MerchantsError):
    """These terms contradict themselves; correct every field listed and send the offer again."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__([fault.code for fault in faults])
        self.faults = tuple(faults)
        self.pointer = faults[0].pointer


class OfferHashMismatch(MerchantsError):
    """The hash is not that of the current version; read the offer again and accept what it says now."""

    pointer = "/hash"


class OfferStateForbids(MerchantsError):
    """The offer's state does not allow this; read the offer for its state and what may follow."""

    def __init__(self, state: str, deed: str) -> None:
        super().__init__(state, deed)
        self.state = state
        self.deed = deed


class OfferTargetNotFound(MerchantsError):
    """The offer names a merchant or store that is not the partner's; name its own, or none for all of them."""

    pointer = "/target"

    def __init__(self, unknown: list[str]) -> None:
        super().__init__(unknown)
        self.unknown = tuple(unknown)


class OfferFunderNotFound(MerchantsError):
    """The offer names a third party that is no partner of the bank's; name partners that are active."""

    pointer = "/funding/shares"

    def __init__(self, unknown: list[str]) -> None:
        super().__init__(unknown)
        self.unknown = tuple(unknown)


class FunderHasNotAccepted(MerchantsError):
    """A third party named in the funding has not accepted this version; ask it to, and repeat the call then."""

    def __init__(self, waits_for: tuple[str, ...]) -> None:
        super().__init__(waits_for)
        self.waits_for = waits_for


class FundingWithdrawn(MerchantsError):
    """You took your share of this version back; whoever offers it has to propose a new one, which you may accept."""


class CouponNotOffered(MerchantsError):
    """There is no such coupon to be claimed now; read the payer's benefits for those that there are."""


class CouponsHandedOut(MerchantsError):
    """All copies of this coupon are handed out, or this person has claimed as many as one may."""


class PointsShort(MerchantsError):
    """The payer has not enough points for this coupon; nothing was taken."""


class OfferIsOver(MerchantsError):
    """The offer's last day has passed; give it new dates, which is a new version."""

    pointer = "/target/ends_on"


class TooManyLiveOffers(MerchantsError):
    """The partner has as many live offers as one payment can weigh up; end or pause one first."""


class OffersChanging(MerchantsError):
    """The merchant's offers are being changed at this moment; nothing happened, so repeat the call."""
