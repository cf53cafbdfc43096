"""A broken rule of a format, and where to look; every codec of this floor names its faults so."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One broken rule.

    Attributes:
        kind: the rule.
        tag: the path of the object (`62.05`), empty for the payload as a whole.
        position: what stands before the place to look at: characters of text, bytes of binary.
        detail: for people.
    """

    kind: StrEnum
    tag: str
    position: int
    detail: str

    def __str__(self) -> str:
        where = f"object {self.tag} at {self.position}" if self.tag else f"position {self.position}"
        return f"{where}: {self.detail}"
