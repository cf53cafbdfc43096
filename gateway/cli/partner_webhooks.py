"""`gateway partner webhooks`: where events go, what became of each delivery, and what is sent again."""

from datetime import datetime
from typing import get_args

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from gateway.cli.asking import Session, acting, most, repeatable
from gateway.cli.deeds import deed
from gateway.cli.shown import show, show_all
from gateway.client import Partner
from gateway.wire.webhooks import (
    DeliveryFilter,
    DeliveryState,
    NewWebhookEndpoint,
    Replay,
    ReplayRequest,
    WebhookEndpointChange,
)

_ENDPOINT = click.argument("endpoint_id", metavar="ENDPOINT")
_TYPES = click.option("--type", "event_types", multiple=True, help="`discount.*`; every one if left out.")
_TIME = click.DateTime(["%Y-%m-%dT%H:%M:%S%z"])


@click.group("webhooks")
def webhooks() -> None:
    """Endpoints, their deliveries, and replays."""


@webhooks.command("add")
@click.argument("url")
@_TYPES
@click.option("--description", default="")
@click.option("--strict-order", is_flag=True, help="One after another for each payment.")
@repeatable
@acting
def add(
    session: Session,
    *,
    url: str,
    event_types: tuple[str, ...],
    description: str,
    strict_order: bool,
    idempotency_key: str | None,
) -> None:
    """Have events sent to URL; keep the answer's `secret`, it is shown once."""
    endpoint = NewWebhookEndpoint(
        url=url, event_types=list(event_types), description=description, strict_order=strict_order
    )
    session.show(Partner, lambda one: one.subscribe(endpoint, idempotency_key=idempotency_key))


@webhooks.command("list")
@most
@acting
def list_endpoints(session: Session, most: int) -> None:
    """Every endpoint, and how it has answered lately."""
    found = session.listed(Partner, lambda one: one.endpoints(), most=most)
    show_all(
        found, session.how, ("id", "status", "url", "health.circuit", "health.pending", "disabled_reason")
    )


@webhooks.command("show")
@_ENDPOINT
@acting
def show_endpoint(session: Session, endpoint_id: str) -> None:
    """One endpoint."""
    session.show(Partner, lambda one: one.endpoint(endpoint_id))


@webhooks.command("hold")
@_ENDPOINT
@acting
def hold(session: Session, endpoint_id: str) -> None:
    """Hold its events back until they are let go."""
    session.show(Partner, lambda one: one.change_endpoint(endpoint_id, WebhookEndpointChange(disabled=True)))


@webhooks.command("let-go")
@_ENDPOINT
@acting
def let_go(session: Session, endpoint_id: str) -> None:
    """Send what was held back."""
    session.show(Partner, lambda one: one.change_endpoint(endpoint_id, WebhookEndpointChange(disabled=False)))


@webhooks.command("remove")
@_ENDPOINT
@acting
def remove(session: Session, endpoint_id: str) -> None:
    """Send nothing more there, not even what was due."""
    session.ask(Partner, lambda one: one.unsubscribe(endpoint_id))


@webhooks.command("deliveries")
@_ENDPOINT
@click.option("--state", type=click.Choice(get_args(DeliveryState)))
@most
@acting
def deliveries(session: Session, endpoint_id: str, state: DeliveryState | None, most: int) -> None:
    """What was sent there, newest first."""
    matching = DeliveryFilter(state=state, limit=min(most, 100))
    found = session.listed(Partner, lambda one: one.deliveries(endpoint_id, matching), most=most)
    show_all(found, session.how, ("id", "state", "event_type", "failures", "reason", "created_at"))


@webhooks.command("delivery")
@click.argument("delivery_id", metavar="DELIVERY")
@acting
def delivery(session: Session, delivery_id: str) -> None:
    """One delivery with its body and every attempt."""
    session.show(Partner, lambda one: one.delivery(delivery_id))


@webhooks.command("replay")
@_ENDPOINT
@click.option("--since", type=_TIME, required=True, help="2026-01-05T09:30:00+0800")
@click.option("--until", type=_TIME, help="Now, if left out.")
@_TYPES
@acting
def replay(
    session: Session,
    *,
    endpoint_id: str,
    since: datetime,
    until: datetime | None,
    event_types: tuple[str, ...],
) -> None:
    """Send again whatever happened in a time, a piece at a time until that was all; a count on a terminal meanwhile."""

    async def replayed(one: Partner) -> Replay:
        count, after = 0, None
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.completed} to be sent again"),
            console=Console(stderr=True),
            disable=not Console(stderr=True).is_terminal,
        ) as progress:
            task = progress.add_task("", total=None)
            while True:
                what = ReplayRequest(since=since, until=until, event_types=list(event_types), after=after)
                piece = await one.replay(endpoint_id, what)
                count, after = count + piece.count, piece.next_after
                progress.update(task, completed=count)
                if after is None:
                    return Replay(count=count, next_after=None)

    show(session.ask(Partner, replayed), session.how)


for _command in (
    deed(
        "rotate-secret",
        "ENDPOINT",
        Partner,
        Partner.rotate_secret,
        "Get another secret; the one before signs along for a day.",
    ),
    deed("test", "ENDPOINT", Partner, Partner.send_test, "Have a `ping` sent there."),
    deed(
        "recover",
        "ENDPOINT",
        Partner,
        Partner.recover,
        "Switch an endpoint on again that was disabled for failing.",
    ),
    deed("resend", "DELIVERY", Partner, Partner.resend, "Send one again, now."),
    deed("skip", "DELIVERY", Partner, Partner.skip, "Give one up, so that those behind it go out."),
):
    webhooks.add_command(_command)

COMMANDS = (webhooks,)
