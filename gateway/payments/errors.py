"""What can go wrong with a payment; each docstring is the sentence the caller reads."""

from collections.abc import Sequence


class PaymentsError(Exception):
    """The payment cannot be done as asked."""

    pointer: str | None = None


class PaymentNotFound(PaymentsError):
    """There is no such payment, or it is not yours."""


class RefundNotFound(PaymentsError):
    """There is no such refund, or it is not yours."""


class ScanNotFound(PaymentsError):
    """There is no such scan, it is another payer's, or it was paid by before; scan the code again for a new payment."""


class OrderExists(PaymentsError):
    """This order number has a live payment; see `payment_id`, and take a new number for another order."""

    pointer = "/merchant_order_no"

    def __init__(self, payment_id: str | None, differences: Sequence[str]) -> None:
        super().__init__(payment_id, *differences)
        self.payment_id = payment_id
        self.differences = tuple(differences)


class OrderNumberFreed(OrderExists):
    """This order number's attempt failed in this very moment; nothing happened, repeat the request."""

    def __init__(self) -> None:
        super().__init__(None, ())


class OrderPaid(PaymentsError):
    """This order was paid already; see `payment_id`. Nothing was charged again."""

    pointer = "/merchant_order_no"

    def __init__(self, payment_id: str) -> None:
        super().__init__(payment_id)
        self.payment_id = payment_id


class OrderCanceled(PaymentsError):
    """This order was canceled; take a new order number."""

    pointer = "/merchant_order_no"

    def __init__(self, payment_id: str) -> None:
        super().__init__(payment_id)
        self.payment_id = payment_id


class AmountAboveLimit(PaymentsError):
    """The amount is above what this merchant may take in one payment; see `limit_minor`."""

    pointer = "/amount/amount_minor"

    def __init__(self, limit_minor: int) -> None:
        super().__init__(limit_minor)
        self.limit_minor = limit_minor


class CurrencyNotTaken(PaymentsError):
    """This merchant is paid in another currency; see `currency`."""

    pointer = "/amount/currency"

    def __init__(self, currency: str) -> None:
        super().__init__(currency)
        self.currency = currency


class OffersJustChanged(PaymentsError):
    """The offers changed while the payment was made; nothing happened, repeat with the same Idempotency-Key."""


class AmountChanged(PaymentsError):
    """The payer would be charged another amount than was shown; nothing happened: show this one and ask again."""

    pointer = "/payable/amount_minor"

    def __init__(self, *, payable_minor: int, quote: str) -> None:
        super().__init__(payable_minor)
        self.payable_minor = payable_minor
        self.quote = quote


class PayerLimitExceeded(PaymentsError):
    """The payment is above what is left of the payer's daily limit; nothing happened, the order stays payable."""


class DeclinedByRisk(PaymentsError):
    """This payment cannot be made with this wallet now; take another means of payment.

    A velocity rule fired; the list of hits names it.
    """


class NotConfirmable(PaymentsError):
    """Nobody can confirm this payment any more; see `state`."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class NotCapturable(PaymentsError):
    """Nothing is held that could be captured: the payment has to be `authorized`; see `state`."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class CaptureAboveAuthorized(PaymentsError):
    """This is more than is held; see `authorized_minor`, and take the rest by a payment of its own."""

    pointer = "/amount/amount_minor"

    def __init__(self, authorized_minor: int) -> None:
        super().__init__(authorized_minor)
        self.authorized_minor = authorized_minor


class NotCancelable(PaymentsError):
    """This payment cannot be canceled any more; see `state`, and refund it if it is paid."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class PartiallyRefunded(PaymentsError):
    """Part of this payment was refunded already; refund the rest instead of canceling."""


class NotRefundable(PaymentsError):
    """Only a payment that succeeded can be refunded; see `state`."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class RefundAboveRemainder(PaymentsError):
    """The refunds would be more than the order; see `remaining_minor`."""

    pointer = "/amount/amount_minor"

    def __init__(self, remaining_minor: int) -> None:
        super().__init__(remaining_minor)
        self.remaining_minor = remaining_minor


class SupervisorRequired(PaymentsError):
    """A till may not give back so much by itself; let a supervisor refund it from the merchant's own system."""

    pointer = "/amount/amount_minor"

    def __init__(self, per_refund_minor: int, per_day_minor: int) -> None:
        super().__init__(per_refund_minor, per_day_minor)
        self.per_refund_minor = per_refund_minor
        self.per_day_minor = per_day_minor


class RefundExists(PaymentsError):
    """This refund number was used for another amount; see `refund_id`."""

    pointer = "/merchant_refund_no"

    def __init__(self, refund_id: str) -> None:
        super().__init__(refund_id)
        self.refund_id = refund_id
