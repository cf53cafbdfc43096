"""All or none: what a statement on many payments says when some of them are not the plain case it is written for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
import msgspec

# Each try leaves out who stood in the way of the one before; then everybody goes alone.
TRIES: Final = 3
# What the database's function raises; its detail are the ids of the payments that stand in the way.
_SQLSTATE: Final = "GW001"


class InTheWay(Exception):
    """These payments are no plain ones; nothing was written of any."""

    def __init__(self, payment_ids: frozenset[str]) -> None:
        super().__init__(payment_ids)
        self.payment_ids = payment_ids


@contextmanager
def all_or_none() -> Iterator[None]:
    """Run one statement by itself, and turn its refusal into `InTheWay`."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if error.sqlstate != _SQLSTATE:
            raise
        raise InTheWay(frozenset(msgspec.json.decode(str(error.detail), type=list[str]))) from None
