import asyncio
import base64
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import jwt
import pytest

from merchants.access import clients, grant, live, replay
from merchants.access.errors import (
    AssertionMalformed,
    AssertionNotVerified,
    AssertionReplayed,
    ClientAssertionTypeUnsupported,
    ClientRevoked,
    GrantTypeUnsupported,
    ScopeNotGranted,
    TokenExpired,
    TokenForeign,
    TokenMalformed,
    TokenNotVerified,
    TokenRefused,
)
from merchants.access.grant import ASSERTION_TYPE, Granted, TokenRequest
from merchants.access.principal import SCOPES, Registered
from merchants.access.tokens import Tokens
from merchants.ids import new_id
from merchants.keyring import Keyring, Purpose
from merchants.sealing import Sealing
from tests.places import Place, open_place
from tests.signing_in import OwnKey

ISSUER = "https://gateway.bank.example"
SEALING = Sealing(os.urandom(32))


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def key() -> OwnKey:
    return OwnKey()


@pytest.fixture
async def keyring(pool: asyncpg.Pool) -> Keyring:
    return await Keyring.open(pool, SEALING)


@pytest.fixture
def tokens(keyring: Keyring) -> Tokens:
    return Tokens(keyring, issuer=ISSUER, environment="sandbox")


@pytest.fixture
async def place(pool: asyncpg.Pool) -> Place:
    return await open_place(pool)


@pytest.fixture
async def server(pool: asyncpg.Pool, place: Place, key: OwnKey) -> Registered:
    """A partner's server that may pay and query."""
    async with pool.acquire() as conn, conn.transaction():
        return await clients.register_server(
            conn,
            client_id=new_id("cli", 7),
            partner_id=place.partner_id,
            name="Till server",
            scopes=frozenset({"pay", "query"}),
            within=SCOPES["partner"],
            public_jwk=key.public_jwk,
            actor="test",
        )


async def ask(pool: asyncpg.Pool, tokens: Tokens, assertion: str, **changes: Any) -> Granted:
    form: dict[str, Any] = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    async with pool.acquire() as conn:
        return await grant.exchange(conn, tokens, TokenRequest(**{**form, **changes}), now=now())


async def test_a_signed_assertion_becomes_a_token_that_says_who_calls(
    pool: asyncpg.Pool, tokens: Tokens, server: Registered, place: Place, key: OwnKey
) -> None:
    granted = await ask(pool, tokens, key.assertion(server.client_id, ISSUER))
    facts = await tokens.verify(granted.access_token, now=now())
    assert (facts.client_id, facts.key_id, facts.kind) == (server.client_id, server.key_id, "partner")
    assert (facts.partner_id, facts.merchant_id) == (place.partner_id, place.partner_id)
    assert facts.scopes == granted.scopes == {"pay", "query"}
    assert granted.expires_in_s == 600
    assert await pool.fetchval("SELECT last_used_at IS NOT NULL FROM merchants.client_keys")


async def test_a_token_is_a_jwt_anybody_verifies_with_our_published_keys(
    pool: asyncpg.Pool, tokens: Tokens, keyring: Keyring, server: Registered, key: OwnKey
) -> None:
    token = (await ask(pool, tokens, key.assertion(server.client_id, ISSUER))).access_token
    published = jwt.PyJWKSet.from_dict(keyring.jwks())
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, published[header["kid"]], algorithms=["EdDSA"], audience=ISSUER, issuer=ISSUER)
    assert header["typ"] == "at+jwt"
    assert claims["sub"] == server.client_id
    assert claims["env"] == "sandbox"


async def test_of_one_assertion_sent_to_several_replicas_at_once_one_is_taken(
    pool: asyncpg.Pool, tokens: Tokens, server: Registered, key: OwnKey
) -> None:
    other_replica = Tokens(await Keyring.open(pool, SEALING), issuer=ISSUER, environment="sandbox")
    assertion = key.assertion(server.client_id, ISSUER)
    outcomes = await asyncio.gather(
        *(ask(pool, replica, assertion) for replica in (tokens, other_replica) * 3), return_exceptions=True
    )
    assert sum(isinstance(one, Granted) for one in outcomes) == 1
    assert sum(isinstance(one, AssertionReplayed) for one in outcomes) == 5


