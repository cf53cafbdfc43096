"""What the client repeats, what it does not, and what its caller learns in the end."""

import time

import pytest

from gateway.client.errors import AnswerLost, ProblemAnswered, UnexpectedAnswer, Unreachable
from gateway.client.transport import Gateway, Request
from tests.scripted import Lost, Reply, problem, scripted, vanishing

DEED = Request(method="POST", path="/v1/payments", body=b"{}", idempotency_key="key-1")
READING = Request(method="GET", path="/v1/payments", harmless=True)
NAKED_DEED = Request(method="POST", path="/v1/payments", body=b"{}")
DONE = Reply(201, {"id": "pay_1"})
BUSY = problem(503, "nothing_happened")
IN_DOUBT = problem(503, "outcome_unknown")
PROXY_PAGE = Reply(502, "<title>Bad gateway</title>")


@pytest.mark.parametrize("mishap", [Lost(), BUSY, IN_DOUBT, PROXY_PAGE, problem(503, "not_ready")])
async def test_a_deed_is_repeated_with_the_same_idempotency_key(mishap: Reply | Lost) -> None:
    async with scripted(mishap, mishap, DONE) as server, Gateway(server.url) as gateway:
        assert b"pay_1" in await gateway.send(DEED)
    assert [one.headers["Idempotency-Key"] for one in server.asked] == ["key-1"] * 3


@pytest.mark.parametrize("mishap", [Lost(), BUSY, PROXY_PAGE])
async def test_reading_is_repeated_after_any_mishap(mishap: Reply | Lost) -> None:
    async with scripted(mishap, DONE) as server, Gateway(server.url) as gateway:
        await gateway.send(READING)
    assert len(server.asked) == 2


@pytest.mark.parametrize("mishap", [Lost(), IN_DOUBT, PROXY_PAGE])
async def test_a_deed_without_a_key_is_not_repeated_once_it_may_have_been_done(mishap: Reply | Lost) -> None:
    async with scripted(mishap, DONE) as server, Gateway(server.url) as gateway:
        with pytest.raises(AnswerLost):
            await gateway.send(NAKED_DEED)
    assert len(server.asked) == 1


async def test_even_a_deed_without_a_key_is_repeated_when_nothing_happened() -> None:
    async with scripted(BUSY, DONE) as server, Gateway(server.url) as gateway:
        await gateway.send(NAKED_DEED)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        problem(409, "code_used"),
        problem(422, "request_invalid"),
        problem(503, "wallet_core_unavailable"),
        problem(500, "internal_error"),
    ],
)
async def test_a_refusal_is_not_repeated(refusal: Reply) -> None:
    async with scripted(refusal, DONE) as server, Gateway(server.url) as gateway:
        with pytest.raises(ProblemAnswered):
            await gateway.send(DEED)
    assert len(server.asked) == 1


async def test_who_asks_too_fast_is_not_back_before_the_time_it_was_told() -> None:
    begun = time.monotonic()
    hasty = problem(429, "rate_limited", retry_after_s=1)
    async with scripted(hasty, DONE) as server, Gateway(server.url) as gateway:
        await gateway.send(DEED)
    assert time.monotonic() - begun >= 1
    assert len(server.asked) == 2


async def test_who_would_have_to_wait_longer_than_it_may_is_told_at_once() -> None:
    begun = time.monotonic()
    hasty = problem(429, "rate_limited", retry_after_s=900)
    async with scripted(hasty, DONE) as server, Gateway(server.url, retry_for_s=300) as gateway:
        with pytest.raises(ProblemAnswered) as refused:
            await gateway.send(DEED)
    assert (refused.value.code, refused.value.facts["retry_after_s"]) == ("rate_limited", 900)
    assert time.monotonic() - begun < 60
    assert len(server.asked) == 1


async def test_a_problem_carries_its_code_its_faults_and_its_facts() -> None:
    fault = {"pointer": "/amount", "code": "too_small", "detail": "At least 1."}
    refusal = problem(409, "amount_changed", errors=[fault], payable={"amount_minor": 1}, new_fact="kept")
    async with scripted(refusal) as server, Gateway(server.url) as gateway:
        with pytest.raises(ProblemAnswered, match="/amount: At least 1") as caught:
            await gateway.send(DEED)
    assert caught.value.code == "amount_changed"
    assert caught.value.status == 409
    assert [one.pointer for one in caught.value.errors] == ["/amount"]
    assert caught.value.facts == {"payable": {"amount_minor": 1}, "new_fact": "kept"}
    assert caught.value.request_id == "req-1"


async def test_an_address_where_nobody_listens_is_unreachable_and_nothing_happened() -> None:
    async with Gateway("http://127.0.0.1:1", retry_for_s=0.2) as gateway:
        with pytest.raises(Unreachable):
            await gateway.send(DEED)


async def test_a_deed_that_may_have_been_done_before_the_gateway_went_away_stays_in_doubt() -> None:
    async with vanishing(after=1) as url, Gateway(url, retry_for_s=0.3) as gateway:
        with pytest.raises(AnswerLost) as caught:
            await gateway.send(DEED)
    assert caught.value.idempotency_key == "key-1"


async def test_a_page_that_is_no_problem_is_not_our_gateway() -> None:
    async with scripted(Reply(404, "<title>Not found</title>")) as server, Gateway(server.url) as gateway:
        with pytest.raises(UnexpectedAnswer):
            await gateway.send(DEED)


async def test_a_redirect_is_not_followed() -> None:
    async with scripted(Reply(302, {"see": "elsewhere"})) as server, Gateway(server.url) as gateway:
        with pytest.raises(UnexpectedAnswer):
            await gateway.send(DEED)
