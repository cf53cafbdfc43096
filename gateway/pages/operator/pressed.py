"""The forms of one page while it is drawn: the one that was refused keeps its key and what was typed, no other does.

So a reason that was meant for one deed never stands in the field of the next, and a key is that of one deed.
"""

from collections.abc import Mapping
from uuid import uuid4


class Forms:
    """Handed to a page's template, which begins one form after another.

    Args:
        refused_at: the address whose form was refused; None where nothing was.
        typed: what that form said.
    """

    def __init__(self, refused_at: str | None, typed: Mapping[str, str]) -> None:
        self._refused_at = refused_at
        self._typed = typed
        self._at: str | None = None

    def begin(self, action: str) -> str:
        """The idempotency key of the form that follows."""
        self._at = action
        return (self.refused(action) and self._typed.get("key")) or uuid4().hex

    def refused(self, action: str) -> bool:
        return action == self._refused_at

    def get(self, name: str, default: object = "") -> object:
        """What stands in a field of the form that was begun last."""
        return self._typed.get(name, default) if name in self else default

    def __contains__(self, name: str) -> bool:
        return self._at is not None and self._at == self._refused_at and name in self._typed
