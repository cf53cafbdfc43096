"""Migrations: plain `.sql` files in the order of their names, run by Alembic.

Each file is one revision and runs whole in one transaction; `schema.sql` is what they add up to, which a test
checks. Runs in a process of its own (`gateway migrate`), so that no server imports SQLAlchemy.
"""

from collections.abc import Iterable
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


async def migrate(url: str, directory: Path = MIGRATIONS, *, lock_wait_s: float = _LOCK_WAIT_S) -> None:
    """Bring a database to the newest revision; does nothing where it is there already.

    Args:
        url: a direct URL, not through a pooler.
        directory: holds `NNNN_name.sql`, a revision each.
        lock_wait_s: how long it may stand in line for a table that somebody uses; then nothing is changed.

    Raises:
        asyncpg.LockNotAvailableError: it stood in line for so long.
    """
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url))
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, revisions_of(directory), lock_wait_s)
            await connection.commit()
    finally:
        await engine.dispose()


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
    driver: Any = connection.connection.driver_connection
    await_only(driver.execute(file.read_text()))


def _upgrade(connection: Connection, revisions: RevisionMap, lock_wait_s: float) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    milliseconds = f"{lock_wait_s * 1000:.0f}"
    connection.execute(text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": milliseconds})

    def steps(heads: Any, _context: MigrationContext) -> list[MigrationStep]:
        missing = revisions.iterate_revisions("heads", heads, implicit_base=True)
        scripts = [one for one in missing if isinstance(one, Script)]
        return [MigrationStep.upgrade_from_script(revisions, one) for one in reversed(scripts)]

    context = MigrationContext.configure(connection, opts={"fn": steps})
    context.run_migrations(connection=connection)
