"""Signing in and staying so, and what the users build on it."""

import asyncio
import json
from typing import Any

import jwt
import pytest

from gateway.client import Credentials, Gateway, Partner, ProblemAnswered, SigningKey, Till, UnexpectedAnswer
from gateway.client.signed_in import SignedIn
from gateway.wire.money import PositiveAmount
from gateway.wire.payments import Payment, PaymentRequest
from gateway.wire.search import PaymentFilter
from gateway.wire.webhooks import FeedQuery
from tests.scripted import Lost, Reply, problem, scripted

PAYMENT_ID = f"pay_{0:032x}"
ORDER = PaymentRequest(
    amount=PositiveAmount(amount_minor=12_800, currency="CNY"), merchant_order_no="T7-1", code="5012"
)


def a_payment(state: str) -> dict[str, Any]:
    amounts = {
        name: {"amount_minor": 0, "currency": "CNY"}
        for name in ("order", "discount", "paid", "fee", "refunded")
    }
    nothing = dict.fromkeys(
        ("store_id", "terminal_id", "description", "authorized", "resolves_by", "expires_at")
    )
    told = {
        "id": PAYMENT_ID,
        "merchant_id": PAYMENT_ID,
        "merchant_order_no": "T7-1",
        "reason": {"code": "paid", "detail": "The payer is charged."},
        "capture": "automatic",
        "next_action": {"type": "none"},
        "sequence": 1,
        "offers": [],
    }
    times = dict.fromkeys(("created_at", "updated_at"), "2026-01-05T01:30:00Z")
    return {**amounts, **nothing, **told, **times, "direction": "consumer_presented", "state": state}


def a_client() -> Credentials:
    return Credentials(client_id="cli_1", key=SigningKey.generate())


PAID = Reply(201, a_payment("succeeded"))


async def test_a_burst_of_calls_signs_in_once() -> None:
    async with scripted(PAID) as server, Gateway(server.url) as gateway:
        till = Till(gateway, a_client())
        await asyncio.gather(*(till.payment(PAYMENT_ID) for _ in range(10)))
    assert len(server.assertions) == 1
    assert {one.headers["Authorization"] for one in server.asked} == {"Bearer token-1"}


async def test_the_assertion_names_the_client_and_the_issuer_and_is_short_lived() -> None:
    async with scripted(PAID) as server, Gateway(server.url, issuer="https://pay.example") as gateway:
        await Till(gateway, a_client()).token()
    claims = jwt.decode(server.assertions[0], options={"verify_signature": False})
    assert claims["iss"] == claims["sub"] == "cli_1"
    assert claims["aud"] == "https://pay.example"
    assert claims["exp"] - claims["iat"] <= 60


async def test_a_token_near_its_end_is_renewed_before_it_is_used() -> None:
    async with scripted(PAID) as server, Gateway(server.url) as gateway:
        server.token_life_s = 30
        till = Till(gateway, a_client())
        await till.payment(PAYMENT_ID)
        await till.payment(PAYMENT_ID)
    assert [one.headers["Authorization"] for one in server.asked] == ["Bearer token-1", "Bearer token-2"]


async def test_a_refused_token_is_replaced_once_and_the_deed_keeps_its_key() -> None:
    async with scripted(problem(401, "token_not_verified"), PAID) as server, Gateway(server.url) as gateway:
        await Till(gateway, a_client()).pay(ORDER)
    assert [one.headers["Authorization"] for one in server.asked] == ["Bearer token-1", "Bearer token-2"]
    assert len({one.headers["Idempotency-Key"] for one in server.asked}) == 1


async def test_a_client_that_was_revoked_is_told_so() -> None:
    async with scripted(problem(401, "client_revoked")) as server, Gateway(server.url) as gateway:
        with pytest.raises(ProblemAnswered, match="client_revoked"):
            await Till(gateway, a_client()).pay(ORDER)
    assert len(server.asked) == 2