async def test_a_scope_beyond_the_clients_is_not_granted_and_uses_nothing_up(
    pool: asyncpg.Pool, tokens: Tokens, server: Registered, key: OwnKey
) -> None:
    assertion = key.assertion(server.client_id, ISSUER)
    with pytest.raises(ScopeNotGranted):
        await ask(pool, tokens, assertion, scope="pay refund")
    assert (await ask(pool, tokens, assertion, scope="query")).scopes == {"query"}


async def test_a_request_of_another_form_is_refused_in_the_words_of_oauth(
    pool: asyncpg.Pool, tokens: Tokens, server: Registered, key: OwnKey
) -> None:
    assertion = key.assertion(server.client_id, ISSUER)
    with pytest.raises(GrantTypeUnsupported) as unsupported:
        await ask(pool, tokens, assertion, grant_type="password")
    assert unsupported.value.error == "unsupported_grant_type"
    with pytest.raises(ClientAssertionTypeUnsupported):
        await ask(pool, tokens, assertion, client_assertion_type="saml")
    with pytest.raises(AssertionMalformed):
        await ask(pool, tokens, assertion, client_id="cli_somebody_else")


async def test_unknown_and_revoked_clients_and_keys_get_no_token(
    pool: asyncpg.Pool, tokens: Tokens, server: Registered, key: OwnKey
) -> None:
    with pytest.raises(AssertionNotVerified):
        await ask(pool, tokens, key.assertion(new_id("cli", 9), ISSUER))
    async with pool.acquire() as conn, conn.transaction():
        await clients.revoke(conn, server.client_id, actor="test", reason="lost")
    with pytest.raises(AssertionNotVerified):
        await ask(pool, tokens, key.assertion(server.client_id, ISSUER))


async def test_a_key_of_purpose_agreement_signs_nobody_in(
    pool: asyncpg.Pool, tokens: Tokens, server: Registered
) -> None:
    for_terms = OwnKey()
    async with pool.acquire() as conn, conn.transaction():
        await clients.add_key(
            conn, server.client_id, public_jwk=for_terms.public_jwk, purpose="agreement", actor="test"
        )
    with pytest.raises(AssertionNotVerified):
        await ask(pool, tokens, for_terms.assertion(server.client_id, ISSUER))


async def test_used_assertions_are_forgotten_once_they_could_not_be_accepted(
    pool: asyncpg.Pool, tokens: Tokens, server: Registered, key: OwnKey
) -> None:
    await ask(pool, tokens, key.assertion(server.client_id, ISSUER))
    async with pool.acquire() as conn:
        assert await replay.forget_expired(conn, limit=100) == 0
        await conn.execute("UPDATE merchants.assertion_jtis SET expires_at = now() - interval '1 s'")
        assert await replay.forget_expired(conn, limit=100) == 1


async def test_tokens_expire_and_are_refused_in_another_environment_or_gateway(
    pool: asyncpg.Pool, tokens: Tokens, keyring: Keyring, server: Registered, key: OwnKey
) -> None:
    token = (await ask(pool, tokens, key.assertion(server.client_id, ISSUER))).access_token
    with pytest.raises(TokenExpired):
        await tokens.verify(token, now=now() + timedelta(seconds=600))
    with pytest.raises(TokenForeign):
        await tokens.verify(token, now=now() - timedelta(seconds=60))
    for elsewhere in (
        Tokens(keyring, issuer=ISSUER, environment="production"),
        Tokens(keyring, issuer="https://other.example", environment="sandbox"),
    ):
        with pytest.raises(TokenForeign):
            await elsewhere.verify(token, now=now())


async def test_forged_tokens_are_refused(
    pool: asyncpg.Pool, tokens: Tokens, keyring: Keyring, server: Registered, key: OwnKey
) -> None:
    good = (await ask(pool, tokens, key.assertion(server.client_id, ISSUER))).access_token
    header, claims, signature = good.split(".")
    payload = base64.urlsafe_b64decode(claims + "==")
    unsigned = (
        base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt","kid":"token-A1"}').decode().rstrip("=")
    )
    webhook = keyring.signer(Purpose.WEBHOOK)
    mine = keyring.signer(Purpose.TOKEN)

    def signed(private: Any, typ: str = "at+jwt", **fields: Any) -> str:
        return jwt.PyJWS().encode(payload, private, "EdDSA", {"typ": typ, **fields})

    forged = {
        "payload changed": f"{header}.{claims[:-4]}AAAA.{signature}",
        "signature cut": good[:-8],
        "none": f"{unsigned}.{claims}.",
        "another key of ours": signed(webhook.private_key, kid=webhook.kid),
        "another key of ours under this one's name": signed(webhook.private_key, kid=mine.kid),
        "the client's key": signed(key.private, kid=mine.kid),
        "no kid": signed(mine.private_key),
        "an unknown kid": signed(mine.private_key, kid="token-ZZ"),
        "an odd kid": signed(mine.private_key, kid="token-../../A1"),
        "another type": signed(mine.private_key, typ="JWT", kid=mine.kid),
        "an assertion": key.assertion(server.client_id, ISSUER),
        "no JWT": "abc",
        "no text": "é.é.é",
        "too long": "x" * 5000,
    }
    accepted = []
    for name, token in forged.items():
        try:
            await tokens.verify(token, now=now())
        except (TokenMalformed, TokenNotVerified):
            continue
        accepted.append(name)
    assert accepted == []
    assert (await tokens.verify(good, now=now())).client_id == server.client_id


