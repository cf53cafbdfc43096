"""A partner lost its key: two operators let another one in, and neither of them could have done it alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from gateway.client import Credentials, Gateway, Partner, ProblemAnswered, SigningKey, enrol_key
from gateway.wire.stores import NewStore
from merchants.access.key_resets import CODE_TRIES
from tests.town import ISSUER, Answered, Person, Supermarket, Town

A_STORE = NewStore(name="南山店", area_code="440305", address="深南大道9678号")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One of a shop's servers, with the key it is about to lose."""

    town: Town
    shop: Supermarket
    gateway: Gateway
    client_id: str
    lost: SigningKey

    def signed_in(self, key: SigningKey) -> Partner:
        return Partner(self.gateway, Credentials(client_id=self.client_id, key=key))

    async def enrolled(self, reset_code: str, key: SigningKey) -> str:
        """How it went: `enrolled`, or the problem's code."""
        try:
            await enrol_key(self.gateway, key, client_id=self.client_id, reset_code=reset_code)
        except ProblemAnswered as problem:
            return problem.code
        return "enrolled"

    async def told(self) -> list[dict[str, Any]]:
        events = await self.town.feed(self.shop.office)
        return [one["data"] for one in events if one["type"].startswith("client.")]


@asynccontextmanager
async def a_server(town: Town) -> AsyncIterator[Server]:
    shop, key = await town.supermarket(), SigningKey.generate()
    wish = {"name": "Till server", "scopes": ["query", "merchants"], "jwk": key.public_jwk}
    made = await shop.office.post("/v1/clients", wish)
    async with Gateway(town.public, issuer=town.settings.public_url) as gateway:
        client_id = made.body["client"]["id"]
        yield Server(town=town, shop=shop, gateway=gateway, client_id=client_id, lost=key)


async def an_operator(town: Town, *roles: str) -> Person:
    return await town.person(kind="operator", operators=True, roles=frozenset(roles))


async def proposed(operator: Person, client_id: str, *, key: str | None = None) -> Answered:
    wish = {"client_id": client_id, "reason": "server burnt down; called back"}
    return await operator.post("/admin/v1/key-resets", wish, key=key)


async def a_reset(server: Server) -> tuple[str, str]:
    """Its id and the whole code."""
    one, other = await an_operator(server.town, "reviewer"), await an_operator(server.town, "approver")
    asked = await proposed(one, server.client_id)
    confirmed = await other.post(f"/admin/v1/key-resets/{asked.body['id']}/confirm", None)
    assert (asked.status, confirmed.status) == (201, 200), (asked.body, confirmed.body)
    return asked.body["id"], f"{asked.body['code_half']}-{confirmed.body['code_half']}".lower()


async def test_two_operators_let_a_new_key_in_and_the_old_one_ends_at_once(town: Town) -> None:
    async with a_server(town) as server:
        before, both = server.signed_in(server.lost), await an_operator(town, "reviewer", "approver")
        assert (await before.merchant(server.shop.merchant.id)).id == server.shop.merchant.id
        asked = await proposed(both, server.client_id, key="once")
        assert (asked.status, asked.body["status"], asked.body["code_expires_at"]) == (201, "proposed", None)
        assert (await proposed(both, server.client_id, key="once")).body == asked.body
        case = f"/admin/v1/key-resets/{asked.body['id']}"
        alone = await both.post(f"{case}/confirm", None)
        assert (alone.status, alone.body["code"]) == (403, "own_proposal")
        await before.merchant(server.shop.merchant.id)
        approver = await an_operator(town, "approver")
        confirmed = await approver.post(f"{case}/confirm", None, key="once")
        assert (await approver.post(f"{case}/confirm", None, key="once")).body == confirmed.body
        with pytest.raises(ProblemAnswered, match="assertion_not_verified"):
            await before.open_store(server.shop.merchant.id, A_STORE)
        halves = asked.body["code_half"], confirmed.body["code_half"]
        seen = (await approver.get(case)).body
        assert (seen["code_half"], seen["key_id"]) == (None, None), "a half is shown once"
        new = SigningKey.generate()
        for guess in (halves[0] * 2, halves[1] * 2, halves[0] + halves[1][::-1]):
            assert await server.enrolled(guess, new) == "reset_code_refused"
        assert await server.enrolled("-".join(halves), new) == "enrolled"
        assert await server.enrolled(" ".join(halves[::-1]).lower(), new) == "enrolled", (
            "the answer may be lost"
        )
        assert await server.enrolled("-".join(halves), SigningKey.generate()) == "reset_code_refused"
        after = server.signed_in(new)
        assert [one.revoked_at is None for one in await after.keys()] == [False, True]
        assert (await approver.get(case)).body["key_id"] == (await after.keys())[-1].id
        assert [one["state"] for one in await server.told()] == ["confirmed", "enrolled"]
        auditor = await an_operator(town, "auditor")
        trail = (await auditor.get(f"/admin/v1/trail?object_id={asked.body['id']}")).body["items"]
        assert [one["deed"] for one in trail] == ["key_reset.confirmed", "key_reset.proposed"]
        assert trail[0]["actor"] != trail[1]["actor"]


async def test_a_code_ends_with_five_tries_of_who_knows_half_of_it_and_when_another_is_made(
    town: Town,
) -> None:
    async with a_server(town) as server:
        _, first = await a_reset(server)
        _, second = await a_reset(server)
        key = SigningKey.generate()
        assert await server.enrolled(first, key) == "reset_code_refused"
        for no in range(CODE_TRIES):
            half, beside = (second[:8], second[-8:])[no % 2], "C4TR9ZHB"
            guess = f"{half}-{beside}" if no < CODE_TRIES // 2 else f"{beside}-{half}"
            assert await server.enrolled(guess, key) == "reset_code_refused"
        assert await server.enrolled(second, key) == "reset_code_refused"
        _, third = await a_reset(server)
        assert await server.enrolled(third, server.lost) == "public_key_used_before"
        await town.pool.execute("UPDATE merchants.key_enrolments SET expires_at = now()")
        assert await server.enrolled(third, key) == "reset_code_refused"


