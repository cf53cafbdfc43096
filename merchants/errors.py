"""What can go wrong on this floor; each docstring is the sentence the caller reads."""


class MerchantsError(Exception):
    """The request does not fit the merchants' records."""

    pointer: str | None = None


class UnknownCurrency(MerchantsError):
    """This is no ISO 4217 currency with a minor unit; send its alphabetic code, for example CNY."""

    def __init__(self, currency: str) -> None:
        super().__init__(currency)
        self.currency = currency
