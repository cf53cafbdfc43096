"""A connection that asks once a process what the next one need not ask again."""

from collections.abc import Collection
from typing import Any, ClassVar, Final, NamedTuple

import asyncpg

# Types numbered below this have their numbers by hand in PostgreSQL's sources, the same in every server and release;
# what lies above is numbered anew by each server, or may be made anew (src/include/access/transam.h,
# FirstGenbkiObjectId).
_FIRST_BY_CHANCE: Final = 10_000


class _Unasked(NamedTuple):
    """In place of the statement that would have asked: asyncpg looks whether it has overwritten one without a name."""

    name: str = "unasked"


class Connection(asyncpg.Connection):
    """Knows PostgreSQL's arrays from the connections before it.

    asyncpg asks on each connection what the arrays are that a statement takes or gives, with a query of ten
    milliseconds or more. A pool that grew under a burst spent seconds on that, and payments waited behind it.
    """

    __slots__ = ()
    _known: ClassVar[dict[frozenset[int], Any]] = {}

    async def _introspect_types(self, typeoids: Collection[int], timeout: float | None) -> Any:  # noqa: ASYNC109 - asyncpg's signature
        wanted = frozenset(typeoids)
        if wanted in self._known:
            return self._known[wanted], _Unasked()
        types, asked = await super()._introspect_types(typeoids, timeout)  # type: ignore[misc] # the stubs leave it out
        if max(wanted) < _FIRST_BY_CHANCE:
            self._known[wanted] = types
        return types, asked
