"""`schema.sql`: what the migrations add up to, for people who want to read one file, and a diff, not a history."""

import subprocess
from pathlib import Path

SCHEMA = Path(__file__).parent / "schema.sql"
_HEADING = "-- What the migrations add up to; written by `make schema`, and a test fails when it is stale.\n"
# Not part of the schema: psql's own commands, settings of the session that would load it, the dump's remarks.
_NOISE = ("\\", "SET ", "SELECT pg_catalog.set_config(", "--")
_TIMEOUT_S = 60


def dumped(url: str, bin_dir: Path) -> str:
    """The schema of a migrated database, the same text for the same schema.

    Args:
        url: of the database; only the floors' own PostgreSQL schemas are read.
        bin_dir: where the `pg_dump` of the server's version is.
    """
    command = [str(bin_dir / "pg_dump"), "--schema-only", "--no-owner", "--no-privileges"]
    # `public` holds nothing but Alembic's mark.
    ran = subprocess.run(  # noqa: S603 - our own binary and arguments
        [*command, "--exclude-schema=public", url],
        capture_output=True,
        check=True,
        text=True,
        timeout=_TIMEOUT_S,
    )
    return _HEADING + "".join(_statements(ran.stdout)).rstrip("\n") + "\n"


def _statements(dump: str) -> list[str]:
    """The lines that say something, with one empty line between statements."""
    lines: list[str] = []
    in_body = False
    for line in dump.splitlines(keepends=True):
        if in_body or not line.startswith(_NOISE):
            empty = line == "\n"
            if not empty or (lines and lines[-1] != "\n"):
                lines.append(line)
        # A function's own comments and empty lines stay.
        in_body ^= line.count("$$") % 2 == 1
    return ["\n", *lines] if lines else []
