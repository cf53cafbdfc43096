"""Signed codes as a resource: their text, their picture, their end."""

import asyncio
import contextlib
import hashlib
from dataclasses import replace
from functools import partial

from asyncpg.pool import PoolConnectionProxy

from gateway.api import stickers
from gateway.api.payments import found
from gateway.api.store_payments import PLACE_PROBLEMS
from gateway.door.caller import Caller
from gateway.door.operation import Answer, Call, Media, operation
from gateway.parts import Parts
from gateway.payments.errors import PaymentNotFound
from gateway.wire import qr_codes as wire
from qr import codes, render, store_codes
from qr.errors import CodeSubjectUnclear, PayeeUnfit, PaymentHasNoCode, QrCodeEnded, QrCodeNotFound
from qr.logo import Logo
from qr.sql import OrderCodeRow
from qr.store_codes_sql import StoreCodeRow

_PNG, _SVG = "image/png", "image/svg+xml"
_STYLES = {"screen": render.SCREEN, "till": render.TILL_RECEIPT, "poster": render.POSTER}
_DRAWING = "1"
"""Part of every ETag; raised when the same code is drawn differently, so that no old picture is kept."""


async def replay_qr_code(call: Call[wire.QrCodeRequest], resource_id: str) -> Answer:
    """The code as it is now."""
    return Answer(201, _wire(await _found(call.parts, call.caller, resource_id)))


@operation(
    "POST",
    "/v1/qr-codes",
    summary="Get the code of a payment, or a sticker for a store",
    scope="qr",
    idempotent=True,
    replay=replay_qr_code,
    answers={201: wire.QrCode},
    problems=(PaymentHasNoCode, CodeSubjectUnclear, PayeeUnfit, *PLACE_PROBLEMS),
    example=wire.QrCodeRequest(payment_id="pay_01939e7c5b7a7c3f9d2e4a6b00000007"),
)
async def create_qr_code(call: Call[wire.QrCodeRequest]) -> Answer:
    """A payment made without a customer's code has one signed code for its whole life; this names it.

    For a store or a terminal it makes a new store code: static, to be printed, good until it is revoked.
    """
    if stickers.is_sticker(call.body):
        return Answer(201, _wire(await stickers.issue(call, _partner(call.caller))))
    assert call.body.payment_id is not None, "one of the three is named"
    async with call.claim.transaction() as conn:
        row = await codes.order_code_of_payment(
            conn, partner_id=_partner(call.caller), payment_id=call.body.payment_id
        )
        if row is None:
            raise PaymentHasNoCode
        call.claim.settle(row.id)
    return Answer(201, _wire(row))


@operation(
    "GET",
    "/v1/qr-codes/{qr_code_id}",
    summary="Read a code",
    scope="query",
    answers={200: wire.QrCode},
    problems=(QrCodeNotFound,),
)
async def read_qr_code(call: Call[None]) -> Answer:
    """Also after its end, for a day; its payment tells what became of it."""
    return Answer(200, _wire(await _found(call.parts, call.caller, call.path["qr_code_id"])))


@operation(
    "GET",
    "/v1/qr-codes/{qr_code_id}/image",
    summary="Draw a code",
    scope="query",
    answers={200: Media((_PNG, _SVG)), 304: None},
    problems=(QrCodeNotFound, QrCodeEnded),
)
async def draw_qr_code(call: Call[None, wire.PictureQuery]) -> Answer:
    """With quiet zone and the merchant's name beneath. May be kept until the code expires."""
    row = await _found(call.parts, call.caller, call.path["qr_code_id"])
    if row.expired or row.revoked:
        raise QrCodeEnded
    logo = call.parts.logo if call.query.logo and call.query.use != "till" else None
    etag = _etag(row, call.query, logo)
    headers = {"ETag": etag, "Cache-Control": f"private, immutable, max-age={int(row.life_left_s)}"}
    if _names(call.headers.get("If-None-Match", ""), etag):
        return Answer(304, headers=headers)
    drawing = partial(_picture, row, call.query, call.parts.caption_font, logo)
    picture = await asyncio.get_running_loop().run_in_executor(call.parts.renderers, drawing)
    return Answer(200, picture, headers, media=_PNG if call.query.format == "png" else _SVG)


async def replay_revocation(call: Call[None], resource_id: str) -> Answer:
    """Revoked once is revoked."""
    return Answer(200, _wire(await _found(call.parts, call.caller, resource_id)))


