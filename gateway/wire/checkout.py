"""Checkout sessions on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.money import MAX_AMOUNT_MINOR, Amount, PositiveAmount
from gateway.wire.payments import MAX_ORDER_LIFE_S, Category, MembershipNo, OrderNo, Reason, ResourceId, Text
from gateway.wire.time import Time

# As long as a customer looks for their phone and their glasses.
DEFAULT_SESSION_LIFE_S = 900
MAX_LINES = 50

CheckoutState = Literal["open", "completed", "expired"]
ReturnUrl = Annotated[
    str,
    Meta(
        pattern="^https?://",
        max_length=1024,
        description="https, of one of the merchant's return origins; http to this machine itself in the sandbox",
    ),
]
Origin = Annotated[
    str,
    Meta(
        pattern=r"^https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9][0-9]{0,4})?$",
        max_length=255,
        description="Scheme, host in lower case, port if it is not the scheme's own",
        examples=["https://shop.example"],
    ),
]


class CheckoutLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is bought; `amount_minor` is for all of it. With a `sku`, offers on goods see it."""

    name: Annotated[str, Meta(min_length=1, max_length=120, examples=["Oolong tea, 500 g"])]
    amount_minor: Annotated[int, Meta(ge=0, le=MAX_AMOUNT_MINOR, examples=[12800])]
    quantity: Annotated[int, Meta(ge=1, le=9999)] = 1
    sku: Annotated[str, Meta(pattern="^[A-Za-z0-9._:/-]{1,64}$", examples=["6901234567892"])] | None = None
    category: Category | None = None


class CheckoutRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An online order to be paid on a page of ours."""

    amount: PositiveAmount
    merchant_order_no: OrderNo
    success_url: Annotated[ReturnUrl, Meta(examples=["https://shop.example/thanks"])]
    cancel_url: Annotated[ReturnUrl, Meta(examples=["https://shop.example/cart"])]
    lines: Annotated[
        list[CheckoutLine], Meta(max_length=MAX_LINES, description="They sum to `amount`, if there are any")
    ] = []
    description: Text | None = None
    customer_reference: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z0-9._:-]{1,64}$",
                description="Your own name for the customer, opaque to us; nobody else is shown it",
                examples=["c-20017"],
            ),
        ]
        | None
    ) = None
    merchant_id: ResourceId | None = None
    store_id: ResourceId | None = None
    membership_no: MembershipNo | None = None
    expires_in_s: Annotated[int, Meta(ge=60, le=MAX_ORDER_LIFE_S)] = DEFAULT_SESSION_LIFE_S


class Checkout(Struct, frozen=True, kw_only=True):
    """A session as it stands.

    Attributes:
        state: `completed` if and only if its payment succeeded.
        payment_id: the latest attempt; a declined one may be tried again while the session is open.
        attempts: how many payments there were.
        discount, paid: once it is completed: what offers took off, and what the customer paid.
        sequence: rises with every change; keep the highest.
    """

    id: ResourceId
    merchant_id: ResourceId
    store_id: ResourceId | None
    merchant_order_no: str
    customer_reference: str | None
    state: CheckoutState
    reason: Reason | None
    amount: Amount
    discount: Amount | None
    paid: Amount | None
    payment_id: ResourceId
    attempts: int
    sequence: int
    created_at: Time
    updated_at: Time
    expires_at: Time
    ended_at: Time | None


class CheckoutSession(Checkout, frozen=True, kw_only=True):
    """A session as its merchant reads it.

    Attributes:
        url: the page to send the customer to; whoever has it sees the order, so it belongs to the customer alone.
    """

    url: Annotated[
        str,
        Meta(examples=["https://pay.example/checkout/cks_01939e7c5b7a7c3f9d2e4a6b00000007.q83vEjRWeJCrze8S"]),
    ]
    success_url: Annotated[str, Meta(examples=["https://shop.example/thanks"])]
    cancel_url: Annotated[str, Meta(examples=["https://shop.example/cart"])]
    description: str | None
    lines: list[CheckoutLine]


class ReturnOrigins(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The places that a merchant's checkout pages may send a browser to."""

    origins: Annotated[list[Origin], Meta(max_length=20)]
