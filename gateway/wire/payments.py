"""Payments, refunds and what a wallet is shown, on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.money import MAX_AMOUNT_MINOR, Amount, Given, PositiveAmount
from gateway.wire.receipts import Receipt
from gateway.wire.time import Time

# Of numbers that a list goes on from; the database's have 19 digits at most.
MAX_PLACE = 10**18 - 1
# A till's patience; longer waits are asked for again.
MAX_WAIT_S = 30
DEFAULT_WAIT_S = 10
# An order's code may be shown for two hours at most, five minutes if nothing is said.
MAX_ORDER_LIFE_S = 7200
DEFAULT_ORDER_LIFE_S = 300

OrderNo = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9._:/-]{1,64}$",
        description="The merchant's own number; one order is paid once",
        examples=["T7-000123"],
    ),
]
RefundNo = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9._:/-]{1,64}$",
        description="The merchant's own number of this refund",
        examples=["T7-000123-R1"],
    ),
]
ResourceId = Annotated[str, Meta(pattern="^[a-z]{3}_[0-9a-f]{32}$")]
WaitS = Annotated[
    int, Meta(ge=0, le=MAX_WAIT_S, description="Seconds to wait for a final state", examples=[10])
]
Text = Annotated[str, Meta(min_length=1, max_length=120)]

PaymentState = Literal[
    "requires_payer", "requires_confirmation", "processing", "authorized", "capturing", "reversing",
    "succeeded", "declined", "expired", "canceled", "reversed",
]  # fmt: skip
Benefit = Literal["discount", "cashback", "points", "fee_waiver"]
Category = Annotated[str, Meta(pattern="^[A-Za-z0-9._:/-]{1,64}$", examples=["fresh"])]
MembershipNo = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9._:-]{1,64}$",
        description="In your own programme, as the till read it; you vouch for it",
        examples=["M-20017"],
    ),
]
RefundState = Literal["processing", "succeeded", "failed"]
Capture = Literal["automatic", "manual"]
NextActionType = Literal["show_qr", "confirm", "capture", "wait", "pay_again", "none"]
QrForm = Literal["emv", "link"]
Direction = Literal["consumer_presented", "merchant_presented", "store_code"]


class CartLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods of one kind, at their full price together."""

    sku: Annotated[str, Meta(pattern="^[A-Za-z0-9._:/-]{1,64}$", examples=["6901234567892"])]
    amount_minor: Annotated[int, Meta(ge=1, le=MAX_AMOUNT_MINOR, examples=[5800])]
    category: Category | None = None


class PaymentRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A till's or a shop's wish to be paid.

    With `code`, the customer's payment code as scanned, the payment is made at once. Without it the answer carries
    a signed QR code for the customer to scan.
    """

    amount: PositiveAmount
    merchant_order_no: OrderNo
    code: Annotated[str, Meta(min_length=1, max_length=512, examples=["5012345678901234567"])] | None = None
    merchant_id: ResourceId | None = None
    store_id: ResourceId | None = None
    terminal_id: ResourceId | None = None
    description: Text | None = None
    expires_in_s: Annotated[int, Meta(ge=30, le=MAX_ORDER_LIFE_S)] = DEFAULT_ORDER_LIFE_S
    qr_form: QrForm = "emv"
    capture: Annotated[
        Capture, Meta(description="`manual` holds the amount until you capture it, all or part")
    ] = "automatic"
    items: Annotated[
        list[CartLine], Meta(max_length=200, description="The goods, for offers on some of them")
    ] = []
    membership_no: MembershipNo | None = None
    give_up_after_s: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=MAX_ORDER_LIFE_S,
                description="What is not decided by then is undone without being asked",
            ),
        ]
        | None
    ) = None
    wait_s: WaitS = DEFAULT_WAIT_S


class Reason(Struct, frozen=True, kw_only=True):
    """Why a payment or refund is where it is: a stable code, and words for a person."""

    code: Annotated[str, Meta(examples=["insufficient_funds"])]
    detail: str


class NextAction(Struct, frozen=True, kw_only=True):
    """What moves the payment on.

    `show_qr`: show `qr_payload` to the customer; `confirm`: the customer confirms in the wallet; `capture`: capture
    or cancel what is held; `wait`: nobody has to do anything, ask again; `pay_again`: the order may be paid by a new
    payment under its number; `none`: it is over.
    """

    type: NextActionType
    qr_payload: str | None = None


class AppliedOffer(Struct, frozen=True, kw_only=True):
    """An offer that was applied to the payment.

    Attributes:
        discount: what it took off the order.
        benefit: in which form it gives something.
        given: what it gives: the discount; cashback or points, which follow the payment; or the fee it spares you.
    """

    offer_id: ResourceId
    title: str
    discount: Amount
    benefit: Benefit
    given: Given


class Payment(Struct, frozen=True, kw_only=True):
    """A payment as its merchant sees it.

    Attributes:
        order: what the goods cost.
        discount: what co-branded offers take off; their funders pay it to the merchant.
        paid: what the customer pays: order less discount.
        fee: what the merchant pays to the bank.
        refunded: how much of `order` has been given back, pending refunds included.
        authorized: what was held of `order` before it was captured; null for a payment that is captured by itself.
        resolves_by: until then somebody may act, or the outcome is known; null once it is over.
        sequence: rises with every change; keep the highest.
    """

    id: ResourceId
    merchant_id: ResourceId
    store_id: ResourceId | None
    terminal_id: ResourceId | None
    merchant_order_no: str
    description: str | None
    direction: Direction
    state: PaymentState
    reason: Reason
    next_action: NextAction
    resolves_by: Time | None
    capture: Capture
    authorized: Amount | None
    order: Amount
    discount: Amount
    paid: Amount
    fee: Amount
    refunded: Amount
    offers: list[AppliedOffer]
    receipt: Receipt | None = None
    sequence: int
    created_at: Time
    updated_at: Time
    expires_at: Time | None


class PaymentQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to wait for a final state; 0 answers at once."""

    wait_s: WaitS = 0


class CancelOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cancel by order number: the way out of a till that lost every reply."""

    merchant_order_no: OrderNo
    merchant_id: ResourceId | None = None
    wait_s: WaitS = DEFAULT_WAIT_S


class Waiting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that needs nothing but a patience."""

    wait_s: WaitS = DEFAULT_WAIT_S


class CaptureRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take what is held: `amount` of the order, or all of it; what is not taken goes back to the customer."""

    amount: PositiveAmount | None = None
    wait_s: WaitS = DEFAULT_WAIT_S


class RefundRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give back part or all of an order; `amount` counts in order amount, before discounts."""

    merchant_refund_no: RefundNo
    amount: PositiveAmount
    reason: Text | None = None
    wait_s: WaitS = DEFAULT_WAIT_S


class RefundPreviewRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What would happen if this much of the order were given back."""

    amount: PositiveAmount


class RefundShares(Struct, frozen=True, kw_only=True):
    """Who gets what of a refund: `order` = `to_payer` + `deducted` + `to_funders`; and the fee back to the merchant.

    Attributes:
        to_funders: their part of the discount.
        deducted: from the customer's part, what they had got for it besides: cashback, and points they have spent. It
            goes to who funded those.
        taken: points that are taken back from the wallet.
    """

    order: Amount
    to_payer: Amount
    deducted: Amount
    to_funders: Amount
    fee_returned: Amount
    taken: list[Given]


class Refund(Struct, frozen=True, kw_only=True):
    """A refund as its merchant sees it."""

    id: ResourceId
    payment_id: ResourceId
    merchant_refund_no: str
    state: RefundState
    reason: Reason | None
    shares: RefundShares
    created_at: Time
    updated_at: Time


# What a wallet's backend signs of a payer.
PayerStatement = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
        max_length=8192,
        description=(
            "Who pays, in your signature: a JWT (RFC 7515, compact) with `typ` `payer+jwt`, signed with a key you "
            "sign in with. Claims: `iss` your client, `aud` this gateway, `iat` and `exp` at most 60 seconds apart, "
            "`jti`, `use`: `payment_code`, `code_credential`, `scan`, `confirm` or `coupon`, `of`: the `code` "
            "scanned, the `payment_id` or for a store code the `scan_id` confirmed, the credential renewed, the offer"
            " claimed from, `payable`: with `confirm`, as in the request, and `payer`: `id` and `person_id` (opaque, "
            "the same for all accounts of one natural person), `issuer`, `segments`, `factors` that verified the "
            "payer (0 to 3), `certificate`."
        ),
    ),
]


class PayerFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who pays, as the wallet's backend vouches for it in a payer statement.

    Attributes:
        id: the payer's account at the issuer.
        person_id: opaque, the same for all accounts of one natural person.
        factors: how many independent factors verified the payer, 0 to 3.
        certificate: whether a digital certificate or e-signature was one of them.
    """

    id: Annotated[str, Meta(pattern="^[A-Za-z0-9._:-]{1,64}$", examples=["wallet-1001"])]
    person_id: Annotated[str, Meta(pattern="^[A-Za-z0-9._:-]{1,64}$", examples=["person-1001"])]
    segments: Annotated[list[Annotated[str, Meta(pattern="^[a-z0-9_.-]{1,32}$")]], Meta(max_length=32)] = []
    factors: Annotated[int, Meta(ge=0, le=3)] = 1
    certificate: bool = False


class ScanRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The customer's wallet scanned a shop's code; `amount` is what the customer typed after scanning a store code."""

    code: Annotated[str, Meta(min_length=1, max_length=512)]
    payer: PayerStatement
    amount: PositiveAmount | None = None


class Scan(Struct, frozen=True, kw_only=True, tag_field="kind", tag="order_code"):
    """What a payer is shown before confirming: it binds nobody.

    `payable` and `quote` go back in `confirm`, so that nobody is charged another amount than they saw.
    """

    id: ResourceId
    payment_id: ResourceId
    merchant_name: str
    store_name: str | None
    description: str | None
    order: Amount
    discount: Amount
    payable: Amount
    offers: list[AppliedOffer]
    quote: str
    expires_at: Time


class StoreScan(Struct, frozen=True, kw_only=True, tag_field="kind", tag="store_code"):
    """What a payer is shown of a store code: whom they pay, and what their amount comes to once it is known.

    Scan again with `amount` to see the discount; `id`, `payable` and `quote` go into `POST /wallet/v1/payments`.
    """

    id: ResourceId
    merchant_name: str
    store_name: str | None
    currency: Annotated[str, Meta(examples=["CNY"])]
    order: Amount | None
    discount: Amount | None
    payable: Amount | None
    offers: list[AppliedOffer]
    quote: str | None


class StorePaymentRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payer agrees to pay by a store code: `amount` is the order, `payable` what is charged after discounts."""

    scan_id: ResourceId
    amount: PositiveAmount
    payable: PositiveAmount
    payer: PayerStatement
    quote: Annotated[str, Meta(max_length=64)] | None = None
    description: Text | None = None
    wait_s: WaitS = DEFAULT_WAIT_S


class TerminalQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after` is the `next` of the answer before; without it the latest are told, and nobody waits."""

    after: Annotated[int, Meta(ge=0, le=MAX_PLACE)] | None = None
    wait_s: WaitS = 0


class TerminalPayments(Struct, frozen=True, kw_only=True):
    """What a terminal was paid without having asked, oldest first; `next` continues from here."""

    items: list[Payment]
    next: int


class Confirmation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payer agrees to pay this amount.

    `scan_id` for a scanned order; without it the payer confirms a payment that the core asked about.
    """

    payable: PositiveAmount
    payer: PayerStatement
    scan_id: ResourceId | None = None
    quote: Annotated[str, Meta(max_length=64)] | None = None
    wait_s: WaitS = DEFAULT_WAIT_S


class Refusal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payer does not want to pay."""

    scan_id: ResourceId | None = None


class WalletPayment(Struct, frozen=True, kw_only=True):
    """A payment as its payer's wallet sees it; the wallet of another payer sees nothing."""

    id: ResourceId
    payer_id: str
    merchant_name: str
    store_name: str | None
    description: str | None
    state: PaymentState
    reason: Reason
    order: Amount
    discount: Amount
    payable: Amount
    refunded: Amount
    offers: list[AppliedOffer]
    sequence: int
    created_at: Time
    updated_at: Time
    expires_at: Time | None
