"""The payer of a wallet's call, as its backend signed for it."""

from typing import Any

from gateway.door.operation import Call
from gateway.payments.confirm import Consent
from gateway.transfers.transfer import Connection
from gateway.wire.payments import Confirmation, StorePaymentRequest
from merchants.access import errors
from merchants.access.payer_statement import Expected, Use, hear
from merchants.money import Money
from merchants.payer import PayerFacts

STATEMENT_PROBLEMS = (
    errors.PayerStatementMalformed,
    errors.PayerStatementNotVerified,
    errors.PayerStatementExpired,
    errors.PayerStatementMisdirected,
    errors.PayerOfAnotherIssuer,
)
# Of deeds: what creates or moves does so once by one statement.
DEED_PROBLEMS = (*STATEMENT_PROBLEMS, errors.PayerStatementReplayed)
EXAMPLE = "eyJhbGciOiJFZERTQSIsInR5cCI6InBheWVyK2p3dCJ9.eyJpc3MiOiJjbGlfMDE5In0.c2lnbmF0dXJl"


async def payer_of(
    call: Call[Any], conn: Connection, use: Use, *, of: str | None = None, payable: Money | None = None
) -> PayerFacts:
    """Who pays; in the claim's transaction, so that a request that is repeated meets its own answer first."""
    expected = Expected(
        client_id=call.caller.client_id,
        issuer=issuer_of(call),
        audience=call.parts.tokens.issuer,
        use=use,
        of=of,
        payable=payable,
    )
    return await hear(conn, call.body.payer, expected, now=call.now)


async def consent_of(
    call: Call[Confirmation] | Call[StorePaymentRequest], conn: Connection, *, of: str
) -> Consent:
    """What the payer agreed to: the amount stands in the body and in what was signed."""
    body = call.body
    payable = Money(body.payable.amount_minor, body.payable.currency)
    payer = await payer_of(call, conn, "confirm", of=of, payable=payable)
    return Consent(payable=payable, quote=body.quote, payer=payer, statement=body.payer)


def issuer_of(call: Call[Any, Any]) -> str:
    issuer = call.caller.issuer
    assert issuer is not None, "the scope `wallet` is granted to wallet clients alone"
    return issuer
