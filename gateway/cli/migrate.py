"""`gateway migrate`: brings the database to the newest revision, in a process of its own."""

import asyncio
import os
import re

import asyncpg
import click

from gateway.settings.shapes import DATABASE
from gateway.storage.migrate import migrate


@click.command("migrate")
@click.option("--database-url", help="A direct URL; DATABASE_DIRECT_URL or DATABASE_URL if left out.")
def migrate_command(database_url: str | None) -> None:
    """Bring the database to the newest revision."""
    url = database_url or os.environ.get("DATABASE_DIRECT_URL") or os.environ.get("DATABASE_URL")
    if not url:
        raise click.ClickException("DATABASE_URL is missing; say which database to migrate")
    if not re.match(DATABASE.pattern, url):
        raise click.ClickException(f"the database's URL has to {DATABASE.wanted}")
    try:
        asyncio.run(migrate(url))
    except asyncpg.LockNotAvailableError:
        raise click.ClickException(
            "a table that has to be changed is in use for too long; nothing was changed: "
            "find the long transaction in pg_stat_activity, or try again"
        ) from None
    except (
        OSError,
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
    ) as error:
        raise click.ClickException(
            f"the database cannot be reached: {error}; correct DATABASE_DIRECT_URL, DATABASE_URL or --database-url"
        ) from None
