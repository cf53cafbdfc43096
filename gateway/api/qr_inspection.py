"""What is this code? For developers of tills and for a help desk with a photo of a sticker."""

from datetime import datetime
from typing import Any

import msgspec

from gateway.door.caller import Caller
from gateway.door.operation import Answer, Call, operation
from gateway.door.problems import kind_of
from gateway.parts import Parts
from gateway.wire import qr_inspection as wire
from merchants.keyring import Purpose
from qr import codes, store_codes
from qr.errors import CodeExpired, CodeRefused, CodeRevoked
from qr.inspection import Inspected, Kind, inspect
from qr.order_code import SignedOrder
from qr.signed_code import learn_key
from qr.sql import OrderCodeRow
from qr.store_code import SignedStore, is_store_code, key_id_of_store_code
from qr.store_codes_sql import StoreCodeRow


@operation(
    "POST",
    "/v1/qr-codes/inspect",
    summary="Say what a code is",
    scope="query",
    answers={200: wire.Inspection},
    example=wire.InspectionRequest(code="00020101021226…6304A13A"),
)
async def inspect_code(call: Call[wire.InspectionRequest]) -> Answer:
    """Nothing is redeemed and nobody bound. Of another merchant's code you learn that it is ours and when it expires.

    A payment code is judged by its form only: whether it would pay is told by a payment and nowhere else.
    """
    parts, scanned = call.parts, call.body.code
    await learn_key(parts.keyring, parts.order_codes, scanned)
    if is_store_code(parts.order_codes, scanned):
        await parts.keyring.find_verify_key(
            Purpose.STORE_QR, key_id_of_store_code(parts.order_codes, scanned)
        )
    found = inspect(
        scanned,
        order_codes=parts.order_codes,
        payment_codes=parts.payment_codes,
        verify_key=lambda key_id: parts.keyring.verify_key(Purpose.QR, key_id),
        store_key=lambda key_id: parts.keyring.verify_key(Purpose.STORE_QR, key_id),
    )
    own = await _own_code(parts, call.caller, found)
    return Answer(200, _inspection(found, own, now=call.now))


async def _own_code(parts: Parts, caller: Caller, found: Inspected) -> OrderCodeRow | StoreCodeRow | None:
    """The caller's own record of the code; another's is as if there were none."""
    row: OrderCodeRow | StoreCodeRow | None
    if found.signed is None:
        return None
    async with parts.pool.acquire() as conn:
        match found.signed:
            case SignedOrder(order_ref=reference):
                row = await codes.own_order_code(conn, order_ref=reference, partner_id=caller.partner_id)
            case SignedStore(code_ref=reference):
                row = await store_codes.own(conn, code_ref=reference, partner_id=caller.partner_id)
    at_another_till = caller.kind == "terminal" and row is not None and row.merchant_id != caller.merchant_id
    return None if at_another_till else row


def _inspection(
    found: Inspected, own: OrderCodeRow | StoreCodeRow | None, *, now: datetime
) -> wire.Inspection:
    refused = found.refused or _ended(found, own, now)
    told = {"key_id": found.signed.key_id, "expires_at": _end(found)} if found.signed else {}
    mine = {"qr_code_id": own.id, "merchant_id": own.merchant_id} if own else {}
    if isinstance(own, OrderCodeRow):
        mine["payment_id"] = own.payment_id
    facts: dict[str, Any] = {
        "kind": found.kind.value,
        "form": found.form.value,
        "ours": found.ours,
        "owner": found.owner,
        "verdict": _verdict(found, refused),
        "reason": _reason(refused),
        "faults": [
            {"kind": one.kind.value, "tag": one.tag, "position": one.position, "detail": one.detail}
            for one in found.faults
        ],
    }
    nothing = dict.fromkeys(("key_id", "expires_at", "qr_code_id", "payment_id", "merchant_id"))
    return msgspec.convert({**nothing, **facts, **told, **mine}, wire.Inspection)


def _end(found: Inspected) -> datetime | None:
    """When the code ends by its own words; a sticker's never does."""
    return found.signed.expires_at if isinstance(found.signed, SignedOrder) else None


def _ended(found: Inspected, own: OrderCodeRow | StoreCodeRow | None, now: datetime) -> CodeRefused | None:
    """Whether a signed code may still be paid. A stranger's is judged by what it says itself."""
    if own is None:
        end = _end(found)
        return CodeExpired() if end is not None and end <= now else None
    if own.revoked:
        return CodeRevoked()
    return CodeExpired() if own.expired else None


def _verdict(found: Inspected, refused: CodeRefused | None) -> wire.Verdict:
    if refused is not None:
        return "invalid"
    return "not_told" if found.kind is Kind.PAYMENT else "valid"


def _reason(refused: CodeRefused | None) -> str | None:
    kind = kind_of(type(refused)) if refused else None
    return kind.code if kind else None
