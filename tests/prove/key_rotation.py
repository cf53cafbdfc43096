"""A partner changes its key, and we ours, again and again, while the partner's systems go on working."""

import asyncio
import time
import uuid
from dataclasses import dataclass

from gateway.client import Credentials, Gateway, Partner, SigningKey
from gateway.wire.money import PositiveAmount
from gateway.wire.payments import PaymentRequest
from merchants.keyring import Keyring, Purpose
from tests.town import Town

# The longest that anything signed with the key before is good for: a token of ten minutes, and clocks.
_VERIFIES_FOR_S = 660.0


@dataclass(slots=True, kw_only=True)
class Rotated:
    """What came of it; a failed call would have ended the run."""

    rotations: int = 0
    calls: int = 0

    def __str__(self) -> str:
        return f"{self.rotations} rotations of the client's key and of ours, {self.calls} calls, 0 failed"


async def run(town: Town, ours: Keyring, *, rotations: int, every_s: float, callers: int) -> Rotated:
    """Rotate; every call in between has to be answered as if nothing were.

    Args:
        town: whose public listener is asked.
        ours: the ring of another replica than the one that is asked.
        rotations: how often each key changes.
        every_s: from one to the next.
        callers: how many ask at once, one call after the other.
    """
    shop, key = await town.supermarket(), SigningKey.generate()
    wish = {"name": "shop", "scopes": ["pay", "query", "merchants"], "jwk": key.public_jwk}
    made = await shop.office.post("/v1/clients", wish)
    rotated, over = Rotated(), asyncio.Event()
    async with Gateway(town.public, issuer=town.settings.public_url) as gateway:
        credentials = Credentials(client_id=made.body["client"]["id"], key=key)
        partner = Partner(gateway, credentials)
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(_call(partner, shop.merchant.id, rotated, over))
            try:
                await _rotate(partner, ours, rotated, rotations, every_s)
            finally:
                over.set()
    return rotated


async def _rotate(partner: Partner, ours: Keyring, rotated: Rotated, rotations: int, every_s: float) -> None:
    begun = time.monotonic()
    for number in range(rotations):
        await asyncio.sleep(max(0.0, begun + number * every_s - time.monotonic()))
        await ours.rotate(Purpose.TOKEN, lead_s=0.0, verifies_for_s=_VERIFIES_FOR_S)
        await partner.rotate_key(SigningKey.generate())
        rotated.rotations += 1


async def _call(partner: Partner, merchant_id: str, rotated: Rotated, over: asyncio.Event) -> None:
    """Read, and ask to be paid."""
    while not over.is_set():
        await partner.merchant(merchant_id)
        amount = PositiveAmount(amount_minor=100, currency="CNY")
        await partner.pay(PaymentRequest(amount=amount, merchant_order_no=uuid.uuid4().hex))
        rotated.calls += 2
