"""Lists come in pages that a cursor joins, so that a list stays cheap however long it grows."""

from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

ItemT = TypeVar("ItemT")

# Bounds one answer's size and one query's work.
MAX_PAGE = 100

Limit = Annotated[int, Meta(ge=1, le=MAX_PAGE, description="How many items at most", examples=[20])]
Cursor = Annotated[
    str,
    Meta(max_length=256, pattern="^[A-Za-z0-9_.:-]*$", description="`next` of the page before"),
]


def next_like(pattern: str) -> Meta:
    """What a list's own cursors look like, so that no other text passes for the place of a page."""
    return Meta(max_length=256, pattern=pattern, description="`next` of the page before")


def next_id(prefix: str) -> Meta:
    """Where a list's cursors are the ids of what it lists."""
    return next_like(f"^{prefix}_[0-9a-f]{{32}}$")


NEXT_NUMBER = next_like("^[0-9]{1,18}$")
"""Where they are numbers; the database's have 19 digits at most."""


class PageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query parameters of a list; each adds its own cursor, and its filters."""

    limit: Limit = 20


class Page(Struct, Generic[ItemT], frozen=True, kw_only=True):
    """One page, newest first; `next` is null on the last one."""

    items: list[ItemT]
    next: Cursor | None
