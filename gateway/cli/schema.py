"""`gateway schema`: writes `gateway/storage/schema.sql` from the migrations."""

import asyncio

import click

from gateway.storage.embedded import EmbeddedPostgres
from gateway.storage.migrate import migrate
from gateway.storage.schema import SCHEMA, dumped


@click.command("schema")
def schema() -> None:
    """Write what the migrations add up to.

    Into gateway/storage/schema.sql, from an embedded database made for it.
    """
    with EmbeddedPostgres() as postgres:
        asyncio.run(migrate(postgres.url()))
        SCHEMA.write_text(dumped(postgres.url(), postgres.bin_dir), encoding="utf-8")
