"""Who pays, as the wallet's backend vouched for it: the facts that offers, limits and cores decide by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerFacts:
    """A payer at the moment a code was issued or a payment confirmed; stored with the payment.

    Attributes:
        id: the wallet account that pays.
        person_id: the person behind it, the same over several wallets.
        issuer: the wallet it belongs to; chooses the core.
        segments: what offers may ask for, such as `new_customer`.
        factors: how many factors verified the payer, 0 to 3.
        certificate: whether a digital certificate or e-signature was one of them.
    """

    id: str
    person_id: str
    issuer: str
    segments: tuple[str, ...] = ()
    factors: int = 0
    certificate: bool = False

    @property
    def person(self) -> str:
        """The person, told from everybody else's: an issuer's ids are its own."""
        return f"{self.issuer}/{self.person_id}"
