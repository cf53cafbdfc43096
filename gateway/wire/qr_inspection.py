"""What a scanned code is, on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.payments import ResourceId
from gateway.wire.time import Time

CodeKind = Literal["order_code", "store_code", "payment_code", "merchant_code", "customer_code", "unknown"]
CodeForm = Literal["emv_mpm", "emv_cpm", "link", "digits", "other"]
Verdict = Literal["valid", "invalid", "not_told"]


class InspectionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text as a scanner read it."""

    code: Annotated[str, Meta(min_length=1, max_length=2953, examples=["00020101021226…6304A13A"])]


class FormatFault(Struct, frozen=True, kw_only=True):
    """A broken rule of EMVCo's format.

    Attributes:
        tag: the object, as a path (`62.05`); empty for the payload as a whole.
        position: characters before the place (merchant-presented), or bytes after decoding (consumer-presented).
    """

    kind: Annotated[str, Meta(examples=["crc_wrong"])]
    tag: str
    position: int
    detail: str


class Inspection(Struct, frozen=True, kw_only=True):
    """What a code is, whether it is ours, whether it is valid, and why not.

    Attributes:
        kind: `merchant_code` and `customer_code` are codes of other systems.
        ours: our signature holds, or it has the form of our payment codes.
        owner: whose it is instead, where that is known.
        verdict: of a well-formed payment code it is `not_told`: only redeeming it tells.
        reason: why it is invalid; the code of the problem that scanning it would answer.
        key_id: of the key that signed it.
        expires_at: as signed; a store code has no end but its revocation.
        qr_code_id: and `payment_id`, `merchant_id`: of your own codes alone.
        faults: broken rules of the format; an otherwise good code may have some that are tolerated.
    """

    kind: CodeKind
    form: CodeForm
    ours: bool
    owner: Literal["wechat", "alipay", "unionpay"] | None
    verdict: Verdict
    reason: Annotated[str, Meta(examples=["code_expired"])] | None
    key_id: str | None
    expires_at: Time | None
    qr_code_id: ResourceId | None
    payment_id: ResourceId | None
    merchant_id: ResourceId | None
    faults: list[FormatFault]
