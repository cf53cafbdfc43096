import asyncio
import os

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from merchants.access import clients, live, terminals
from merchants.access.errors import (
    ActivationCodeRefused,
    ClientNotFound,
    ClientRevoked,
    PublicKeyUnacceptable,
    ScopesNotYours,
)
from merchants.access.one_time_code import ALPHABET, CHARACTERS
from merchants.access.principal import SCOPES
from merchants.access.terminals import CODE_TRIES, Enrolled
from merchants.errors import TerminalNotFound
from merchants.ids import new_id
from merchants.sealing import Sealing
from tests.places import Place, open_place
from tests.signing_in import OwnKey

SEALING = Sealing(os.urandom(32))


@pytest.fixture
async def place(pool: asyncpg.Pool) -> Place:
    return await open_place(pool)


async def issue(
    pool: asyncpg.Pool,
    place: Place,
    life_s: float = 900,
    *,
    within: frozenset[str] = SCOPES["partner"],
    actor: str = "test",
) -> str:
    async with pool.acquire() as conn, conn.transaction():
        issued = await terminals.issue_code(
            conn,
            SEALING,
            partner_id=place.partner_id,
            terminal_id=place.terminal_id,
            within=within,
            actor=actor,
            life_s=life_s,
        )
        return issued.code


async def enrol(pool: asyncpg.Pool, code: str, key: OwnKey) -> Enrolled:
    async with pool.acquire() as conn:
        return await terminals.enrol(conn, SEALING, activation_code=code, public_jwk=key.public_jwk)


async def is_live(pool: asyncpg.Pool, till: Enrolled) -> bool:
    async with pool.acquire() as conn, conn.transaction():
        try:
            await live.check(conn, client_id=till.registered.client_id, key_id=till.registered.key_id)
        except ClientRevoked:
            return False
        return True


def wrong(code: str) -> str:
    """The same first half, so that the try is aimed at the same row."""
    return code[:-1] + next(letter for letter in ALPHABET if letter != code[-1])


async def test_a_till_enrols_with_its_code_however_it_is_typed(pool: asyncpg.Pool, place: Place) -> None:
    code = await issue(pool, place)
    assert len(code) == CHARACTERS
    assert set(code) <= set(ALPHABET)
    till = await enrol(pool, f" {code[:4].lower()}-{code[4:]} ", OwnKey())
    assert (till.partner_id, till.store_id, till.terminal_id) == (
        place.partner_id,
        place.store_id,
        place.terminal_id,
    )
    assert await is_live(pool, till)
    row = await pool.fetchrow("SELECT * FROM merchants.clients WHERE kind = 'terminal'")
    assert row is not None
    assert set(row["scopes"]) == {"pay", "query", "cancel", "refund"}


async def test_nothing_stored_tells_the_code(pool: asyncpg.Pool, place: Place) -> None:
    code = await issue(pool, place)
    stored = str(await pool.fetch("SELECT to_jsonb(a) FROM merchants.activation_codes a"))
    trail = str(await pool.fetch("SELECT to_jsonb(a) FROM merchants.audit a"))
    assert code not in stored + trail
    assert code[:4] not in stored + trail


async def test_a_used_code_answers_the_same_till_again_and_no_other(pool: asyncpg.Pool, place: Place) -> None:
    code, key = await issue(pool, place), OwnKey()
    outcomes = await asyncio.gather(*(enrol(pool, code, key) for _ in range(3)))
    assert len({one.registered.client_id for one in outcomes}) == 1
    with pytest.raises(ActivationCodeRefused):
        await enrol(pool, code, OwnKey())


async def test_of_two_tills_with_one_code_one_comes_in(pool: asyncpg.Pool, place: Place) -> None:
    code = await issue(pool, place)
    outcomes = await asyncio.gather(*(enrol(pool, code, OwnKey()) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, Enrolled) for one in outcomes) == 1


async def test_five_wrong_tries_end_a_code(pool: asyncpg.Pool, place: Place) -> None:
    code = await issue(pool, place)
    for _ in range(CODE_TRIES - 1):
        with pytest.raises(ActivationCodeRefused):
            await enrol(pool, wrong(code), OwnKey())
    kept = await pool.fetchval("SELECT tries_left FROM merchants.activation_codes")
    assert kept == 1
    with pytest.raises(ActivationCodeRefused):
        await enrol(pool, wrong(code), OwnKey())
    with pytest.raises(ActivationCodeRefused):
        await enrol(pool, code, OwnKey())


async def test_wrong_tries_at_once_are_all_counted(pool: asyncpg.Pool, place: Place) -> None:
    code = await issue(pool, place)
    tries = [enrol(pool, wrong(code), OwnKey()) for _ in range(8)]
    await asyncio.gather(*tries, return_exceptions=True)
    assert await pool.fetchval("SELECT tries_left FROM merchants.activation_codes") == 0


