"""Co-branded offers on the wire: their terms, and where they stand."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.wire.money import MAX_AMOUNT_MINOR, Currency
from gateway.wire.page import PageQuery, next_id
from gateway.wire.payments import Category, ResourceId
from gateway.wire.time import Time

# As many as a version may list; a longer list is a segment or a sub-merchant of its own.
MAX_TARGETS = 1000

Minor = Annotated[
    int,
    Meta(ge=1, le=MAX_AMOUNT_MINOR, description="In minor units of the offer's currency", examples=[2000]),
]
BasisPoints = Annotated[int, Meta(ge=1, le=10_000, description="Hundredths of a percent", examples=[6000])]
Uses = Annotated[int, Meta(ge=1, le=1_000_000, examples=[3])]
Name = Annotated[
    str, Meta(min_length=1, max_length=60, description="Shown to payers", examples=["满100减20"])
]
Hash = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{64}$",
        description="The `hash` of the version you read; another version's is refused",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Words = Annotated[str, Meta(max_length=500, description="In words, for the other side")]
Clock = Annotated[
    str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Asia/Shanghai", examples=["18:30"])
]
Segment = Annotated[str, Meta(pattern="^[A-Za-z0-9_.:-]{1,64}$", examples=["new_customer"])]
MerchantId = Annotated[
    str, Meta(pattern="^mer_[0-9a-f]{32}$", examples=["mer_0193a2b4c5d67e8f9a0b1c2d00000007"])
]
StoreId = Annotated[
    str, Meta(pattern="^sto_[0-9a-f]{32}$", examples=["sto_0193a2b4c5d67e8f9a0b1c2d00000007"])
]
CodeKind = Literal["payment_code", "offline_payment_code", "order_code", "store_code"]
Funder = Literal["bank", "partner", "seller", "other"]
FirstWith = Literal["wallet", "partner"]
OfferId = Annotated[
    str, Meta(pattern="^ofr_[0-9a-f]{32}$", examples=["ofr_0193a2b4c5d67e8f9a0b1c2d00000007"])
]
Sku = Annotated[str, Meta(pattern="^[A-Za-z0-9._:/-]{1,64}$", examples=["6901234567892"])]
Side = Literal["bank", "partner"]
Party = Annotated[
    str,
    Meta(
        pattern="^(bank|partner|mer_[0-9a-f]{32})$",
        description="A side, or the `partner_id` of a third party that pays a share",
        examples=["partner"],
    ),
]
OfferState = Literal[
    "draft", "proposed", "countered", "agreed", "scheduled", "live", "paused", "exhausted", "ended",
]  # fmt: skip


class AmountOff(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="amount_off"
):
    """A fixed amount off, from a minimum spend on."""

    off_minor: Minor
    min_spend_minor: Annotated[int, Meta(ge=0, le=MAX_AMOUNT_MINOR)] = 0


class Tier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Spend this much, get this much off."""

    threshold_minor: Annotated[int, Meta(ge=1, le=MAX_AMOUNT_MINOR, examples=[10000])]
    off_minor: Minor


class ThresholdOff(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="threshold_off"
):
    """满减: the highest tier the order reaches; or, `repeating`, its one tier as often as the order holds it."""

    tiers: Annotated[list[Tier], Meta(min_length=1, max_length=10)]
    repeating: bool = False
    cap_minor: Minor | None = None


class PercentOff(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="percent_off"
):
    """A percentage of what earlier offers have left to pay; fractions of a minor unit are dropped."""

    off_basis_points: Annotated[int, Meta(ge=1, le=9_999, examples=[1200])]
    min_spend_minor: Annotated[int, Meta(ge=0, le=MAX_AMOUNT_MINOR)] = 0
    cap_minor: Minor | None = None


class Cashback(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="cashback"
):
    """A percentage of what was paid, credited to the wallet after the payment; a refund takes its part back."""

    back_basis_points: Annotated[int, Meta(ge=1, le=9_999, examples=[300])]
    min_spend_minor: Annotated[int, Meta(ge=0, le=MAX_AMOUNT_MINOR)] = 0
    cap_minor: Minor | None = None


