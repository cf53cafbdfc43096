"""Fees and limits, level by level: one operator proposes, another approves the change that it makes."""

from typing import Any

from gateway.api import showing
from gateway.api.changes import read_case, shown_case
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.wire import changes as wire
from gateway.wire.applications import PlaceTerms, Terms
from gateway.wire.money import PositiveAmount
from merchants.errors import MerchantNotActive, MerchantNotFound, StoreNotFound, TerminalNotFound
from merchants.ids import BANK, new_id, partner_no_of
from merchants.onboarding import terms
from merchants.onboarding.errors import ChangeUnderway, LimitInAnotherCurrency, NothingToChange

_REFUSALS = (MerchantNotActive, NothingToChange, ChangeUnderway, LimitInAnotherCurrency)
_A_LIMIT = PlaceTerms(
    fee_basis_points=None, payment_limit=PositiveAmount(amount_minor=50_000, currency="CNY")
)


async def replay_terms(call: Call[Any], change_id: str) -> Answer:
    return await read_case(call, change_id, status=201)


@operation(
    "POST",
    "/admin/v1/merchants/{merchant_id}/terms",
    summary="Propose other terms for a merchant",
    scope="operate",
    roles=("reviewer",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_terms,
    answers={201: wire.ChangeCase},
    problems=(MerchantNotFound, *_REFUSALS),
    example=Terms(fee_basis_points=30),
)
async def propose_merchant_terms(call: Call[Terms]) -> Answer:
    """Another fee or limit, live once somebody else has approved the change. Its partner is told then."""
    change_id = new_id("chg", partner_no_of(call.path["merchant_id"]) or BANK)
    async with call.claim.transaction(change_id) as conn:
        asked = await terms.ask_for_terms(
            conn,
            call.parts.sealing,
            change_id=change_id,
            merchant_id=call.path["merchant_id"],
            terms=showing.terms_asked(call.body),
            operator_id=call.caller.client_id,
        )
    return Answer(201, shown_case(asked))


@operation(
    "POST",
    "/admin/v1/stores/{store_id}/terms",
    summary="Propose other terms for a store",
    scope="operate",
    roles=("reviewer",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_terms,
    answers={201: wire.ChangeCase},
    problems=(StoreNotFound, *_REFUSALS),
    example=_A_LIMIT,
)
async def propose_store_terms(call: Call[PlaceTerms]) -> Answer:
    """A fee in the place of the merchant's, or a limit beside it, for whatever is paid in this store."""
    return await _of_place(call, call.path["store_id"])


@operation(
    "POST",
    "/admin/v1/terminals/{terminal_id}/terms",
    summary="Propose other terms for a terminal",
    scope="operate",
    roles=("reviewer",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_terms,
    answers={201: wire.ChangeCase},
    problems=(TerminalNotFound, *_REFUSALS),
    example=_A_LIMIT,
)
async def propose_terminal_terms(call: Call[PlaceTerms]) -> Answer:
    """A fee in the place of the store's, or a limit beside it, for this one till."""
    return await _of_place(call, call.path["terminal_id"])


async def _of_place(call: Call[PlaceTerms], place_id: str) -> Answer:
    change_id = new_id("chg", partner_no_of(place_id) or BANK)
    async with call.claim.transaction(change_id) as conn:
        asked = await terms.ask_for_place_terms(
            conn,
            call.parts.sealing,
            change_id=change_id,
            place_id=place_id,
            terms=showing.place_terms_asked(call.body),
            operator_id=call.caller.client_id,
        )
    return Answer(201, shown_case(asked))
