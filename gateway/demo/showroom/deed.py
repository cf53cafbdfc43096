"""What a visitor may do with an exhibit, and the body that asks for it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import Struct


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """A deed that needs no more than its name."""


class Which(Struct, frozen=True, forbid_unknown_fields=True):
    """One of several."""

    id: str


class Sum(Struct, frozen=True, forbid_unknown_fields=True):
    """An amount as it was typed."""

    amount: str


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """So much of one of several."""

    id: str
    amount: str


@dataclass(frozen=True, slots=True)
class Deed:
    """A body's kind, and what is done with it; the answer, if any, is for who asked alone."""

    takes: type[Struct]
    does: Callable[[Any], Awaitable[object]]


class Exhibit(Protocol):
    """Something that visitors do things with."""

    @property
    def deeds(self) -> Mapping[str, Deed]: ...


class Scanner(Exhibit, Protocol):
    """One that reads pictures, too."""

    async def scanned(self, picture: bytes) -> None: ...
