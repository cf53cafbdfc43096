"""What can go wrong on this floor; each docstring is the sentence the caller reads."""


class QrError(Exception):
    """The code cannot be read, is not valid, or is not ours."""

    pointer: str | None = None
