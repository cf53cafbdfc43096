"""Problems: what every failing call answers (RFC 9457)."""

from typing import Annotated

from msgspec import Meta, Struct


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with the request.

    Attributes:
        pointer: JSON pointer (RFC 6901) into the body, or `#query/name`, `#path/name`, `#header/Name`.
        code: stable, for programs.
        detail: for people.
    """

    pointer: str
    code: str
    detail: str


class Problem(Struct, frozen=True, kw_only=True):
    """A failing call's answer; further members carry the facts of its code."""

    type: Annotated[str, Meta(description="Where this code is explained")]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    code: Annotated[str, Meta(description="Stable; branch on this and on nothing else")]
    detail: str
    request_id: str
    errors: list[Fault]
