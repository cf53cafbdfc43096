"""The master key changes while everything runs, and nothing sealed is forgotten by the list of sealed columns."""

import base64
import os

import asyncpg

from gateway.storage.sealed_columns import SEALED, reseal
from merchants.keyring import Keyring
from merchants.onboarding import application as applications
from merchants.onboarding import search, verification
from merchants.sealing import Sealing
from tests.inhabitants import inhabited
from tests.joiners import an_office
from tests.town import MASTER_KEY, Town, a_town

# Every other `bytea` there is: hashes, public keys, and what receivers answered.
OPEN = {
    "gateway.idempotency_keys.fingerprint",
    "merchants.activation_codes.code_hash",
    "merchants.activation_codes.selector_hash",
    "merchants.agreement_texts.sha256",
    "merchants.agreements.text_sha256",
    "merchants.documents.sha256",
    "merchants.operator_sessions.sign_in",
    "merchants.search_index.hash",
    "merchants.signing_keys.public_key",
    "merchants.used_proofs.digest",
    "merchants.verifications.account_hash",
    "qr.payment_codes.code_hash",
    "webhooks.attempts.response",
}


async def columns(pool: asyncpg.Pool) -> set[str]:
    rows = await pool.fetch(
        """SELECT format('%s.%s.%s', n.nspname, c.relname, a.attname) AS name
             FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE a.atttypid = 'bytea'::regtype AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND n.nspname IN ('gateway', 'merchants', 'qr', 'webhooks') AND NOT a.attisdropped"""
    )
    return {row["name"] for row in rows}


async def test_every_column_of_bytes_is_known_to_be_sealed_or_open(pool: asyncpg.Pool) -> None:
    found, known = await columns(pool), {one.name for one in SEALED} | OPEN
    assert found - known == set(), (
        "add these to gateway/storage/sealed_columns.py SEALED if their values are sealed, else to OPEN here"
    )
    assert known - found == set(), "these are gone"


async def resealed(pool: asyncpg.Pool, sealing: Sealing) -> int:
    return sum([rows for column in SEALED async for rows in reseal(pool, sealing, column)])


async def test_everything_is_sealed_anew_while_the_town_lives(town: Town) -> None:
    await inhabited(town)
    old, new = base64.b64decode(MASTER_KEY), os.urandom(32)
    both, alone = Sealing(new, retired=[old]), Sealing(new)
    # Killed after its first batch, and begun again.
    first = next(column for column in SEALED if column.table == "signing_keys")
    begun = 0
    async for rows in reseal(town.pool, both, first):
        begun = rows
        break
    assert begun > 0
    assert await resealed(town.pool, both) > 5
    assert await resealed(town.pool, both) == 0
    left = [
        column.name
        for column in SEALED
        for value in await town.pool.fetch(
            f'SELECT "{column.column}" AS v FROM {column.schema}.{column.table}'
        )
        if value["v"] is not None and not alone.is_current(value["v"])
    ]
    assert left == []
    async with town.pool.acquire() as conn, conn.transaction():
        found = await search.find(conn, alone, field="phone", text="13800138000", actor="cli_risk", limit=10)
    assert found
    assert (await Keyring.open(town.pool, alone)).jwks()["keys"]


async def test_tries_at_an_account_are_not_forgotten_with_the_old_key(town: Town) -> None:
    old, new = base64.b64decode(MASTER_KEY), os.urandom(32)
    both, alone = Sealing(new, retired=[old]), Sealing(new)
    async with an_office(town) as office:
        joiner = await office.joiner()
        await office.approved(joiner)
        assert await office.settled(joiner) == "sent"
        told = sum(await office.credits_to(joiner))
        wrong = await joiner.applicant.name_sum(told + 1)
        assert wrong.tries_left == 2
    assert await resealed(town.pool, both) > 0
    async with town.pool.acquire() as conn:
        application = await applications.find(
            conn, alone, application_id=joiner.applicant.application_id, applicant_id=None
        )
        assert await verification.tries_left(conn, alone, application) == 2


async def test_replicas_with_either_key_first_open_what_the_other_sealed(
    database_url: str, core_database_url: str
) -> None:
    new = base64.b64encode(os.urandom(32)).decode()
    async with (
        a_town(database_url, core_database_url, works=False, MASTER_KEY_ALSO=new) as before,
        a_town(
            database_url, core_database_url, works=False, MASTER_KEY=new, MASTER_KEY_ALSO=MASTER_KEY
        ) as after,
    ):
        shop = await before.supermarket()
        made = await shop.office.post("/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/"}, key="one")
        assert made.status == 201, made.body
        there = type(shop.office)(http=after.http, url=after.public, token=shop.office.token)
        again = await there.post("/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/"}, key="one")
        assert again.body == made.body
