"""Style 6 and the floors' schemas: where SQL stands, and whose tables it names."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.house import MIGRATIONS, PRODUCTION, ROOT, Source, must_be_none

SCHEMAS = ("gateway", "qr", "merchants", "webhooks", "ledger")
_STATEMENT = re.compile(
    r"^\s*(WITH \w+|SELECT\b|INSERT INTO|UPDATE \w+|DELETE FROM|CALL \w|LISTEN\b|NOTIFY\b|CREATE \w+|ALTER \w+)",
)
_QUALIFIED = re.compile(rf"(\w+\s+)?\b({'|'.join(SCHEMAS)})\.([a-z_]+)(\s*\()?")
_INDEX = re.compile(r"^CREATE (?:UNIQUE )?INDEX (CONCURRENTLY)?.*?\bON ([a-z_.]+)", re.MULTILINE)
# After these a parenthesis lists columns; it calls nothing.
_TABLE_WORDS = {"INTO", "TABLE", "REFERENCES", "ON", "UPDATE"}
# A word or two that touch no table of any floor.
ELSEWHERE = (
    "gateway/app.py",  # asks the database whether it is there
    "gateway/storage/",  # talks to the server itself: LISTEN, the lock of migrations
    "gateway/demo/sandbox.py",  # makes the databases of its sandbox
)
# Another system, with its books in functions of its own database.
ANOTHER_SYSTEM = "gateway/wallet/reference/"
# Migrations of one floor in name order; the rest are floor 4's.
_FLOOR_OF_MIGRATION = {"webhooks": "webhooks", "webhooks_fair": "webhooks", "timelines": "webhooks",
                       "merchants": "merchants", "access": "merchants",
                       "qr": "qr", "offers": "merchants", "onboarding": "merchants",
                       "together_offers": "merchants", "together_codes": "qr",
                       "together_events": "webhooks", "offer_kinds": "merchants",
                       "offer_settling": "merchants", "second_person": "merchants",
                       "till_scopes": "merchants", "people": "merchants",
                       "checkout_keys": "merchants", "offer_bounds": "merchants",
                       "offer_funding": "merchants", "offer_together": "merchants", "offer_watch": "merchants",
                       "proposals": "merchants", "operators_search": "merchants",
                       "caught_up_tills": "merchants", "caught_up_webhooks": "webhooks"}  # fmt: skip


def _is_sql(source: Source) -> bool:
    return source.path.stem == "sql" or source.path.stem.endswith("_sql")


def test_sql_stands_in_the_rooms_sql_file() -> None:
    strays = [
        f"{source.at(one)} {one.value.strip()[:40]!r}"
        for source in PRODUCTION
        if not _is_sql(source) and not source.name.startswith(ELSEWHERE)
        if not source.name.startswith(ANOTHER_SYSTEM)
        for one in source.texts
        if isinstance(one.value, str) and _STATEMENT.match(one.value)
    ]
    must_be_none(strays)


def test_no_statement_names_another_floors_tables() -> None:
    trespasses = [
        f"{source.at(one)} {named}"
        for source in PRODUCTION
        if _is_sql(source) or source.name.startswith(ELSEWHERE)
        for one in source.texts
        if isinstance(one.value, str)
        for named in _foreign(one.value, floor=source.name.partition("/")[0])
    ]
    must_be_none(trespasses)


@pytest.mark.parametrize("migration", MIGRATIONS, ids=lambda path: str(path.stem))
def test_no_migration_names_another_floors_tables(migration: Path) -> None:
    floor = _FLOOR_OF_MIGRATION.get(migration.stem[5:], "gateway")
    assert list(_foreign(migration.read_text(encoding="utf-8"), floor=floor)) == []


def test_what_has_shipped_is_never_edited_and_nothing_is_put_before_it() -> None:
    """A database that has passed a name never runs what is changed or slipped in there: write a later file."""
    named = _shipped()
    found = [(file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in MIGRATIONS]
    assert found[: len(named)] == sorted(named)


def test_an_index_of_a_table_that_is_in_use_is_built_beside_payments() -> None:
    """Whoever writes to it would stand still until all that is in it is sorted: see `gateway/storage/migrate.py`."""
    last_shipped = _shipped()[-1][0]
    in_line = [
        (file.name, table)
        for file in MIGRATIONS
        if file.name > last_shipped
        for text in [file.read_text(encoding="utf-8")]
        for concurrently, table in _INDEX.findall(text)
        if not concurrently and f"CREATE TABLE {table} (" not in text
    ]
    assert in_line == []


def _shipped() -> list[tuple[str, str]]:
    lines = (ROOT / "gateway/storage/migrations/shipped.sha256").read_text(encoding="utf-8").splitlines()
    return [(name, digest) for digest, _, name in (line.partition("  ") for line in lines)]


def _foreign(sql: str, *, floor: str) -> Iterator[str]:
    """Names in another floor's schema that are not called."""
    for before, schema, name, parenthesis in _QUALIFIED.findall(_without_words(sql)):
        lists_columns = before.strip().upper() in _TABLE_WORDS
        if schema != floor and (not parenthesis or lists_columns):
            yield f"{schema}.{name}"


def _without_words(sql: str) -> str:
    """Without comments and quoted texts, which name what they like."""
    return re.sub(r"--[^\n]*|'[^']*'", "", sql)


def test_the_rule_itself_tells_a_call_from_a_table() -> None:
    assert list(_foreign("SELECT merchants.caller_status($1) FROM qr.find($2) AS f", floor="gateway")) == []
    assert list(_foreign("SELECT 1 FROM merchants.stores", floor="qr")) == ["merchants.stores"]
    assert list(_foreign("INSERT INTO webhooks.events (id) VALUES ($1)", floor="qr")) == ["webhooks.events"]
    assert list(_foreign("SELECT 'merchants.x' -- qr.y\n FROM gateway.z", floor="gateway")) == []