class Programme(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A programme of points: your own, or the bank's. Two partners' programmes of one name are two."""

    name: Annotated[str, Meta(pattern="^[a-z0-9_-]{1,16}$", examples=["club"])]
    owner: Literal["bank", "partner"] = "partner"


class Points(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="points"):
    """So many points for every whole `per_minor` that was paid; budgets and caps of such an offer count points.

    `worth_minor` is what a hundred points are worth: at this rate points that were spent already are deducted from a
    refund. For double points on members' day, make a second offer of the same stacking group.
    """

    programme: Programme
    points: Annotated[int, Meta(ge=1, le=1_000_000, examples=[2])]
    per_minor: Annotated[int, Meta(ge=1, le=MAX_AMOUNT_MINOR, examples=[100])]
    worth_minor: Annotated[int, Meta(ge=1, le=1_000_000, examples=[100])]
    min_spend_minor: Annotated[int, Meta(ge=0, le=MAX_AMOUNT_MINOR)] = 0
    cap_points: Annotated[int, Meta(ge=1, le=MAX_AMOUNT_MINOR)] | None = None


class FeeWaiver(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="fee_waiver"
):
    """The merchant is spared its fee or a part of it; on a payer's first payment, or on all in the offer's window."""

    waived_basis_points: BasisPoints = 10_000
    first_with: FirstWith | None = None


class FirstPurchase(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="first_purchase"
):
    """Once for each natural person: on their first payment with the wallet, or with you."""

    first_with: FirstWith
    gives: AmountOff | ThresholdOff | PercentOff | Cashback


class PointsPrice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What claiming a coupon costs: by this, points are redeemed."""

    programme: Programme
    points: Annotated[int, Meta(ge=1, le=MAX_AMOUNT_MINOR, examples=[500])]


class Coupon(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="coupon"):
    """Used by itself when it is the best for whoever holds it.

    `claimed` ones are claimed in the wallet beforehand, `copies` in all and `per_person` each, for `good_for_days`;
    `pushed` ones lie in the wallet of everybody in the offer's segments.
    """

    gives: AmountOff | ThresholdOff | PercentOff
    handed_out: Literal["claimed", "pushed"]
    copies: Annotated[int, Meta(ge=1, le=100_000_000)] | None = None
    per_person: Annotated[int, Meta(ge=1, le=1_000)] = 1
    good_for_days: Annotated[int, Meta(ge=1, le=3_660)] | None = None
    price: PointsPrice | None = None


Terms = AmountOff | ThresholdOff | PercentOff | Cashback | Points | FeeWaiver | FirstPurchase | Coupon


class Hours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `start` up to `end`; an end at or before the start is the next morning's."""

    start: Clock
    end: Clock


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where, when and for whom; an empty list is everywhere, always or everybody.

    Days and hours are Asia/Shanghai's, first and last day included; weekdays are 1 (Monday) to 7. A payer is
    meant who has one of the `segments`, which the wallet supplies. With `items` or `categories` the offer looks at, and
    is given on, those goods of the payment alone.
    """

    starts_on: date
    ends_on: date
    weekdays: Annotated[list[Annotated[int, Meta(ge=1, le=7)]], Meta(max_length=7)] = []
    hours: Annotated[list[Hours], Meta(max_length=24)] = []
    merchants: Annotated[list[MerchantId], Meta(max_length=MAX_TARGETS)] = []
    stores: Annotated[list[StoreId], Meta(max_length=MAX_TARGETS)] = []
    code_kinds: Annotated[list[CodeKind], Meta(max_length=4)] = []
    segments: Annotated[list[Segment], Meta(max_length=100)] = []
    dates: Annotated[list[date], Meta(max_length=366, description="Only these days, such as 双11")] = []
    items: Annotated[list[Sku], Meta(max_length=MAX_TARGETS)] = []
    categories: Annotated[list[Category], Meta(max_length=MAX_TARGETS)] = []
    members: Annotated[bool, Meta(description="Only with a membership number of your programme")] = False


class Budgets(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the offer may cost all funders together, in what it gives; days are Asia/Shanghai's."""

    total_minor: Minor
    daily_minor: Minor | None = None
    per_store_minor: Minor | None = None
    refund_returns: Annotated[bool, Meta(description="Whether a refund gives the budget its part back")] = (
        True
    )


class PersonCaps(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one natural person gets, over all their wallets."""

    uses: Uses | None = None
    uses_per_day: Uses | None = None
    amount_minor: Minor | None = None
    amount_per_day_minor: Minor | None = None


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A funder's part; `seller` is whichever merchant is paid, at its own till.

    `other` is a third party, named by its `partner_id`; the offer is not agreed before it has accepted the version.
    """

    funder: Funder
    basis_points: BasisPoints
    partner_id: MerchantId | None = None


class Funding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares that sum to 10,000, each rounded down; `rounding` pays the odd minor unit."""

    shares: Annotated[list[Share], Meta(min_length=1, max_length=5)]
    rounding: Funder


class Stacking(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One offer of a `group` at most, nothing beside an `exclusive` one; lower `priority` is taken off first."""

    group: Annotated[str, Meta(pattern="^[a-z0-9_-]{1,32}$")] | None = None
    priority: Annotated[int, Meta(ge=0, le=1000)] = 100
    exclusive: bool = False


class Deal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What both sides agree on; amounts are in minor units of `currency`."""

    name: Name
    currency: Currency
    terms: Terms
    target: Target
    budgets: Budgets
    funding: Funding
    person_caps: PersonCaps = PersonCaps()
    stacking: Stacking = Stacking()


class DealChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New terms for the version with this hash: the sections sent replace its own, whole."""

    hash: Hash
    name: Name | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    terms: Terms | UnsetType = UNSET
    target: Target | UnsetType = UNSET
    budgets: Budgets | UnsetType = UNSET
    funding: Funding | UnsetType = UNSET
    person_caps: PersonCaps | UnsetType = UNSET
    stacking: Stacking | UnsetType = UNSET


class Acceptance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly this version and no other."""

    hash: Hash


class StateChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why; the other side reads it."""

    reason: Words = ""


class FunderAcceptance(Struct, frozen=True, kw_only=True):
    """A third party that the version would have pay: since when it stands by its share, or does not any more."""

    partner_id: ResourceId
    accepted_at: Time | None
    withdrawn_at: Time | None


class Offer(Struct, frozen=True, kw_only=True):
    """An offer's current version and where it stands.

    Attributes:
        hash: SHA-256 of the version; what both sides accept.
        made_by: who put this version on the table.
        funders: the third parties among those who pay, who have to accept it too.
        paused_by: who wants it paused; it runs again when nobody does.
        sequence: rises with every change; keep the highest.
    """

    id: ResourceId
    partner_id: ResourceId
    state: OfferState
    version: int
    hash: str
    deal: Deal
    made_by: Side
    reason: str
    funders: list[FunderAcceptance]
    paused_by: list[Party]
    partner_accepted_at: Time | None
    bank_accepted_at: Time | None
    sequence: int
    created_at: Time
    updated_at: Time


class FundedOfferQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the offers of others that one pays a share of."""

    cursor: Annotated[str, next_id("ofr")] | None = None


class OfferFilter(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Offers in this state; in any without."""

    cursor: Annotated[str, next_id("ofr")] | None = None
    state: OfferState | None = None
