"""`gateway keys`: the gateway's own signing keys, listed and rotated."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from gateway.checkout import result
from gateway.settings import Settings, SettingsInvalid, read
from gateway.storage.pool import open_pool
from gateway.wire.payments import MAX_ORDER_LIFE_S
from merchants.access import tokens
from merchants.keyring import Keyring, Purpose
from merchants.sealing import Sealing

# Replicas read the keys once a minute and partners keep our JWKS for as long; this is both, and some more.
_LEAD_S = 300.0
_MARGIN_S = 300.0
# The longest life of anything that is signed; a webhook or a request to a core is checked when it arrives.
_SIGNED_LIVES_S = {
    Purpose.QR: float(MAX_ORDER_LIFE_S),
    # Stickers hang for years; revoking each of them is what ends it.
    Purpose.STORE_QR: 20 * 365 * 86_400.0,
    Purpose.TOKEN: float(tokens.LIFE_S),
    Purpose.WEBHOOK: 3600.0,
    Purpose.CORE: 3600.0,
    Purpose.CHECKOUT: float(result.LIFE_S),
}

_Result = TypeVar("_Result")


@click.group("keys")
def keys() -> None:
    """The gateway's own signing keys; a partner's are `gateway partner keys`."""


@keys.command("rotate")
@click.option("--purpose", type=click.Choice([one.value for one in Purpose]), required=True)
@click.option("--lead-s", type=click.FloatRange(min=0), default=_LEAD_S, show_default=True)
def rotate(purpose: str, lead_s: float) -> None:
    """Add a signing key and let those before verify only, until the last thing they signed has expired.

    The new key is published at once and signs after the lead, when every replica and partner has had time to fetch
    it. No code or token is refused on the way. Without a lead, after a key was stolen, partners that keep our JWKS
    refuse new signatures for a minute.
    """
    life_s = _SIGNED_LIVES_S[Purpose(purpose)] + _MARGIN_S
    key_id = _with_ring(lambda ring: ring.rotate(Purpose(purpose), lead_s=lead_s, verifies_for_s=life_s))
    click.echo(
        f"{purpose}-{key_id} signs in {lead_s:.0f} s; the keys before verify for {lead_s + life_s:.0f} s more"
    )


@keys.command("list")
def list_keys() -> None:
    """Print the keys that verify, oldest first in each purpose."""

    async def kids(ring: Keyring) -> list[str]:
        return [str(one["kid"]) for one in ring.jwks()["keys"]]

    click.echo("\n".join(_with_ring(kids)))


def _with_ring(deed: Callable[[Keyring], Awaitable[_Result]]) -> _Result:
    try:
        settings = read(os.environ)
    except SettingsInvalid as error:
        raise click.ClickException(str(error)) from None
    return asyncio.run(_carried_out(settings, deed))


async def _carried_out(settings: Settings, deed: Callable[[Keyring], Awaitable[_Result]]) -> _Result:
    pool = await open_pool(settings.database_url, size=1)
    try:
        return await deed(
            await Keyring.open(pool, Sealing(settings.secret(), retired=settings.other_secrets()))
        )
    finally:
        await pool.close()
