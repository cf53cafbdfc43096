"""`gateway reseal`: after a change of the master key, everything sealed is sealed anew under the newest one."""

import asyncio
import os

import click

from gateway.settings import Settings, SettingsInvalid, read
from gateway.storage.pool import open_pool
from gateway.storage.sealed_columns import SEALED, reseal
from merchants.sealing import SealBroken, Sealing


@click.command("reseal")
def reseal_command() -> None:
    """Seal everything anew under MASTER_KEY.

    While the gateway runs. First every process gets the new key as MASTER_KEY_ALSO, then the two change places,
    then this; once it has found nothing more, the old key can go. Killed, it is simply run again.
    """
    try:
        settings = read(os.environ)
    except SettingsInvalid as error:
        raise click.ClickException(str(error)) from None
    try:
        asyncio.run(_reseal(settings))
    except SealBroken:
        raise click.ClickException(
            "something is sealed under a master key that is neither MASTER_KEY nor MASTER_KEY_ALSO"
        ) from None


async def _reseal(settings: Settings) -> None:
    sealing = Sealing(settings.secret(), retired=settings.other_secrets())
    pool = await open_pool(settings.database_url, size=2)
    try:
        for column in SEALED:
            changed = 0
            async for rows in reseal(pool, sealing, column):
                changed += rows
            click.echo(f"{column.name:44} {changed} sealed anew")
    finally:
        await pool.close()
