"""What can go wrong on this floor; each docstring is the sentence the caller reads."""

from collections.abc import Sequence


class QrError(Exception):
    """The code cannot be read, is not valid, or is not ours."""

    pointer: str | None = None


class CodeRefused(QrError):
    """The code that was scanned cannot be used."""

    pointer = "/code"


class CodeMalformed(CodeRefused):
    """This is no code of a known form; scan it again or let the payer show a new one."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CodeForeign(CodeRefused):
    """This code belongs to another wallet or environment; take it through that wallet's own acquiring."""

    def __init__(self, issuer: str) -> None:
        super().__init__(issuer)
        self.issuer = issuer


class CodeOfOtherEnvironment(CodeRefused):
    """This code is of our other environment: what the sandbox issues pays nothing in production, nor the reverse."""


class CodeForged(CodeRefused):
    """The signature of this code does not hold: it was altered or not issued by us; do not pay it."""


class CodeUnknown(CodeRefused):
    """We never issued this code, or it is long gone; let the payer show a new one."""


class CodeUsed(CodeRefused):
    """This code was used already, it pays once; let the payer show a new one."""


class CodeExpired(CodeRefused):
    """This code has expired; show or ask for a new one."""


class CodeRevoked(CodeRefused):
    """This code was revoked by who issued it; ask for a new one."""


class CodeNeedsNetwork(CodeRefused):
    """This phone has to be online once before it can pay offline again; let it connect and show a new code."""


class TooManyWrongCodes(QrError):
    """Too many wrong codes came from this terminal or merchant; wait, then scan real codes only."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(str(retry_after_s))
        self.retry_after_s = retry_after_s


class CredentialNotFound(QrError):
    """This payer has no such credential for offline codes; check the id, or enrol the phone anew."""


class CredentialRevoked(QrError):
    """This credential was revoked and cannot be renewed; enrol the phone anew."""


class QrCodeNotFound(QrError):
    """There is no QR code with this id under your account; check the id."""


class QrCodeEnded(QrError):
    """This code can no longer be paid, so there is nothing to show; make a new payment for its order."""


class CodeSubjectUnclear(QrError):
    """It is not clear what the code is for; name exactly one of `payment_id`, `store_id` and `terminal_id`."""


class PaymentHasNoCode(QrError):
    """There is no code to show for this payment: check its id; one made with a customer's code has none."""

    pointer = "/payment_id"


class PayeeUnfit(QrError):
    """This merchant cannot be named in a code; ask the bank to correct its name, city or category.

    The objects of EMVCo's format that refused the merchant's record are listed.
    """

    def __init__(self, objects: Sequence[str]) -> None:
        super().__init__(*objects)
        self.objects = tuple(objects)
