"""`gateway listen`: a developer at a desk gets the sandbox's events as webhooks, though nobody can reach the desk."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from aiohttp import web

from gateway.cli.identity import IdentityFile
from gateway.client import Credentials, Gateway, Partner, ProblemAnswered, SigningKey
from gateway.client.forwarding import Forwarded, Forwarder, Interrupted, Listening, Said
from gateway.client.webhook import Verifier
from gateway.wire.webhooks import SignedFeedQuery
from merchants.access import clients
from merchants.ids import new_id, partner_no_of
from tests.desk import Desk
from tests.processes import City, Program, a_city
from tests.receivers import Receiver, an_event, receiving
from tests.town import FAST_DOUBT, Supermarket
from webhooks import outbox

WITHIN_S = 60.0


@pytest.fixture
async def city(database_url: str, core_database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with a_city(database_url, core_database_url, tmp_path, FAST_DOUBT) as opened:
        yield opened
        assert not opened.defects()


async def _server_of(city: City, shop: Supermarket, key: SigningKey) -> str:
    """A client of the shop's for its developer."""
    partner_no = partner_no_of(shop.merchant.partner_id)
    assert partner_no is not None
    async with city.town.pool.acquire() as conn, conn.transaction():
        made = await clients.register_server(
            conn,
            client_id=new_id("cli", partner_no),
            partner_id=shop.merchant.partner_id,
            name="desk",
            scopes=frozenset({"webhooks", "merchants"}),
            within=frozenset({"webhooks", "merchants"}),
            public_jwk=key.public_jwk,
            actor="test",
        )
    return made.client_id


async def _publish(pool: asyncpg.Pool, shop: Supermarket, count: int) -> list[str]:
    events = [an_event(tenant=shop.merchant.partner_id) for _ in range(count)]
    async with pool.acquire() as conn:
        await outbox.publish(conn, events)
    return [one.id for one in events]


async def _said(log: Path, pattern: str) -> str:
    """The first group, once the command has written it."""
    async with asyncio.timeout(WITHIN_S):
        while not (found := re.search(pattern, _read(log))):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.02)
    return found[1]


def _read(log: Path) -> str:
    return log.read_text() if log.exists() else ""


def _listening(city: City, client_id: str, key: SigningKey, receiver: Receiver, folder: Path) -> Program:
    file = IdentityFile.make(folder / "desk.json", url=city.town.public)
    file.keep(jwk=key.private_jwk, client_id=client_id)
    who = ("--as", str(file.path))
    return Program(
        name="listen",
        arguments=("listen", *who, "--forward-to", receiver.url, "--type", "payment.*"),
        environ={},
        log=folder / "listen.log",
    )


async def test_events_are_forwarded_and_none_is_lost_when_the_key_is_replaced_and_the_gateway_killed(
    city: City, tmp_path: Path
) -> None:
    shop, payer, key = await city.town.supermarket(), await city.town.payer(), SigningKey.generate()
    async with receiving() as receiver:
        listen = _listening(city, await _server_of(city, shop, key), key, receiver, tmp_path)
        await listen.start()
        secret = await _said(listen.log, r"signed with (whsec_\S+)")

        paid = await shop.ask(1_000, code=await city.town.code(payer))
        assert paid.body["state"] == "succeeded", paid.body
        [arrived] = await receiver.wait_for(1)
        told = arrived.verified(secret)
        assert (told["type"], told["data"]["payment"]["id"]) == ("payment.succeeded", paid.body["id"])
        assert await _said(listen.log, rf"({arrived.event_id} payment.succeeded -> 200)")

        # The gateway that is started after this knows no more of the key that `listen` began with.
        await Desk(city.town, tmp_path).done("partner", "keys", "rotate", "--as", "desk.json")
        await city.gateway.kill()
        missed = await _publish(city.town.pool, shop, 30)
        await city.gateway.start()
        await receiver.wait_for(31)
        assert [one.event_id for one in receiver.arrived[1:]] == sorted(missed), "none twice, none lost"
        assert all(one.verified(secret) for one in receiver.arrived)
        assert await listen.stop() == 0
        assert await _said(listen.log, r"(go on with --cursor \d+\.evt_)")


