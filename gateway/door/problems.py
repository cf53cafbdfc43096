"""Errors become RFC 9457 problems here, and nowhere else is it said which HTTP status an error has.

A floor's error class is all there is to know: its name in snake_case is the `code`, its docstring's first
paragraph the `detail`, its `pointer` and `faults` the listed errors, and every other public attribute a
member of the problem. A second paragraph of the docstring tells the operator more, in `openapi.yaml`.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from gateway.checkout import errors as checkout
from gateway.door import errors as door
from gateway.identity import errors as identity
from gateway.payments import errors as payments
from gateway.transfers import errors as transfers
from gateway.wallet import errors as wallet
from gateway.wire.problem import Fault
from merchants import errors as merchants
from merchants.access import errors as access
from merchants.access.jws import ALGORITHMS
from merchants.offers import errors as offers
from merchants.onboarding import errors as onboarding
from qr import errors as qr
from webhooks import errors as webhooks

# What is unavailable for a moment is there again about then: a connection is re-made, a failover done.
_RETRY_AFTER_S = 1
_DPOP_ALGORITHMS = f'algs="{" ".join(ALGORITHMS)}"'

# An error class that is not listed answers as its nearest listed ancestor. Each floor adds its own lines.
STATUS: Mapping[type[Exception], int] = {
    door.DoorError: 400,
    door.TokenMissing: 401,
    door.NotSignedIn: 401,
    door.FormForged: 403,
    door.InsufficientScope: 403,
    door.InsufficientRole: 403,
    door.NotFound: 404,
    door.MethodNotAllowed: 405,
    door.BodyTooSlow: 408,
    door.SecretAlreadyShown: 409,
    door.BodyTooLarge: 413,
    door.UnsupportedContentType: 415,
    door.UnsupportedContentEncoding: 415,
    door.IdempotencyKeyReused: 422,
    door.RateLimited: 429,
    door.InternalError: 500,
    door.NotReady: 503,
    door.NothingHappened: 503,
    door.OutcomeUnknown: 503,
    door.TooManyWaits: 429,
    door.WaitingRoomFull: 503,
    # the bank's identity provider
    identity.IdentityError: 401,
    identity.NoIdentityProvider: 404,
    identity.IdentityProviderUnavailable: 503,
    identity.NoRoleGranted: 403,
    identity.NoSession: 409,
    # merchants
    merchants.TerminalNotFound: 404,
    access.GrantRefused: 400,
    access.TokenRefused: 401,
    access.ScopesNotYours: 403,
    access.ClientNotFound: 404,
    access.OperatorProposalNotFound: 404,
    access.OperatorProposalDecided: 409,
    access.OwnOperatorProposal: 403,
    access.ProposalNotFound: 404,
    access.ProposalDecided: 409,
    access.OwnProposal: 403,
    access.ProposalUnderway: 409,
    access.KeysNotReset: 409,
    access.ResetCodeRefused: 422,
    access.ClientKeyNotFound: 404,
    access.ClientAlreadyRevoked: 409,
    access.PublicKeyUsedBefore: 409,
    access.KeyNotProven: 422,
    access.TooManyLiveKeys: 409,
    access.PayerOfAnotherIssuer: 403,
    access.PayerStatementReplayed: 409,
    merchants.MerchantsError: 422,
    merchants.MerchantNotFound: 404,
    merchants.MerchantNotActive: 409,
    merchants.MerchantCannotMove: 409,
    merchants.StoreNotFound: 404,
    merchants.StoreClosed: 409,
    merchants.TerminalRetired: 409,
    onboarding.ApplicationNotFound: 404,
    onboarding.ApplicationCannotMove: 409,
    onboarding.DuplicateApplication: 409,
    onboarding.CompanyIsPartner: 409,
    onboarding.SamePerson: 403,
    onboarding.NotTheReviewer: 403,
    onboarding.TermsChanged: 409,
    onboarding.ChangeNotFound: 404,
    onboarding.ChangeCannotMove: 409,
    onboarding.ChangeUnderway: 409,
    onboarding.PermitNotShown: 409,
    onboarding.TooManyDocuments: 409,
    onboarding.RecordChanged: 409,
    onboarding.BulkNotFound: 404,
    onboarding.BulkCannotMove: 409,
    onboarding.BulkNeedsSteps: 409,
    onboarding.DocumentKindUnknown: 404,
    onboarding.DocumentNotFound: 404,
    onboarding.CreditCodeInOrder: 409,
    onboarding.VerificationUnderway: 409,
    onboarding.VerificationNotReady: 409,
    onboarding.TooManyAccountTries: 409,
    offers.OfferNotFound: 404,
    offers.OfferHashMismatch: 409,
    offers.OfferStateForbids: 409,
    offers.OfferIsOver: 409,
    offers.FunderHasNotAccepted: 409,
    offers.FundingWithdrawn: 409,
    offers.CouponNotOffered: 409,
    offers.CouponsHandedOut: 409,
    offers.PointsShort: 409,
    offers.TooManyLiveOffers: 409,
    offers.OffersChanging: 503,
    # qr
    qr.QrError: 422,
    qr.QrCodeNotFound: 404,
    qr.PaymentHasNoCode: 404,
    qr.CodeUsed: 409,
    qr.CodeExpired: 409,
    qr.CodeRevoked: 409,
    qr.CodeNeedsNetwork: 409,
    qr.CredentialNotFound: 404,
    qr.CredentialRevoked: 409,
    qr.QrCodeEnded: 410,
    qr.TooManyWrongCodes: 429,
    # payments
    payments.PaymentsError: 422,
    payments.PaymentNotFound: 404,
    payments.RefundNotFound: 404,
    payments.ScanNotFound: 404,
    payments.OrderExists: 409,
    payments.OrderPaid: 409,
    payments.OrderCanceled: 409,
    payments.AmountChanged: 409,
    payments.PayerLimitExceeded: 409,
    payments.DeclinedByRisk: 409,
    payments.NotConfirmable: 409,
    payments.NotCapturable: 409,
    payments.NotCancelable: 409,
    payments.PartiallyRefunded: 409,
    payments.NotRefundable: 409,
    payments.RefundExists: 409,
    payments.SupervisorRequired: 403,
    payments.OffersJustChanged: 503,
    # checkout
    checkout.CheckoutError: 422,
    checkout.CheckoutSessionNotFound: 404,
    checkout.CheckoutCompleted: 409,
    checkout.CheckoutBeingPaid: 409,
    checkout.NothingToRetry: 409,
    checkout.TooManyAttempts: 409,
    # transfers
    transfers.TransferNotFound: 404,
    # wallet
    wallet.WalletCoreUnavailable: 503,
    wallet.IssuerNotServed: 422,
    # webhooks
    webhooks.WebhooksError: 422,
    webhooks.EndpointNotFound: 404,
    webhooks.DeliveryNotFound: 404,
    webhooks.EndpointDisabled: 409,
    webhooks.DeliveryUnderway: 409,
    webhooks.DeliveryBeingSent: 409,
    webhooks.DeliveryFinished: 409,
    webhooks.TooManyEndpoints: 409,
    webhooks.TooManyRotations: 409,
    webhooks.CursorMalformed: 400,
    webhooks.CursorTooOld: 410,
    webhooks.ListeningClosed: 403,
}


_KINDS: dict[type[Exception], "ProblemKind | None"] = {}


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """All that is the same for every problem of one error class."""

    status: int
    code: str
    title: str
    detail: str
    operator: str | None


def kind_of(error: type[Exception]) -> ProblemKind | None:
    """What an error class answers, or None for one that no floor declared: a defect."""
    if error not in _KINDS:
        _KINDS[error] = _read_kind(error)
    return _KINDS[error]


def _read_kind(error: type[Exception]) -> ProblemKind | None:
    status = next((STATUS[one] for one in error.__mro__ if one in STATUS), None)
    if status is None:
        return None
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z]|$)|[A-Z][a-z0-9]*", error.__name__)
    detail, _, operator = (inspect.getdoc(error) or error.__name__).partition("\n\n")
    return ProblemKind(
        status=status,
        code="_".join(words).lower(),
        title=" ".join(words).capitalize(),
        detail=" ".join(detail.split()),
        operator=" ".join(operator.split()) or None,
    )


def encode(error: Exception, kind: ProblemKind, request_id: str, type_base: str) -> bytes:
    """The problem's JSON; `type_base` is the URL under which codes are explained."""
    problem = {
        "type": type_base + kind.code,
        "title": kind.title,
        "status": kind.status,
        "code": kind.code,
        "detail": kind.detail,
        "request_id": request_id,
        "errors": list(faults_of(error, kind)),
    }
    return msgspec.json.encode({**dict(_facts(error)), **problem})


