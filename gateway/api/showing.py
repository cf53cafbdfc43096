"""Applications, merchants and places as callers are shown them; never more than they may see."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from gateway.wire import applications as application_wire
from gateway.wire import merchants as merchant_wire
from gateway.wire import stores as store_wire
from gateway.wire.money import Amount, PositiveAmount
from gateway.wire.page import Page
from merchants.merchant import Merchant
from merchants.onboarding.admission import SETTLEMENT_CURRENCY
from merchants.onboarding.application import Application, PlaceTerms, Terms
from merchants.onboarding.errors import LimitInAnotherCurrency
from merchants.onboarding.particulars import Particulars
from merchants.shops.store import Store
from merchants.shops.terminal import Terminal


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


RowT = TypeVar("RowT", bound=_Identified)
ShownT = TypeVar("ShownT")


def page(found: Sequence[RowT], show: Callable[[RowT], ShownT], *, limit: int) -> Page[ShownT]:
    """A page of what was asked for with one more than `limit`; that one says that another page follows."""
    shown = found[:limit]
    return Page(items=[show(one) for one in shown], next=shown[-1].id if len(found) > limit else None)


def application(one: Application) -> application_wire.Application:
    """Masked: what was declared in clear stays with the bank."""
    shown = msgspec.to_builtins(msgspec.structs.asdict(one.particulars.masked()))
    facts = {
        "id": one.id,
        "kind": one.kind.value,
        "status": one.status.value,
        "reason": one.reason,
        "questions": [msgspec.structs.asdict(question) for question in one.questions],
        "round": one.round,
        "steps": [step.value for step in one.steps],
        "merchant_id": one.merchant_id,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "submitted_at": one.submitted_at,
        "decided_at": one.decided_at,
    }
    return msgspec.convert(shown | facts, application_wire.Application)


def case(one: Application, *, same_company: list[str]) -> application_wire.Case:
    return application_wire.Case(
        application=application(one),
        applicant_id=one.applicant_id,
        reviewer_id=one.reviewer_id,
        approver_id=one.approver_id,
        terms=terms(one.terms) if one.terms else None,
        same_company=same_company,
        override_by=one.override_by,
        bulk_id=one.bulk_id,
    )


def terms(one: Terms) -> application_wire.Terms:
    limit = one.payment_limit_minor
    return application_wire.Terms(
        fee_basis_points=one.fee_basis_points,
        payment_limit=PositiveAmount(amount_minor=limit, currency=SETTLEMENT_CURRENCY) if limit else None,
    )


def place_terms(one: PlaceTerms) -> application_wire.PlaceTerms:
    limit = one.payment_limit_minor
    return application_wire.PlaceTerms(
        fee_basis_points=one.fee_basis_points,
        payment_limit=PositiveAmount(amount_minor=limit, currency=SETTLEMENT_CURRENCY) if limit else None,
    )


def terms_asked(asked: application_wire.Terms) -> Terms:
    """What an operator named, as the merchants' floor takes it.

    Raises:
        LimitInAnotherCurrency
    """
    return Terms(
        fee_basis_points=asked.fee_basis_points, payment_limit_minor=_limit_asked(asked.payment_limit)
    )


def place_terms_asked(asked: application_wire.PlaceTerms) -> PlaceTerms:
    """Likewise for a store or terminal; raises LimitInAnotherCurrency."""
    return PlaceTerms(
        fee_basis_points=asked.fee_basis_points, payment_limit_minor=_limit_asked(asked.payment_limit)
    )


def _limit_asked(limit: PositiveAmount | None) -> int | None:
    if limit is not None and limit.currency != SETTLEMENT_CURRENCY:
        raise LimitInAnotherCurrency
    return None if limit is None else limit.amount_minor


def declared(body: application_wire.Declared) -> Particulars:
    """What a caller declared; sections it left out stand as in an empty draft."""
    return msgspec.convert(sections(body), Particulars)


def sections(body: application_wire.Declared) -> dict[str, object]:
    """The sections that were given, null ones too."""
    given = msgspec.to_builtins(body)
    return {name: given[name] for name in application_wire.Declared.__struct_fields__ if name in given}


def merchant(one: Merchant) -> merchant_wire.Merchant:
    limit = one.payment_limit_minor
    return msgspec.convert(
        {
            "id": one.id,
            "parent_id": one.parent_id,
            "kind": one.kind.value,
            "status": one.status.value,
            "reason": one.reason,
            "merchant_number": one.merchant_number,
            "licence_name": one.licence_name,
            "credit_code": one.credit_code,
            "short_name": one.short_name,
            "city": one.city,
            "mcc": one.mcc,
            "currency": one.currency,
            "fee_basis_points": one.fee_basis_points,
            "payment_limit": Amount(amount_minor=limit, currency=one.currency) if limit else None,
            "settlement_account": one.settlement_last_four,
            "created_at": one.created_at,
        },
        merchant_wire.Merchant,
    )


def store(one: Store) -> store_wire.Store:
    return msgspec.convert(_place(one, store_wire.Store), store_wire.Store)


def terminal(one: Terminal) -> store_wire.Terminal:
    return msgspec.convert(_place(one, store_wire.Terminal), store_wire.Terminal)


def _place(one: Store | Terminal, kind: type[msgspec.Struct]) -> dict[str, object]:
    facts = {name: getattr(one, name, None) for name in kind.__struct_fields__}
    return {**facts, "payment_limit": _limit(one.payment_limit_minor)}


def _limit(limit_minor: int | None) -> Amount | None:
    return None if limit_minor is None else Amount(amount_minor=limit_minor, currency=SETTLEMENT_CURRENCY)
