"""The backend of a wallet app, which speaks for the payers of its issuer."""

from gateway.client.signed_in import SignedIn
from gateway.wire.money import PositiveAmount
from gateway.wire.payments import (
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


class WalletBackend(SignedIn):
    """Gets codes for its users, asks what they scanned, and says what they decided."""

    async def payment_code(self, payer: PayerFacts, *, idempotency_key: str | None = None) -> PaymentCode:
        """A one-time code for the payer to show at a till."""
        return await self.do(
            "/wallet/v1/payment-codes",
            PaymentCode,
            PaymentCodeRequest(payer=payer),
            idempotency_key=idempotency_key,
        )

    async def scan(self, code: str, payer: PayerFacts) -> Scan:
        """What this payer is shown of a scanned code; binds nobody."""
        return await self.ask("/wallet/v1/scans", Scan, ScanRequest(code=code, payer=payer))

    async def scan_store(
        self, code: str, payer: PayerFacts, amount: PositiveAmount | None = None
    ) -> StoreScan:
        """Likewise of a store's sticker: whom the payer pays, and what the typed amount comes to."""
        wish = ScanRequest(code=code, payer=payer, amount=amount)
        return await self.ask("/wallet/v1/scans", StoreScan, wish)

    async def pay_store(
        self, payment: StorePaymentRequest, *, idempotency_key: str | None = None
    ) -> WalletPayment:
        """The payer agrees to pay exactly this by a sticker."""
        return await self.do(
            "/wallet/v1/payments",
            WalletPayment,
            payment,
            idempotency_key=idempotency_key,
            wait_s=payment.wait_s,
        )

    async def confirm(
        self, payment_id: str, consent: Confirmation, *, idempotency_key: str | None = None
    ) -> WalletPayment:
        """The payer agrees to exactly the amount they saw."""
        return await self.do(
            f"/wallet/v1/payments/{payment_id}/confirm",
            WalletPayment,
            consent,
            idempotency_key=idempotency_key,
            wait_s=consent.wait_s,
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
