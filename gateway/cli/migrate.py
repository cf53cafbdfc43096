"""`gateway migrate`: brings the database to the newest revision, in a process of its own."""

import asyncio
import os

import click

from gateway.storage.migrate import migrate


@click.command("migrate")
@click.option("--database-url", help="A direct URL; DATABASE_DIRECT_URL or DATABASE_URL if left out.")
def migrate_command(database_url: str | None) -> None:
    """Bring the database to the newest revision."""
    url = database_url or os.environ.get("DATABASE_DIRECT_URL") or os.environ.get("DATABASE_URL")
    if not url:
        raise click.ClickException("DATABASE_URL is missing; say which database to migrate")
    asyncio.run(migrate(url))
