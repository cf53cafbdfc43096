"""The backend of a wallet app, which speaks for the payers of its issuer and signs for each what it says of them."""

import time
import uuid
from typing import Any, Final, Literal, cast

import msgspec

from gateway.client.endpoints import Endpoints
from gateway.client.settling import FINAL, settled
from gateway.client.signed_in import Credentials
from gateway.client.transport import Gateway, Request
from gateway.client.wallet_keys import WalletKeys
from gateway.wire.code_credentials import CodeCredential, CredentialRequest
from gateway.wire.coupons import Benefits, BenefitsQuery, Coupon, CouponClaim
from gateway.wire.money import PositiveAmount
from gateway.wire.payments import (
    DEFAULT_WAIT_S,
    Confirmation,
    PayerFacts,
    PaymentQuery,
    Refusal,
    Scan,
    ScanRequest,
    StorePaymentRequest,
    StoreScan,
    WalletPayment,
)
from gateway.wire.qr_codes import PaymentCode, PaymentCodeRequest
from gateway.wire.transfers import OutcomeHint

# The gateway takes 60 at most; half of it leaves room for clocks that differ.
_STATEMENT_LIFE_S: Final = 30
# What a payer or a merchant has to do first is waited for by nobody.
_SOMEBODYS_TURN: Final = frozenset({*FINAL, "authorized", "requires_confirmation"})
Use = Literal["payment_code", "code_credential", "scan", "confirm", "coupon"]


