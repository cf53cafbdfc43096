from pathlib import Path

from gateway.storage.embedded import EmbeddedPostgres
from gateway.storage.schema import SCHEMA, dumped


def test_schema_sql_is_what_the_migrations_add_up_to(database_url: str, tmp_path: Path) -> None:
    """If not: `make schema`."""
    bin_dir = EmbeddedPostgres(tmp_path).bin_dir
    assert SCHEMA.read_text(encoding="utf-8") == dumped(database_url, bin_dir)
