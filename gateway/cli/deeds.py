"""Commands that do one thing to one thing, named by its id: there are many, and they differ in nothing else."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from msgspec import Struct

from gateway.cli.asking import Session, acting, repeatable
from gateway.client.signed_in import SignedIn

UserT = TypeVar("UserT", bound=SignedIn)


def deed(
    name: str, what: str, user: type[UserT], does: Callable[..., Awaitable[Struct]], words: str
) -> click.Command:
    """A command that shows what `does` made of the one it was given, once for each idempotency key."""

    @click.command(name, help=words)
    @click.argument("named", metavar=what)
    @repeatable
    @acting
    def command(session: Session, named: str, idempotency_key: str | None) -> None:
        session.show(user, lambda one: does(one, named, idempotency_key=idempotency_key))

    return command
