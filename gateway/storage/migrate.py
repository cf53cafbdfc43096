"""Migrations: plain `.sql` files in the order of their names, run by Alembic.

Each file is one revision; all that are missing run in one transaction. One that begins with `-- outside a transaction`
has those before it committed and is run statement by statement, for indexes built CONCURRENTLY. `schema.sql` is what
they add up to, which a test checks. Runs in a process of its own (`gateway migrate`), so that no server imports
SQLAlchemy.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import Any

import asyncpg
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import Script
from alembic.script.revision import RevisionMap
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_only

MIGRATIONS = Path(__file__).parent / "migrations"
# Two replicas that start together migrate one after the other; any constant of ours does.
_LOCK = 0x6D69_6772
# Whoever waits for a table has everybody behind it wait too: rather give up than hold payments up for longer.
_LOCK_WAIT_S = 10.0
_ASKED_EVERY_S = 0.1
_OUTSIDE = "-- outside a transaction"
_HALF_BUILT = """
    SELECT c.relname AS name, format('%I.%I', n.nspname, c.relname) AS qualified
      FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT i.indisvalid"""


async def migrate(url: str, directory: Path = MIGRATIONS, *, lock_wait_s: float = _LOCK_WAIT_S) -> None:
    """Bring a database to the newest revision; does nothing where it is there already.

    Args:
        url: a direct URL, not through a pooler.
        directory: holds `NNNN_name.sql`, a revision each.
        lock_wait_s: how long it may stand in line for a table that somebody uses; then nothing is changed, but for what
            came before a file outside a transaction.

    Raises:
        asyncpg.LockNotAvailableError: it stood in line for so long.
    """
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url))
    revisions = revisions_of(directory)
    try:
        async with _alone(url) as alone, engine.connect() as connection:
            while missing := await connection.run_sync(_missing, revisions):
                # An index that is built beside payments waits for whoever has a transaction open.
                await connection.commit()
                together = list(takewhile(lambda one: not _is_outside(one), missing))
                if not together:
                    await _run_outside(alone, _text(missing[0]))
                await connection.run_sync(_upgrade, revisions, together or missing[:1], lock_wait_s)
                await connection.commit()
    finally:
        await engine.dispose()


@asynccontextmanager
async def _alone(url: str) -> AsyncIterator[asyncpg.Connection]:
    """The connection whose lock keeps other replicas from migrating meanwhile.

    Asked for again and again: who stood in line would have a transaction open, and an index that is built beside it
    would wait for that one, as it for us.
    """
    connection = await asyncpg.connect(url)
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110 - another process has it
            await asyncio.sleep(_ASKED_EVERY_S)
        yield connection
    finally:
        await connection.close()


async def _run_outside(connection: asyncpg.Connection, text: str) -> None:
    """Each statement by itself; an index that a crash left half built is dropped, and built anew."""
    for row in await connection.fetch(_HALF_BUILT):
        if re.search(rf"\b{re.escape(row['name'])}\b", text):
            await connection.execute(f"DROP INDEX CONCURRENTLY {row['qualified']}")
    for statement in re.split(r";\s*\n", re.sub(r"--[^\n]*", "", text)):
        if statement.strip():
            await connection.execute(statement)


def revisions_of(directory: Path) -> RevisionMap:
    """The chain of revisions that a folder of `.sql` files is."""
    files = sorted(directory.glob("*.sql"))
    downs: Iterable[str | None] = [None, *(file.stem for file in files)]
    scripts = [_script(file, down) for file, down in zip(files, downs, strict=False)]
    return RevisionMap(lambda: iter(scripts))


def _script(file: Path, down: str | None) -> Script:
    module = ModuleType(file.stem)
    module.revision = file.stem  # type: ignore[attr-defined]
    module.down_revision = down  # type: ignore[attr-defined]
    module.upgrade = lambda **options: _run(file, **options)  # type: ignore[attr-defined]
    return Script(module, file.stem, str(file))


def _run(file: Path, *, connection: Connection) -> None:
    text = file.read_text()
    if not text.startswith(_OUTSIDE):
        driver: Any = connection.connection.driver_connection
        await_only(driver.execute(text))


def _text(script: Script) -> str:
    return Path(script.path).read_text()


def _is_outside(script: Script) -> bool:
    return _text(script).startswith(_OUTSIDE)


def _missing(connection: Connection, revisions: RevisionMap) -> list[Script]:
    """What the database has not seen yet, the oldest first."""
    heads = MigrationContext.configure(connection).get_current_heads()
    missing = revisions.iterate_revisions("heads", heads, implicit_base=True)
    return [one for one in missing if isinstance(one, Script)][::-1]


def _upgrade(
    connection: Connection, revisions: RevisionMap, scripts: list[Script], lock_wait_s: float
) -> None:
    milliseconds = f"{lock_wait_s * 1000:.0f}"
    connection.execute(text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": milliseconds})
    steps = [MigrationStep.upgrade_from_script(revisions, one) for one in scripts]
    context = MigrationContext.configure(connection, opts={"fn": lambda _heads, _context: steps})
    context.run_migrations(connection=connection)
