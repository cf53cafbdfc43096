"""`gateway reconcile`: do our books and the wallet cores' agree about a day?"""

import asyncio
import os
from datetime import datetime

import click
import msgspec

from gateway import app
from gateway.settings import Settings, SettingsInvalid, read
from gateway.transfers.reconcile import Report, reconcile
from gateway.wallet.errors import ListingFailed

_DIFFERENT = 1


@click.command("reconcile")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Of Asia/Shanghai.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def reconcile_command(day: datetime, *, as_json: bool) -> None:
    """Compare a day's transfers with each core.

    Says where a transfer's id, amount or state is not what the core's list says. Exits with 1 when there is
    a difference, and with 2 when a core or the database did not answer.
    """
    try:
        settings = read(os.environ)
    except SettingsInvalid as error:
        raise _NotDone(str(error)) from None
    try:
        report = asyncio.run(_reconcile(settings, day))
    except (ListingFailed, OSError) as error:
        raise _NotDone(str(error)) from None
    click.echo(msgspec.json.encode(report).decode() if as_json else "\n".join(_lines(report)))
    raise SystemExit(_DIFFERENT if report.differences else 0)


async def _reconcile(settings: Settings, day: datetime) -> Report:
    async with app.build(settings) as replica:
        return await reconcile(replica.parts.pool, replica.parts.cores, day.date())


def _lines(report: Report) -> list[str]:
    lines = [
        f"{one.kind:16} {one.transfer_id}  at {one.core}\n  ours    {one.ours or '-'}\n  theirs  {one.theirs or '-'}"
        for one in report.differences
    ]
    summary = f"{report.day}: {report.compared} transfers compared, {len(report.differences)} differences"
    unresolved = f", {report.unresolved} not decided yet" if report.unresolved else ""
    return [*lines, summary + unresolved]


class _NotDone(click.ClickException):
    """Nothing can be said; never to be taken for a difference."""

    exit_code = 2