async def test_a_code_ends_with_its_time_and_with_the_next_one(pool: asyncpg.Pool, place: Place) -> None:
    old = await issue(pool, place, life_s=0)
    with pytest.raises(ActivationCodeRefused):
        await enrol(pool, old, OwnKey())
    replaced = await issue(pool, place)
    newest = await issue(pool, place)
    with pytest.raises(ActivationCodeRefused):
        await enrol(pool, replaced, OwnKey())
    assert await is_live(pool, await enrol(pool, newest, OwnKey()))


async def test_a_replacement_till_ends_the_one_before(pool: asyncpg.Pool, place: Place) -> None:
    before = await enrol(pool, await issue(pool, place), OwnKey())
    after = await enrol(pool, await issue(pool, place), OwnKey())
    assert not await is_live(pool, before)
    assert await is_live(pool, after)


async def test_a_revoked_till_is_out_and_its_place_can_be_enrolled_again(
    pool: asyncpg.Pool, place: Place
) -> None:
    till = await enrol(pool, await issue(pool, place), OwnKey())
    unused = await issue(pool, place)
    async with pool.acquire() as conn, conn.transaction():
        await terminals.revoke(
            conn, partner_id=place.partner_id, terminal_id=place.terminal_id, actor="test", reason="stolen"
        )
    assert not await is_live(pool, till)
    with pytest.raises(ActivationCodeRefused):
        await enrol(pool, unused, OwnKey())
    assert await is_live(pool, await enrol(pool, await issue(pool, place), OwnKey()))


async def test_a_retired_terminal_takes_no_code_and_its_till_is_out(pool: asyncpg.Pool, place: Place) -> None:
    till, code = await enrol(pool, await issue(pool, place), OwnKey()), await issue(pool, place)
    await pool.execute("UPDATE merchants.terminals SET status = 'retired'")
    assert not await is_live(pool, till)
    with pytest.raises(ActivationCodeRefused):
        await enrol(pool, code, OwnKey())
    with pytest.raises(TerminalNotFound):
        await issue(pool, place)


async def test_a_terminal_of_another_partner_is_not_found(pool: asyncpg.Pool, place: Place) -> None:
    other = await open_place(pool, partner_no=8)
    with pytest.raises(TerminalNotFound):
        await issue(pool, Place(partner_id=other.partner_id, store_id="", terminal_id=place.terminal_id))
    with pytest.raises(TerminalNotFound):
        await issue(pool, Place(partner_id=place.partner_id, store_id="", terminal_id=new_id("trm", 7)))


async def test_a_till_brings_an_ed25519_key_and_a_bad_one_costs_no_try(
    pool: asyncpg.Pool, place: Place
) -> None:
    code = await issue(pool, place)
    p256 = dict(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True))
    async with pool.acquire() as conn:
        with pytest.raises(PublicKeyUnacceptable):
            await terminals.enrol(conn, SEALING, activation_code=wrong(code), public_jwk=p256)
    assert await pool.fetchval("SELECT tries_left FROM merchants.activation_codes") == CODE_TRIES


async def test_a_till_is_no_server_of_its_partner(pool: asyncpg.Pool, place: Place) -> None:
    till = await enrol(pool, await issue(pool, place), OwnKey())
    async with pool.acquire() as conn:
        with pytest.raises(ClientNotFound):
            await clients.find(conn, partner_id=place.partner_id, client_id=till.registered.client_id)


async def test_dead_codes_are_forgotten(pool: asyncpg.Pool, place: Place) -> None:
    await issue(pool, place, life_s=0)
    async with pool.acquire() as conn:
        assert await terminals.forget_expired_codes(conn, limit=10) == 1


async def test_a_till_may_never_do_more_than_whoever_made_its_code(pool: asyncpg.Pool, place: Place) -> None:
    with pytest.raises(ScopesNotYours) as refused:
        await issue(pool, place, within=frozenset({"merchants", "query"}))
    assert refused.value.scopes == ("pay",)
    key = OwnKey()
    code = await issue(pool, place, within=frozenset({"merchants", "pay", "query", "qr"}))
    till = await enrol(pool, code, key)
    assert till.scopes == {"pay", "query"}
    assert (await enrol(pool, code, key)).scopes == {"pay", "query"}
    kept = await pool.fetchval(
        "SELECT scopes FROM merchants.clients WHERE client_id = $1", till.registered.client_id
    )
    assert kept == ["pay", "query"]


async def test_a_code_ends_with_the_client_that_made_it(pool: asyncpg.Pool, place: Place) -> None:
    key = OwnKey()
    async with pool.acquire() as conn, conn.transaction():
        maker = await clients.register_server(
            conn,
            client_id=new_id("cli", 1),
            partner_id=place.partner_id,
            name="stolen",
            scopes=SCOPES["partner"],
            within=SCOPES["partner"],
            public_jwk=OwnKey().public_jwk,
            actor="test",
        )
    code = await issue(pool, place, actor=maker.client_id)
    async with pool.acquire() as conn, conn.transaction():
        await clients.revoke(conn, maker.client_id, actor="test", reason="stolen")
    with pytest.raises(ActivationCodeRefused):
        await enrol(pool, code, key)
