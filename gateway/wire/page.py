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


class PageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query parameters of a list; a list with filters inherits from it."""

    limit: Limit = 20
    cursor: Cursor | None = None


class Page(Struct, Generic[ItemT], frozen=True, kw_only=True):
    """One page, newest first; `next` is null on the last one."""

    items: list[ItemT]
    next: Cursor | None
