"""What can go wrong with a checkout; each docstring is the sentence the caller reads."""


class CheckoutError(Exception):
    """The checkout cannot be done as asked."""

    pointer: str | None = None


class CheckoutSessionNotFound(CheckoutError):
    """There is no such checkout session, or it is not yours."""


class CheckoutCompleted(CheckoutError):
    """This session was paid; refund its payment instead, see `payment_id`."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(payment_id)
        self.payment_id = payment_id


class CheckoutBeingPaid(CheckoutError):
    """Somebody is paying this session right now; wait for the payment's end, or cancel it: see `payment_id`."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(payment_id)
        self.payment_id = payment_id


class NothingToRetry(CheckoutError):
    """There is no declined payment to try again: the session has ended, or its code still waits to be scanned."""


class TooManyAttempts(CheckoutError):
    """This session was tried too often; open a new one."""


class LinesDoNotAddUp(CheckoutError):
    """The lines' amounts do not sum to the order's; see `lines_minor`."""

    pointer = "/lines"

    def __init__(self, lines_minor: int) -> None:
        super().__init__(lines_minor)
        self.lines_minor = lines_minor


class ReturnUrlUnfit(CheckoutError):
    """Not an address to send a browser to: https, a lower-case host, no user, no fragment, no `checkout_result`.

    The sandbox also takes http to this machine itself.
    """

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


class ReturnUrlNotAllowed(CheckoutError):
    """This place is not among the merchant's return origins; add it with `PUT …/return-origins`, see `origin`."""

    def __init__(self, pointer: str, origin: str) -> None:
        super().__init__(pointer, origin)
        self.pointer = pointer
        self.origin = origin
