"""What can be wrong before a core is asked, or with an answer that nobody's money hangs on."""

import re


class WalletError(Exception):
    """The wallet core could not be used."""

    code: str = "wallet_error"

    def __init_subclass__(cls) -> None:
        """Derive the stable code: `CoreUnavailable` is `core_unavailable`."""
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class WalletCoreUnavailable(WalletError):
    """The payer's wallet core cannot be reached; nothing happened and the code is unused: try again soon."""

    def __init__(self, *, core: str, why: str) -> None:
        super().__init__(self.__doc__)
        self.core = core
        self.why = why


class IssuerNotServed(WalletError):
    """No wallet core is connected for this payer's issuer; take another means of payment."""

    def __init__(self, *, issuer: str) -> None:
        super().__init__(self.__doc__)
        self.issuer = issuer


class ListingFailed(WalletError):
    """The wallet core did not give a readable list of its transfers; run the reconciliation again later."""

    def __init__(self, *, core: str, why: str) -> None:
        super().__init__(f"{self.__doc__} ({core}: {why})")
        self.core = core
        self.why = why