async def test_what_the_desk_cannot_take_waits_and_bytes_and_key_are_those_of_a_webhook(city: City) -> None:
    shop, key, said = await city.town.supermarket(), SigningKey.generate(), list[Said]()
    credentials = Credentials(client_id=await _server_of(city, shop, key), key=key)
    async with (
        receiving(lambda _: web.Response(status=500)) as receiver,
        Gateway(city.town.public) as gateway,
    ):
        began = asyncio.Event()
        answers = iter([None, web.Response(status=500), web.Response()])
        receiver.answering = lambda _arrived: next(answers)

        def say(one: Said) -> None:
            said.append(one)
            began.set()

        forwarder = Forwarder(Partner(gateway, credentials), receiver.url, say=say)
        forwarding = asyncio.create_task(forwarder.run())
        async with asyncio.timeout(WITHIN_S):
            await began.wait()
        first, second = sorted(await _publish(city.town.pool, shop, 2))
        await receiver.wait_for(3)
        forwarding.cancel()
        async with (
            aiohttp.ClientSession() as http,
            http.get(city.town.public + "/.well-known/jwks.json") as got,
        ):
            jwks = await got.json()
    assert [one.event_id for one in receiver.arrived] == [first, first, second]
    assert [one.status for one in said if isinstance(one, Forwarded)][:2] == [None, 500]
    [listening] = [one for one in said if isinstance(one, Listening)]
    published = [one for one in jwks["keys"] if one["kid"].startswith("webhook-")]
    for arrived in receiver.arrived:
        assert arrived.verified(listening.secret)["data"] == {
            "audience": "merchant",
            "sequence": 1,
            "note": "谢谢",
        }
        verifier = Verifier(*("whpk_" + _base64(one["x"]) for one in published))
        assert verifier.verify(arrived.headers, arrived.body).id == arrived.event_id
    assert not [one for one in said if isinstance(one, Interrupted)]


def _base64(url_safe: str) -> str:
    return url_safe.replace("-", "+").replace("_", "/") + "=" * (-len(url_safe) % 4)


async def test_what_waited_too_long_for_the_desk_is_signed_anew(city: City) -> None:
    shop, key, said = await city.town.supermarket(), SigningKey.generate(), list[Said]()
    credentials = Credentials(client_id=await _server_of(city, shop, key), key=key)
    began = asyncio.Event()

    def say(one: Said) -> None:
        said.append(one)
        began.set()

    async with receiving(lambda _: None) as receiver, Gateway(city.town.public) as gateway:
        partner = Partner(gateway, credentials)
        [start] = [(await partner.signed_events(SignedFeedQuery())).next]
        forwarder = Forwarder(partner, receiver.url, say=say, cursor=start, fresh_s=0.5)
        await _publish(city.town.pool, shop, 1)
        forwarding = asyncio.create_task(forwarder.run())
        await receiver.wait_for(3)
        forwarding.cancel()
    times = [int(one.headers["webhook-timestamp"]) for one in receiver.arrived]
    assert len({one.event_id for one in receiver.arrived}) == 1
    assert times[-1] > times[0], "a receiver refuses an old signature"


async def test_only_a_sandbox_hands_signed_events_out_and_only_to_who_may_read_events(city: City) -> None:
    shop, key = await city.town.supermarket(), SigningKey.generate()
    other = Credentials(client_id=await _server_of(city, shop, key), key=SigningKey.generate())
    async with Gateway(city.town.public) as gateway:
        forwarder = Forwarder(Partner(gateway, other), "http://127.0.0.1:9/", say=lambda _said: None)
        with pytest.raises(ProblemAnswered):
            await forwarder.run()
    refused = await shop.till.get("/v1/events/signed")
    assert (refused.status, refused.body["code"]) == (403, "insufficient_scope")
