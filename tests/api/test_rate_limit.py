"""Limits on what callers ask: told before they are reached, refused with the time to wait, shared by replicas."""

import asyncio
import re
from dataclasses import replace

from multidict import CIMultiDict

from gateway.door.caller import Caller
from gateway.door.errors import RateLimited
from gateway.door.rate_limit import Limiter, Limits
from gateway.door.replicas import Replicas
from gateway.storage.pool import open_pool
from tests.signing_in import OwnKey
from tests.town import Answered, a_town

TILL = Caller(client_id="cli_1", kind="terminal", key_id="key_1", partner_id="mer_1", terminal_id="trm_1")
SIBLING = Caller(client_id="cli_2", kind="terminal", key_id="key_2", partner_id="mer_1", terminal_id="trm_2")
OTHER = Caller(client_id="cli_3", kind="terminal", key_id="key_3", partner_id="mer_2", terminal_id="trm_3")


def accepted(limiter: Limiter, caller: Caller, times: int) -> int:
    taken = 0
    for _ in range(times):
        try:
            limiter.take(caller)
        except RateLimited:
            continue
        taken += 1
    return taken


async def test_a_client_is_told_what_is_left_and_then_how_long_to_wait(
    database_url: str, core_database_url: str
) -> None:
    limits = "terminal=1/3,merchant=100/100"
    async with a_town(database_url, core_database_url, works=False, RATE_LIMITS=limits) as town:
        shop, neighbour = await town.supermarket(), await town.supermarket()
        answers = [await shop.till.get("/v1/payments") for _ in range(4)]
        assert [one.status for one in answers] == [200, 200, 200, 429]
        assert answers[0].headers["RateLimit-Policy"] == '"terminal";q=3;w=3, "merchant";q=100;w=1'
        assert answers[0].headers["RateLimit"] == '"terminal";r=2;t=1, "merchant";r=99;t=1'
        refused = answers[3]
        assert (refused.body["code"], refused.body["violated_policies"]) == ("rate_limited", ["terminal"])
        assert refused.headers["Retry-After"] == str(refused.body["retry_after_s"]) == "1"
        assert re.match(r'"terminal";r=0;t=3, "merchant";r=(9\d|100);t=[01]', refused.headers["RateLimit"])
        # Nobody else notices, not even at the same merchant; and a deed that was refused was not done.
        assert (await shop.office.get("/v1/payments")).status == 200
        assert (await neighbour.till.get("/v1/payments")).status == 200
        assert (await shop.ask(100)).status == 429
        assert await town.pool.fetchval("SELECT count(*) FROM gateway.payments") == 0


async def test_strangers_are_counted_by_where_they_come_from_and_those_who_are_known_are_not(
    database_url: str, core_database_url: str
) -> None:
    limits = {"RATE_LIMITS": "joining=1/2,address=1/3", "TRUSTED_HOPS": "1"}
    async with a_town(database_url, core_database_url, works=False, **limits) as town:

        async def enrols(*forwarded: str) -> Answered:
            headers = CIMultiDict(("X-Forwarded-For", one) for one in forwarded)
            body = {"activation_code": "7KX3PWQM", "jwk": OwnKey().public_jwk}
            url = f"{town.public}/v1/terminals/enrol"
            async with town.http.post(url, json=body, headers=headers) as said:
                return Answered(status=said.status, body=await said.json(), headers=said.headers)

        answers = [await enrols("198.51.100.7") for _ in range(3)]
        assert [one.status for one in answers] == [422, 422, 429]
        assert answers[0].headers["RateLimit-Policy"] == '"joining";q=2;w=2'
        assert answers[0].headers["RateLimit"] == '"joining";r=1;t=1'
        assert (answers[2].body["violated_policies"], answers[2].headers["Retry-After"]) == (["joining"], "1")
        # What the sender says of itself counts for nothing: the proxy has the last word.
        assert (await enrols("203.0.113.9, 198.51.100.7")).status == 429
        assert (await enrols("203.0.113.9", "198.51.100.7:4711")).status == 429
        assert (await enrols("203.0.113.9")).status == 422
        # One network of IPv6 is one sender.
        sixes = [await enrols(f"2001:db8:1:2::{n}") for n in range(3)]
        assert [one.status for one in sixes] == [422, 422, 429]
        # Signing in is counted apart, reading in public and those with a token not at all.
        signing_in = [await town.http.post(f"{town.public}/oauth/token") for _ in range(4)]
        assert [one.status for one in signing_in] == [415, 415, 415, 429]
        for _ in range(5):
            assert (await town.http.get(f"{town.public}/.well-known/jwks.json")).status == 200
        shop = await town.supermarket()
        assert (await shop.office.get("/v1/payments")).status == 200


async def test_without_a_proxy_of_ours_nobody_is_believed_about_where_they_come_from(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(database_url, core_database_url, works=False, RATE_LIMITS="address=1/2") as town:
        url, statuses = f"{town.public}/oauth/token", []
        for n in range(3):
            async with town.http.post(url, headers={"X-Forwarded-For": f"198.51.100.{n}"}) as said:
                statuses.append(said.status)
        assert statuses == [415, 415, 429]


def test_a_merchants_tills_share_its_limit_and_leave_others_theirs() -> None:
    limiter = Limiter(Limits.read("terminal=1/10,merchant=1/15"))
    assert accepted(limiter, TILL, 50) == 10
    assert accepted(limiter, SIBLING, 50) == 5
    assert accepted(limiter, OTHER, 50) == 10


def test_a_busy_tenant_leaves_its_neighbours_in_the_mall_theirs() -> None:
    limiter = Limiter(Limits.read("terminal=1/10,merchant=1/15"))
    tenant, next_door = replace(TILL, merchant_id="mer_7"), replace(SIBLING, merchant_id="mer_8")
    assert accepted(limiter, tenant, 50) == 10
    assert accepted(limiter, next_door, 50) == 10


def test_what_was_refused_is_not_counted() -> None:
    limiter = Limiter(Limits.read("terminal=1/10,merchant=1/2"))
    assert accepted(limiter, TILL, 50) == 2
    told = limiter.take(OTHER)
    assert told["RateLimit"].startswith('"terminal";r=9;')


async def test_replicas_at_work_divide_a_limit_and_workers_do_not(database_url: str) -> None:
    pool = await open_pool(database_url, size=2)
    limiters = [Limiter(Limits.read("terminal=10/90")) for _ in range(4)]
    replicas = [Replicas(pool, one) for one in limiters]
    for limiter in limiters[:3]:
        limiter.take(OTHER)
    # The fourth is a worker, which nobody asks. Everybody who is asked is heard of by the second beat.
    await asyncio.gather(*(one.beat() for one in replicas))
    for limiter in limiters[:3]:
        limiter.take(OTHER)
    await asyncio.gather(*(one.beat() for one in replicas))
    assert [accepted(one, TILL, 100) for one in limiters] == [30, 30, 30, 90]
    await pool.close()
