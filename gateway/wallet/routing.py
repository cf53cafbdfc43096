"""Which core holds a payer: one for each issuer, and none that drags another down."""

from collections.abc import Mapping

from gateway.wallet.core import Core
from gateway.wallet.errors import IssuerNotServed, WalletCoreUnavailable


class Cores:
    """The cores that this gateway is connected to, by the issuer whose payers they hold.

    Args:
        by_issuer: one core may serve several issuers; each has its own bounds and breaker.
    """

    def __init__(self, by_issuer: Mapping[str, Core]) -> None:
        self._by_issuer = dict(by_issuer)

    def for_issuer(self, issuer: str) -> Core:
        """The core that holds this issuer's payers, whether it answers now or not.

        Raises:
            IssuerNotServed: no core is connected for it.
        """
        core = self._by_issuer.get(issuer)
        if core is None:
            raise IssuerNotServed(issuer=issuer)
        return core

    def home(self) -> str:
        """The issuer whose core pays what the bank itself sends out: the first that is connected.

        Raises:
            IssuerNotServed: none is.
        """
        if not self._by_issuer:
            raise IssuerNotServed(issuer="")
        return next(iter(self._by_issuer))

    def check_available(self, issuer: str) -> None:
        """Ask before anything is redeemed, reserved or stored, so that a refusal leaves nothing behind.

        No call is made: this is what the breaker and the bound know already.

        Raises:
            IssuerNotServed: no core is connected for it.
            WalletCoreUnavailable: its core should not be sent anything new now.
        """
        core = self.for_issuer(issuer)
        why = core.unavailable()
        if why is not None:
            raise WalletCoreUnavailable(core=core.name, why=why)

    def with_issuers(self) -> tuple[tuple[Core, tuple[str, ...]], ...]:
        """Each connected core once, and whose payers it holds."""
        return tuple(
            (core, tuple(issuer for issuer, its in self._by_issuer.items() if its is core))
            for core in self.all()
        )

    def all(self) -> tuple[Core, ...]:
        """Each connected core once, for reconciliation."""
        return tuple(dict.fromkeys(self._by_issuer.values()))
