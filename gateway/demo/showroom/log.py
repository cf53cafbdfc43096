"""The partner's book-keeping: what its consumer received, whether the signature held, and how often it came."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from msgspec import Struct

from gateway.client import Partner
from gateway.demo.checks import expect
from gateway.demo.inbox import MOVED, Arrival, Inbox
from gateway.demo.showroom.board import Board
from gateway.demo.showroom.deed import Deed, Nothing, Which
from gateway.demo.showroom.refusals import NobodyWaits
from gateway.wire.webhooks import ReplayRequest

_SHOWN: Final = 40


class Entry(Struct, frozen=True, kw_only=True):
    """A line of the log; `amount` is what the event is about, `waits` that it has been turned down so far."""

    id: str
    type: str
    at: datetime
    about: str
    amount: Any
    verified: bool
    waits: bool
    times: int


class Log:
    """What the consumer, a program of its own, has printed."""

    def __init__(
        self, board: Board, inbox: Inbox, office: Partner, endpoint_id: str, http: aiohttp.ClientSession
    ) -> None:
        self._board, self._inbox, self._office, self._http = board, inbox, office, http
        self._endpoint_id = endpoint_id

    @property
    def deeds(self) -> Mapping[str, Deed]:
        return {"resend": Deed(Which, self.resend), "forge": Deed(Nothing, self.forge)}

    async def resend(self, one: Which) -> None:
        """Ask the gateway to send an event again; who receives it knows it by its id."""
        if one.id not in self._inbox.arrivals:
            raise NobodyWaits
        await self._office.replay(self._endpoint_id, ReplayRequest(event_ids=[one.id]))

    async def forge(self, _: Nothing) -> None:
        """Somebody changes an amount and sends the rest as it was, signature and all."""
        paid = [one for one in self._inbox.received if one.type == "payment.succeeded"]
        if not paid:
            raise NobodyWaits
        amount = str(paid[-1].data["payment"]["paid"]["amount_minor"])
        forged = paid[-1].body.replace(amount, "1").encode()
        async with self._http.post(self._inbox.url, data=forged, headers=paid[-1].headers) as answer:
            expect("the consumer's answer to a forgery", answer.status, HTTPStatus.BAD_REQUEST)

    async def keep(self) -> None:
        """Show what comes, as it comes."""
        while True:
            self.show()
            await self._inbox.something_new()

    def show(self) -> None:
        newest = list(reversed(self._inbox.arrivals.values()))[:_SHOWN]
        numbers = dict(filter(None, map(_order_no, self._inbox.arrivals.values())))
        self._board.show("log", {"entries": [_entry(one, numbers) for one in newest]})


def _subject(one: Arrival) -> Mapping[str, Any]:
    """What the event is about; a forger's may be anything."""
    subject = one.data.get("payment") or one.data.get("refund") or one.data
    return subject if isinstance(subject, dict) else {}


def _order_no(one: Arrival) -> tuple[str, str] | None:
    """A payment's id and the order number it came with."""
    subject = _subject(one)
    if "merchant_order_no" in subject and "id" in subject:
        return str(subject["id"]), str(subject["merchant_order_no"])
    return None


def _entry(one: Arrival, numbers: Mapping[str, str]) -> Entry:
    subject = _subject(one)
    payment_id = str(subject.get("payment_id", ""))
    return Entry(
        id=one.id,
        type=one.type,
        at=one.at,
        about=str(subject.get("merchant_order_no") or numbers.get(payment_id, payment_id)),
        amount=_amount(one.type, subject),
        verified=one.verified,
        waits=one.verified and not one.done,
        times=one.times,
    )


def _amount(kind: str, subject: Mapping[str, Any]) -> Any:
    """What a book-keeper enters."""
    match kind.partition(".")[0], kind.partition(".")[2]:
        case "payment", _:
            told = subject.get("paid") if subject.get("state") in MOVED else None
        case "refund", _:
            shares = subject.get("shares")
            told = shares.get("order") if isinstance(shares, dict) else None
        case _, "clawed_back":
            told = subject.get("clawed_back")
        case _:
            told = subject.get("discount")
    return told if isinstance(told, dict) else None