def headers_of(error: Exception, kind: ProblemKind, request_id: str) -> dict[str, str]:
    """The headers HTTP wants beside a status: who to ask for a token, which methods there are, when to retry."""
    headers = {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "Server": "gateway",
        "X-Request-Id": request_id,
    }
    match error:
        case door.MethodNotAllowed(allowed=allowed):
            headers["Allow"] = ", ".join(allowed)
        case door.TokenMissing():
            headers["WWW-Authenticate"] = f"Bearer, DPoP {_DPOP_ALGORITHMS}"
        case access.DpopNonceNeeded(nonce=nonce):
            headers["WWW-Authenticate"] = f'DPoP error="use_dpop_nonce", {_DPOP_ALGORITHMS}'
            headers["DPoP-Nonce"] = nonce
        case access.DpopRefused():
            headers["WWW-Authenticate"] = f'DPoP error="invalid_dpop_proof", {_DPOP_ALGORITHMS}'
        case door.InsufficientScope(needed_scope=scope):
            headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{scope}"'
        case _ if kind.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        case _ if kind.status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
            headers["Retry-After"] = str(getattr(error, "retry_after_s", _RETRY_AFTER_S))
        case _:
            pass
    if isinstance(error, door.RateLimited):
        headers.update(error.told)
    return headers


def faults_of(error: Exception, kind: ProblemKind) -> Iterator[Fault]:
    """What is wrong, one by one: the error's own list, or the one field it points to."""
    faults = getattr(error, "faults", ())
    for fault in faults:
        yield Fault(pointer=fault.pointer, code=fault.code, detail=fault.detail)
    pointer = getattr(error, "pointer", None)
    if not faults and pointer is not None:
        yield Fault(pointer=pointer, code=kind.code, detail=kind.detail)


def _facts(error: Exception) -> Iterator[tuple[str, Any]]:
    """Public attributes of the error, which its class gave it for the caller to read."""
    for name, value in vars(error).items():
        if not name.startswith("_") and name not in {"faults", "pointer"}:
            yield name, value