async def test_a_token_outlives_the_rotation_of_our_key_and_not_its_end(
    pool: asyncpg.Pool, tokens: Tokens, keyring: Keyring, server: Registered, key: OwnKey
) -> None:
    token = (await ask(pool, tokens, key.assertion(server.client_id, ISSUER))).access_token
    await keyring.rotate(Purpose.TOKEN, lead_s=0, verifies_for_s=600)
    assert (await tokens.verify(token, now=now())).client_id == server.client_id
    await pool.execute("UPDATE merchants.signing_keys SET verifies_until = now() WHERE key_id = 'A1'")
    await keyring.refresh()
    with pytest.raises(TokenNotVerified):
        await tokens.verify(token, now=now())


async def test_a_revoked_client_or_key_is_refused_at_once_where_money_moves(
    pool: asyncpg.Pool, server: Registered
) -> None:
    second = OwnKey()
    async with pool.acquire() as conn, conn.transaction():
        added = await clients.add_key(conn, server.client_id, public_jwk=second.public_jwk, actor="test")
        await live.check(conn, client_id=server.client_id, key_id=added.key_id)
        with pytest.raises(ClientRevoked):
            await live.check(conn, client_id=new_id("cli", 7), key_id=added.key_id)
    async with pool.acquire() as conn, conn.transaction():
        await clients.revoke_key(conn, server.client_id, key_id=server.key_id, actor="test")
    async with pool.acquire() as conn, conn.transaction():
        await live.check(conn, client_id=server.client_id, key_id=added.key_id)
        with pytest.raises(ClientRevoked):
            await live.check(conn, client_id=server.client_id, key_id=server.key_id)


async def test_a_revocation_waits_for_the_payments_that_still_saw_the_client_live(
    pool: asyncpg.Pool, server: Registered
) -> None:
    async def revoke() -> None:
        async with pool.acquire() as conn, conn.transaction():
            await clients.revoke(conn, server.client_id, actor="test", reason="stolen")

    async def pay() -> None:
        async with pool.acquire() as conn, conn.transaction():
            await live.check(conn, client_id=server.client_id, key_id=server.key_id)

    async with pool.acquire() as paying, pool.acquire() as watching:
        payment = paying.transaction()
        await payment.start()
        await live.check(paying, client_id=server.client_id, key_id=server.key_id)
        revoking = asyncio.create_task(revoke())
        await _until_waiting(watching, 1)
        late = asyncio.create_task(pay())
        await _until_waiting(watching, 2)
        assert not revoking.done()
        await payment.commit()
    await revoking
    with pytest.raises(ClientRevoked):
        await late


async def test_reads_see_a_revocation_when_what_they_remember_is_too_old(
    pool: asyncpg.Pool, server: Registered
) -> None:
    who = {"client_id": server.client_id, "key_id": server.key_id}
    patient, impatient = live.RecentlyLive(pool, max_age_s=60), live.RecentlyLive(pool, max_age_s=0)
    await patient.check(**who)
    await impatient.check(**who)
    async with pool.acquire() as conn, conn.transaction():
        await clients.revoke(conn, server.client_id, actor="test", reason="lost")
    await patient.check(**who)
    with pytest.raises(ClientRevoked):
        await impatient.check(**who)
    patient.forget()
    with pytest.raises(ClientRevoked):
        await patient.check(**who)
    assert issubclass(ClientRevoked, TokenRefused)


async def _until_waiting(conn: Any, count: int) -> None:
    """Until so many sessions of this database wait for an advisory lock."""
    async with asyncio.timeout(30):
        while await conn.fetchval(_WAITING) < count:
            pass


_WAITING = """SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
               WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"""
