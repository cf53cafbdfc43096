"""Payments and refunds found again, with what a shift took."""

from gateway.api import payment_examples
from gateway.api.payments import partner_of
from gateway.door.caller import Caller
from gateway.door.operation import Answer, Call, operation
from gateway.payments import search, search_sql
from gateway.payments.view import for_merchant, refund_for_merchant
from gateway.wire import search as wire
from gateway.wire.money import Amount


@operation(
    "GET",
    "/v1/payments",
    summary="List payments",
    scope="query",
    answers={200: wire.PaymentPage},
    answer_example=payment_examples.LISTED,
)
async def list_payments(call: Call[None, wire.PaymentFilter]) -> Answer:
    """Newest first. A till sees its own payments, a partner all of its merchants'.

    With `from`, and `to` at most 31 days later, the first page has the totals of everything the filters find.
    """
    query, pool = call.query, call.parts.pool
    filters = _filters(call.caller, query)
    rows = await search.payments(pool, filters, before_id=query.cursor, limit=query.limit + 1)
    totals = None if query.cursor else await search.payment_totals(pool, filters, now=call.now)
    items = [
        for_merchant(row, resolved_within=call.parts.payments.resolved_within) for row in rows[: query.limit]
    ]
    more = len(rows) > query.limit
    shown = None if totals is None else [_payment_totals(one) for one in totals]
    return Answer(200, wire.PaymentPage(items=items, next=items[-1].id if more else None, totals=shown))


@operation(
    "GET",
    "/v1/refunds",
    summary="List refunds",
    scope="query",
    answers={200: wire.RefundPage},
)
async def search_refunds(call: Call[None, wire.RefundFilter]) -> Answer:
    """Newest first, by their own numbers and by those of their orders. A till sees those of its own payments.

    With `from`, and `to` at most 31 days later, the first page has the totals of everything the filters find.
    """
    query, pool = call.query, call.parts.pool
    filters = _filters(call.caller, query, merchant_refund_no=query.merchant_refund_no)
    rows = await search.refunds(pool, filters, before_id=query.cursor, limit=query.limit + 1)
    totals = None if query.cursor else await search.refund_totals(pool, filters, now=call.now)
    items = [refund_for_merchant(row, currency=currency) for row, currency in rows[: query.limit]]
    more = len(rows) > query.limit
    shown = None if totals is None else [_refund_totals(one) for one in totals]
    return Answer(200, wire.RefundPage(items=items, next=items[-1].id if more else None, totals=shown))


def _filters(
    caller: Caller, query: wire.PaymentFilter | wire.RefundFilter, *, merchant_refund_no: str | None = None
) -> search.Filters:
    """What is asked for, within what the caller may see."""
    return search.Filters(
        partner_id=partner_of(caller),
        merchant_id=query.merchant_id,
        store_id=query.store_id,
        terminal_id=caller.terminal_id or query.terminal_id,
        merchant_order_no=query.merchant_order_no,
        merchant_refund_no=merchant_refund_no,
        state=query.state,
        since=query.since,
        until=query.until,
    )


def _payment_totals(totals: search_sql.PaymentTotals) -> wire.PaymentTotals:
    def amount(amount_minor: int) -> Amount:
        return Amount(amount_minor=amount_minor, currency=totals.currency)

    return wire.PaymentTotals(
        count=totals.count,
        succeeded=totals.succeeded,
        order=amount(totals.order_minor),
        discount=amount(totals.discount_minor),
        paid=amount(totals.paid_minor),
        fee=amount(totals.fee_minor),
        refunded=amount(totals.refunded_minor),
    )


def _refund_totals(totals: search_sql.RefundTotals) -> wire.RefundTotals:
    def amount(amount_minor: int) -> Amount:
        return Amount(amount_minor=amount_minor, currency=totals.currency)

    return wire.RefundTotals(
        count=totals.count,
        succeeded=totals.succeeded,
        order=amount(totals.order_minor),
        to_payer=amount(totals.paid_minor),
        to_funders=amount(totals.funded_minor),
        fee_returned=amount(totals.fee_minor),
    )