async def test_a_lost_token_is_asked_for_with_a_fresh_assertion() -> None:
    async with scripted(PAID) as server, Gateway(server.url) as gateway:
        server.lost_tokens = 1
        await Till(gateway, a_client()).payment(PAYMENT_ID)
    ids = {jwt.decode(one, options={"verify_signature": False})["jti"] for one in server.assertions}
    assert len(ids) == 2


async def test_two_intents_have_two_keys_and_a_given_key_is_used() -> None:
    async with scripted(PAID) as server, Gateway(server.url) as gateway:
        till = Till(gateway, a_client())
        await till.pay(ORDER)
        await till.pay(ORDER)
        await till.pay(ORDER, idempotency_key="T7-1")
    first, second, third = (one.headers["Idempotency-Key"] for one in server.asked)
    assert first != second
    assert third == "T7-1"


async def test_waiting_goes_on_until_the_payment_is_final() -> None:
    processing = Reply(200, a_payment("processing"))
    async with scripted(processing, processing, Lost(), PAID) as server, Gateway(server.url) as gateway:
        payment = await Till(gateway, a_client()).wait(PAYMENT_ID)
    assert payment.state == "succeeded"
    assert {dict(one.query)["wait_s"] for one in server.asked} <= {"29", "30"}


async def test_nobody_waits_for_what_is_theirs_to_capture() -> None:
    async with scripted(Reply(200, a_payment("authorized"))) as server, Gateway(server.url) as gateway:
        payment = await Till(gateway, a_client()).wait(PAYMENT_ID)
    assert (payment.state, len(server.asked)) == ("authorized", 1)


async def test_waiting_ends_with_the_time_it_was_given() -> None:
    async with scripted(Reply(200, a_payment("processing"))) as server, Gateway(server.url) as gateway:
        payment = await Till(gateway, a_client()).wait(PAYMENT_ID, within_s=0.5)
    assert payment.state == "processing"


async def test_a_list_is_read_page_by_page_with_its_filter() -> None:
    pages = [
        Reply(200, {"items": [a_payment("succeeded")] * 2, "next": "pay_2"}),
        Reply(200, {"items": [a_payment("declined")], "next": None}),
    ]
    async with scripted(*pages) as server, Gateway(server.url) as gateway:
        found = Till(gateway, a_client()).payments(PaymentFilter(limit=2, merchant_order_no="T7-1"))
        states = [payment.state async for payment in found]
    assert states == ["succeeded", "succeeded", "declined"]
    assert [dict(one.query) for one in server.asked] == [
        {"limit": "2", "merchant_order_no": "T7-1"},
        {"limit": "2", "merchant_order_no": "T7-1", "cursor": "pay_2"},
    ]


async def test_a_list_in_a_query_is_its_name_several_times() -> None:
    empty = Reply(200, {"items": [], "next": "c", "more": False})
    async with scripted(empty) as server, Gateway(server.url) as gateway:
        await Partner(gateway, a_client()).events(FeedQuery(type=["payment.*", "refund.*"]))
    assert [value for name, value in server.asked[0].query if name == "type"] == ["payment.*", "refund.*"]


async def test_new_fields_of_an_answer_are_no_fault_but_a_wrong_one_is() -> None:
    newer = Reply(201, {**a_payment("succeeded"), "colour": "blue"})
    older = Reply(201, {"id": PAYMENT_ID})
    async with scripted(newer, older) as server, Gateway(server.url) as gateway:
        till = Till(gateway, a_client())
        assert (await till.pay(ORDER)).state == "succeeded"
        with pytest.raises(UnexpectedAnswer):
            await till.pay(ORDER)


async def test_an_answer_without_a_body_is_nothing() -> None:
    async with scripted(Reply(200, None)) as server, Gateway(server.url) as gateway:
        user = SignedIn(gateway, a_client())
        await user.do("/v1/terminals/trm_1/revoke", type(None))
    assert server.asked[0].body == ""


async def test_a_body_is_sent_as_its_struct_says() -> None:
    async with scripted(PAID) as server, Gateway(server.url) as gateway:
        await SignedIn(gateway, a_client()).do("/v1/payments", Payment, ORDER)
    assert json.loads(server.asked[0].body)["amount"] == {"amount_minor": 12_800, "currency": "CNY"}