@operation(
    "POST",
    "/v1/qr-codes/{qr_code_id}/revoke",
    summary="Take a code back",
    scope="qr",
    idempotent=True,
    replay=replay_revocation,
    answers={200: wire.QrCode},
    problems=(QrCodeNotFound,),
)
async def revoke_qr_code(call: Call[None]) -> Answer:
    """Nobody can scan it any more. Its payment stays as it is: cancel that if the order is off."""
    partner_id, code_id = _partner(call.caller), call.path["qr_code_id"]
    async with call.claim.transaction(code_id) as conn:
        row = await _read(conn, partner_id, code_id)
        revoke = codes.revoke if isinstance(row, OrderCodeRow) else store_codes.revoke
        await revoke(conn, partner_id=partner_id, code_id=code_id)
        row = await _read(conn, partner_id, code_id)
    return Answer(200, _wire(row))


async def _found(parts: Parts, caller: Caller, code_id: str) -> OrderCodeRow | StoreCodeRow:
    """A till reads the codes of its own payments and the stickers beside it, a partner those of all its merchants.

    Raises:
        QrCodeNotFound: there is none, or it is not theirs.
    """
    merchant_id = caller.merchant_id if caller.kind == "terminal" else None
    async with parts.pool.acquire() as conn:
        row = await _read(conn, _partner(caller), code_id, merchant_id=merchant_id)
    if caller.kind == "terminal" and not await _stands_at(parts, caller, row):
        raise QrCodeNotFound
    return row


async def _stands_at(parts: Parts, till: Caller, row: OrderCodeRow | StoreCodeRow) -> bool:
    if isinstance(row, StoreCodeRow):
        return row.terminal_id == till.terminal_id or (
            row.terminal_id is None and row.store_id == till.store_id
        )
    with contextlib.suppress(PaymentNotFound):
        await found(parts, till, row.payment_id)
        return True
    return False


async def _read(
    conn: PoolConnectionProxy, partner_id: str, code_id: str, *, merchant_id: str | None = None
) -> OrderCodeRow | StoreCodeRow:
    """A payment's code or a sticker: both are codes of the caller."""
    try:
        return await codes.order_code(conn, partner_id=partner_id, code_id=code_id, merchant_id=merchant_id)
    except QrCodeNotFound:
        return await store_codes.store_code(
            conn, partner_id=partner_id, code_id=code_id, merchant_id=merchant_id
        )


def _partner(caller: Caller) -> str:
    assert caller.partner_id is not None, "these scopes are granted to partners and tills alone"
    return caller.partner_id


def _wire(row: OrderCodeRow | StoreCodeRow) -> wire.QrCode:
    if isinstance(row, StoreCodeRow):
        return stickers.shown(row)
    return wire.QrCode(
        id=row.id,
        kind="order_code",
        payment_id=row.payment_id,
        store_id=None,
        terminal_id=None,
        merchant_id=row.merchant_id,
        form=row.form,  # type: ignore[arg-type] # the column's check says it is one of them
        payload=row.payload,
        state="revoked" if row.revoked else "expired" if row.expired else "live",
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _etag(row: OrderCodeRow | StoreCodeRow, query: wire.PictureQuery, logo: Logo | None) -> str:
    """Known without drawing: the same text drawn for the same use is the same picture."""
    drawn = f"{_DRAWING} {query.format} {query.use} {row.payload}".encode()
    return f'"{hashlib.sha256(drawn + (logo.png if logo else b"")).hexdigest()[:32]}"'


def _names(if_none_match: str, etag: str) -> bool:
    """Whether the caller has this picture (RFC 9110, section 13.1.2: a list, compared weakly)."""
    return etag in {one.strip().removeprefix("W/") for one in if_none_match.split(",")}


def _picture(
    row: OrderCodeRow | StoreCodeRow, query: wire.PictureQuery, font: str | None, logo: Logo | None
) -> bytes:
    """An SVG's letters are drawn by whoever shows it; a PNG's here, if there is a font that has them."""
    style = replace(_STYLES[query.use], font=font)
    if query.format == "svg":
        return render.svg(row.payload, style=style, caption=row.payee_name, logo=logo).encode()
    caption = row.payee_name if font or row.payee_name.isascii() else None
    return render.png(row.payload, style=style, caption=caption, logo=logo)
