"""What can go wrong on this floor; each docstring is the sentence the caller reads."""

from merchants.lifecycle import Status


class MerchantsError(Exception):
    """The request does not fit the merchants' records."""

    pointer: str | None = None


class UnknownCurrency(MerchantsError):
    """This is no ISO 4217 currency with a minor unit; send its alphabetic code, for example CNY."""

    def __init__(self, currency: str) -> None:
        super().__init__(currency)
        self.currency = currency


class MerchantNotFound(MerchantsError):
    """You have no merchant with this id; list your sub-merchants to see which there are."""


class MerchantNotActive(MerchantsError):
    """This merchant may not be paid now; ask the bank about its status before trying again."""

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.merchant_status = status


class MerchantCannotMove(MerchantsError):
    """The merchant's present status does not allow this; read the merchant again and see its status."""

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.merchant_status = status


class StoreNotFound(MerchantsError):
    """You have no store with this id; list the stores of the merchant to see which there are."""


class StoreClosed(MerchantsError):
    """This store is closed and takes no payments; name another store or have a new one made."""


class TerminalNotFound(MerchantsError):
    """You have no terminal with this id; list the terminals of the store to see which there are."""


class TerminalRetired(MerchantsError):
    """This terminal is retired and takes no payments; use another till or have a new one made."""