class WalletBackend(Endpoints, WalletKeys):
    """Gets codes for its users, asks what they scanned, and says what they decided; is told how payments ended.

    Args:
        gateway: where.
        credentials: the client and its key, which signs statements on payers, too.
        issuer: whose payers this wallet's are.
    """

    def __init__(self, gateway: Gateway, credentials: Credentials, *, issuer: str) -> None:
        super().__init__(gateway, credentials)
        self._issuer = issuer

    def statement(
        self, payer: PayerFacts, use: Use, *, of: str | None = None, payable: PositiveAmount | None = None
    ) -> str:
        """What this backend vouches for, for one call: give the facts as they are at this moment."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.client_id,
            "aud": self._gateway.issuer,
            "jti": uuid.uuid4().hex,
            "use": use,
        }
        claims |= {"iat": now, "exp": now + _STATEMENT_LIFE_S}
        claims["payer"] = {**msgspec.to_builtins(payer), "issuer": self._issuer}
        if of is not None:
            claims["of"] = of
        if payable is not None:
            claims["payable"] = msgspec.to_builtins(payable)
        return self._credentials.key.signed(claims, kind="payer+jwt")

    async def payment_code(self, payer: PayerFacts, *, idempotency_key: str | None = None) -> PaymentCode:
        """A one-time code for the payer to show at a till."""
        return await self.do(
            "/wallet/v1/payment-codes",
            PaymentCode,
            PaymentCodeRequest(payer=self.statement(payer, "payment_code")),
            idempotency_key=idempotency_key,
        )

    async def enrol_phone(
        self, payer: PayerFacts, *, renews: str | None = None, idempotency_key: str | None = None
    ) -> CodeCredential:
        """What a phone needs to make codes without a network; `renews` names the phone at every later contact."""
        wish = CredentialRequest(payer=self.statement(payer, "code_credential", of=renews), renews=renews)
        path = "/wallet/v1/code-credentials"
        return await self.do(path, CodeCredential, wish, idempotency_key=idempotency_key)

    async def revoke_phone(self, credential_id: str) -> None:
        """A lost phone: none of its codes is taken any more."""
        path = f"/wallet/v1/code-credentials/{credential_id}"
        await self.call(Request(method="DELETE", path=path, harmless=True))

    async def hint_outcome(self, transfer_id: str) -> None:
        """The core may have decided this transfer: it is asked at once, and believed alone."""
        request = Request(
            method="POST",
            path="/wallet/v1/outcomes",
            body=msgspec.json.encode(OutcomeHint(transfer_id=transfer_id)),
            harmless=True,
        )
        await self.call(request)

    async def scan(self, code: str, payer: PayerFacts) -> Scan:
        """What this payer is shown of a scanned code; binds nobody."""
        wish = ScanRequest(code=code, payer=self.statement(payer, "scan", of=code))
        return await self.ask("/wallet/v1/scans", Scan, wish)

    async def look(
        self, code: str, payer: PayerFacts, amount: PositiveAmount | None = None
    ) -> Scan | StoreScan:
        """Whichever of the two it is: an order, or a sticker that wants an amount."""
        wish = ScanRequest(code=code, payer=self.statement(payer, "scan", of=code), amount=amount)
        return await self.ask("/wallet/v1/scans", cast("type[Scan | StoreScan]", Scan | StoreScan), wish)

    async def scan_store(
        self, code: str, payer: PayerFacts, amount: PositiveAmount | None = None
    ) -> StoreScan:
        """Likewise of a store's sticker: whom the payer pays, and what the typed amount comes to."""
        wish = ScanRequest(code=code, payer=self.statement(payer, "scan", of=code), amount=amount)
        return await self.ask("/wallet/v1/scans", StoreScan, wish)

    async def pay_store(
        self,
        scan_id: str,
        payer: PayerFacts,
        *,
        amount: PositiveAmount,
        payable: PositiveAmount,
        quote: str | None = None,
        wait_s: int = DEFAULT_WAIT_S,
        idempotency_key: str | None = None,
    ) -> WalletPayment:
        """The payer agrees to pay exactly `payable` by a sticker."""
        payment = StorePaymentRequest(
            scan_id=scan_id,
            amount=amount,
            payable=payable,
            payer=self.statement(payer, "confirm", of=scan_id, payable=payable),
            quote=quote,
            wait_s=wait_s,
        )
        return await self.do(
            "/wallet/v1/payments", WalletPayment, payment, idempotency_key=idempotency_key, wait_s=wait_s
        )

    async def confirm(
        self,
        payment_id: str,
        payer: PayerFacts,
        *,
        payable: PositiveAmount,
        scan_id: str | None = None,
        quote: str | None = None,
        wait_s: int = DEFAULT_WAIT_S,
        idempotency_key: str | None = None,
    ) -> WalletPayment:
        """The payer agrees to exactly the amount they saw, verified as `payer` says."""
        consent = Confirmation(
            payable=payable,
            payer=self.statement(payer, "confirm", of=payment_id, payable=payable),
            scan_id=scan_id,
            quote=quote,
            wait_s=wait_s,
        )
        return await self.do(
            f"/wallet/v1/payments/{payment_id}/confirm",
            WalletPayment,
            consent,
            idempotency_key=idempotency_key,
            wait_s=wait_s,
        )

    async def decline(self, payment_id: str, refusal: Refusal, *, idempotency_key: str | None = None) -> None:
        """The payer does not want to; an order they only scanned stays payable for others."""
        path = f"/wallet/v1/payments/{payment_id}/decline"
        await self.do(path, type(None), refusal, idempotency_key=idempotency_key)

    async def payment(self, payment_id: str, *, wait_s: int = 0) -> WalletPayment:
        """A payment of one of its own payers."""
        return await self.get(
            f"/wallet/v1/payments/{payment_id}", WalletPayment, PaymentQuery(wait_s=wait_s), wait_s=wait_s
        )

    async def wait(self, payment_id: str, *, within_s: float = 120.0) -> WalletPayment:
        """The payment once it is final or somebody's turn, or as it is when the time is over."""
        return await settled(
            lambda wait_s: self.payment(payment_id, wait_s=wait_s), enough=_SOMEBODYS_TURN, within_s=within_s
        )

    async def claim_coupon(
        self, offer_id: str, payer: PayerFacts, *, idempotency_key: str | None = None
    ) -> Coupon:
        """A coupon for this payer; one that costs points may still await them."""
        wish = CouponClaim(offer_id=offer_id, payer=self.statement(payer, "coupon", of=offer_id))
        return await self.do("/wallet/v1/coupons", Coupon, wish, idempotency_key=idempotency_key)

    async def benefits(self, payer: PayerFacts) -> Benefits:
        """What a payer holds: coupons, points, and what they earned lately."""
        query = BenefitsQuery(payer_id=payer.id, person_id=payer.person_id)
        return await self.get("/wallet/v1/benefits", Benefits, query)