async def test_whoever_stole_the_keys_cannot_use_the_code_up_before_its_owner_types_it(town: Town) -> None:
    async with a_server(town) as server:
        _, code = await a_reset(server)
        for guess in ["7KX3PWQM-C4TR9ZHB", "", code[:7], *(f"7KX3PWQ{one}-C4TR9ZHB" for one in "23456789")]:
            assert await server.enrolled(guess, SigningKey.generate()) != "enrolled"
        backwards = f"{code[-8:]}-{code[:8]}"
        assert await server.enrolled(backwards, SigningKey.generate()) == "enrolled", "in either order"


async def test_what_a_revoked_operator_proposed_is_nobodys_to_confirm(town: Town) -> None:
    async with a_server(town) as server:
        gone, approver = await an_operator(town, "approver"), await an_operator(town, "approver")
        risk = await an_operator(town, "risk")
        jwk = SigningKey.generate().public_jwk
        wishes = {
            "key-resets": {"client_id": server.client_id, "reason": "lost"},
            "wallet-proposals": {"issuer": ISSUER, "name": "Theirs", "jwk": jwk},
            "operator-proposals": {"name": "A friend", "roles": ["approver"], "jwk": jwk},
        }
        asked = {kind: await gone.post(f"/admin/v1/{kind}", wish) for kind, wish in wishes.items()}
        assert [one.status for one in asked.values()] == [201] * 3, asked
        [client_id] = {one.body["proposed_by"] for one in asked.values()}
        put_out = await risk.post(f"/admin/v1/clients/{client_id}/revoke", {"reason": "left in anger"})
        assert put_out.status == 200, put_out.body
        for kind, one in asked.items():
            late = await approver.post(f"/admin/v1/{kind}/{one.body['id']}/confirm", None)
            assert (late.status, late.body["code"].endswith("proposal_decided")) == (409, True), late.body
        auditor = await an_operator(town, "auditor")
        trail = (await auditor.get(f"/admin/v1/trail?object_id={asked['key-resets'].body['id']}")).body[
            "items"
        ]
        assert [one["deed"] for one in trail] == ["key_reset.rejected", "key_reset.proposed"]
        assert (await proposed(approver, server.client_id)).status == 201


async def test_of_two_who_decide_and_two_who_type_at_once_one_is_first(town: Town) -> None:
    async with a_server(town) as server:
        asked = await proposed(await an_operator(town, "reviewer"), server.client_id)
        again = await proposed(await an_operator(town, "reviewer"), server.client_id)
        assert (again.status, again.body["code"]) == (409, "proposal_underway")
        path = f"/admin/v1/key-resets/{asked.body['id']}/confirm"
        approvers = [await an_operator(town, "approver") for _ in range(3)]
        said = await asyncio.gather(*(one.post(path, None) for one in approvers))
        assert sorted(one.status for one in said) == [200, 409, 409]
        [confirmed] = [one for one in said if one.status == 200]
        code = asked.body["code_half"] + confirmed.body["code_half"]
        keys = [SigningKey.generate() for _ in range(3)]
        ends = await asyncio.gather(*(server.enrolled(code, key) for key in keys))
        assert sorted(ends) == ["enrolled", "reset_code_refused", "reset_code_refused"]


async def test_keys_are_reset_of_those_alone_who_have_no_other_way_in(town: Town) -> None:
    async with a_server(town) as server:
        operator = await an_operator(town, "reviewer")
        rows = await town.pool.fetch("SELECT client_id, kind FROM merchants.clients")
        kinds = {row["kind"]: row["client_id"] for row in rows}
        for kind in ("terminal", "operator"):
            refused = await proposed(operator, kinds[kind])
            assert (refused.status, refused.body["code"]) == (409, "keys_not_reset"), kind
        gone = await proposed(operator, f"cli_{'0' * 32}")
        assert (gone.status, gone.body["code"]) == (404, "client_not_found")
        asked = await proposed(operator, server.client_id)
        revoked = await server.shop.office.post(f"/v1/clients/{server.client_id}/revoke", {"reason": "old"})
        assert revoked.status == 200
        late = await (await an_operator(town, "approver")).post(
            f"/admin/v1/key-resets/{asked.body['id']}/confirm", None
        )
        assert (late.status, late.body["code"]) == (409, "keys_not_reset")
        stranger = Server(
            town=town, shop=server.shop, gateway=server.gateway, client_id=f"cli_{'0' * 32}", lost=server.lost
        )
        assert await stranger.enrolled("7KX3PWQM-C4TR9ZHB", SigningKey.generate()) == "reset_code_refused"


async def test_the_database_takes_no_reset_that_only_one_has_seen(town: Town) -> None:
    async with a_server(town) as server:
        asked = await proposed(await an_operator(town, "reviewer"), server.client_id)
        for decided_by in ("proposed_by", "'system'"):
            with pytest.raises(asyncpg.CheckViolationError):
                await town.pool.execute(
                    f"""UPDATE merchants.proposals SET decided_by = {decided_by}, decided_at = now(), accepted = true"""
                )
        with pytest.raises(asyncpg.CheckViolationError, match="confirmed by another"):
            await town.pool.execute(
                """INSERT INTO merchants.key_enrolments (reset_id, client_id, code_hashes, tries_left, expires_at)
                   VALUES ($1, $2, '{x,y}', 5, now() + interval '1 day')""",
                asked.body["id"],
                server.client_id,
            )
