"""What can go wrong on this floor; each docstring is the sentence the caller reads."""


class QrError(Exception):
    """The code cannot be read, is not valid, or is not ours."""

    pointer: str | None = None


class CodeMalformed(QrError):
    """This is no code of a known form; scan it again or let the payer show a new one."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CodeForeign(QrError):
    """This code belongs to another wallet or environment; take it through that wallet's own acquiring."""

    def __init__(self, issuer: str) -> None:
        super().__init__(issuer)
        self.issuer = issuer


class CodeForged(QrError):
    """The signature of this code does not hold: it was altered or not issued by us; do not pay it."""


class CodeUnknown(QrError):
    """We never issued this code, or it is long gone; let the payer show a new one."""


class CodeUsed(QrError):
    """This code was used already, it pays once; let the payer show a new one."""


class CodeExpired(QrError):
    """This code has expired; show or ask for a new one."""


class CodeRevoked(QrError):
    """This code was revoked by its merchant; ask for a new one."""


class TooManyWrongCodes(QrError):
    """Too many wrong codes came from this terminal or merchant; wait, then scan real codes only."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(str(retry_after_s))
        self.retry_after_s = retry_after_s


class QrCodeNotFound(QrError):
    """There is no QR code with this id under your account; check the id."""
