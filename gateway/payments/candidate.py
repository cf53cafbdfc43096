"""An order on its way to be accepted together with others."""

from dataclasses import dataclass

from gateway.payments.accepted import Ask
from gateway.payments.pay import Drawn, cart_of
from merchants.merchant import PayingContext
from merchants.offers.quote import Quote
from merchants.offers.together import Wish
from merchants.payer import PayerFacts
from qr.codes import CodeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An order that is about to be accepted, with all that was read and worked out for it."""

    ask: Ask
    place: PayingContext
    payer: PayerFacts
    code_hash: bytes
    quote: Quote
    drawn: Drawn

    @property
    def wish(self) -> Wish:
        order, quote = self.ask.order, self.quote
        return Wish(
            payment_id=order.payment_id,
            cart=cart_of(order, self.place, code_kind=CodeKind.PAYMENT),
            person_id=self.payer.person,
            quote=quote,
            now=self.ask.now,
        )
