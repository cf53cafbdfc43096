"""Many sub-merchants from one file: handed over, watched while it is read, its faults named line by line."""

import hashlib
from pathlib import Path
from typing import Final

import click

from gateway.cli.application import own_merchant
from gateway.cli.asking import NotKnown, SaidNo, Session, acting
from gateway.cli.bulk_watch import watched, within
from gateway.cli.shown import As, plain, show, show_all
from gateway.client import Partner
from gateway.client.sub_merchants import BulkFormat
from gateway.wire.bulks import Bulk, BulkLine, LineQuery

_FORMATS: Final[dict[str, BulkFormat]] = {".csv": "text/csv", ".jsonl": "application/x-ndjson"}
_MOST_LINES = 100_000
_MOST_TOLD = 20


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@within
@acting
def import_(session: Session, file: Path, within_s: float) -> None:
    """Hand FILE (CSV or JSON lines of sub-merchants) to the bank, and watch until every line is checked.

    Run again after a failure: the same file is there once. Exits with 3 when lines have faults; the others go on.
    """
    media_type = _FORMATS.get(file.suffix.lower())
    if media_type is None:
        raise click.ClickException(f"{file} is neither .csv nor .jsonl")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    whose, key = own_merchant(session), hashlib.sha256(content).hexdigest()
    made: Bulk = session.ask(
        Partner, lambda one: one.import_file(whose, content, media_type, idempotency_key=key)
    )
    _tell(session, _watched(session, made.id, within_s))


@click.command("bulk")
@click.argument("bulk_id", metavar="BULK")
@within
@acting
def bulk(session: Session, bulk_id: str, within_s: float) -> None:
    """Watch a file until every line is checked, and once it is approved until every sub-merchant is active."""
    _tell(session, _watched(session, bulk_id, within_s))


@click.command("bulk-lines")
@click.argument("bulk_id", metavar="BULK")
@click.option("--faulty", is_flag=True, help="Only lines with faults.")
@click.option("--most", type=click.IntRange(1, _MOST_LINES), default=_MOST_LINES, show_default=True)
@acting
def bulk_lines(session: Session, bulk_id: str, *, faulty: bool, most: int) -> None:
    """What became of each line."""
    query = LineQuery(faulty=faulty, limit=100)
    found = session.listed(Partner, lambda one: one.bulk_lines(bulk_id, query), most=most)
    show_all(
        found, session.how, ("line", "reference", "application_id", "faults[1].field", "faults[1].detail")
    )


COMMANDS = (import_, bulk, bulk_lines)


def _watched(session: Session, bulk_id: str, within_s: float) -> Bulk:
    found: Bulk = session.ask(Partner, lambda one: watched(lambda: one.bulk(bulk_id), within_s))
    return found


def _tell(session: Session, found: Bulk) -> None:
    show(found, session.how)
    if found.state in {"reading", "admitting"}:
        raise NotKnown(f"{found.read} of {found.lines} lines so far: gateway partner bulk {found.id}")
    if not found.faulty:
        return
    if session.how is As.TEXT:
        query = LineQuery(faulty=True, limit=_MOST_TOLD)
        for line in session.listed(Partner, lambda one: one.bulk_lines(found.id, query), most=_MOST_TOLD):
            _tell_line(line)
    raise SaidNo(
        f"{found.faulty} of {found.lines} lines have faults: gateway partner bulk-lines --faulty {found.id}"
    )


def _tell_line(line: BulkLine) -> None:
    for fault in line.faults:
        click.echo(f"line {line.line}, {plain(fault.field)}: {plain(fault.detail)} ({plain(fault.code)})")
