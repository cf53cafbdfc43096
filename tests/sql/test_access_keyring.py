import asyncio
import os

import asyncpg
import pytest

from merchants.keyring import Keyring, Purpose
from merchants.keyring.keyring import next_key_id
from merchants.sealing import SealBroken, Sealing

SEALING = Sealing(os.urandom(32))


async def test_replicas_that_start_together_share_the_first_keys(pool: asyncpg.Pool) -> None:
    rings = await asyncio.gather(*(Keyring.open(pool, SEALING) for _ in range(4)))
    for purpose in Purpose:
        assert {ring.signer(purpose).key_id for ring in rings} == {"A1"}
    signature = rings[0].signer(Purpose.QR).sign(b"code")
    key = rings[1].verify_key(Purpose.QR, "A1")
    assert key is not None
    key.verify(signature, b"code")
    assert await pool.fetchval("SELECT count(*) FROM merchants.signing_keys") == len(Purpose)


async def test_a_new_key_is_published_before_it_signs_and_the_old_one_still_verifies(
    pool: asyncpg.Pool,
) -> None:
    ring = await Keyring.open(pool, SEALING)
    new = await ring.rotate(Purpose.TOKEN, lead_s=60, verifies_for_s=600)
    assert ring.signer(Purpose.TOKEN).key_id == "A1"
    assert {"token-A1", f"token-{new}"} <= {key["kid"] for key in ring.jwks()["keys"]}
    newest = await ring.rotate(Purpose.TOKEN, lead_s=0, verifies_for_s=600)
    assert ring.signer(Purpose.TOKEN).key_id == newest
    assert ring.verify_key(Purpose.TOKEN, "A1") is not None


async def test_another_replicas_new_key_is_found_when_first_met(pool: asyncpg.Pool) -> None:
    here, there = await Keyring.open(pool, SEALING), await Keyring.open(pool, SEALING)
    new = await there.rotate(Purpose.TOKEN, lead_s=0, verifies_for_s=600)
    assert here.verify_key(Purpose.TOKEN, new) is None
    await asyncio.gather(here.refresh(), here.refresh())
    assert await here.find_verify_key(Purpose.TOKEN, new) is not None
    assert await here.find_verify_key(Purpose.TOKEN, "ZZ") is None


async def test_a_key_past_its_end_no_longer_verifies_and_is_forgotten(pool: asyncpg.Pool) -> None:
    ring = await Keyring.open(pool, SEALING)
    await ring.rotate(Purpose.QR, lead_s=0, verifies_for_s=0)
    assert ring.verify_key(Purpose.QR, "A1") is None
    await ring.rotate(Purpose.QR, lead_s=0, verifies_for_s=600)
    assert (
        await pool.fetchval(
            "SELECT count(*) FROM merchants.signing_keys WHERE key_id = 'A1' AND purpose = 'qr'"
        )
        == 0
    )


async def test_a_dump_without_the_master_key_signs_nothing(pool: asyncpg.Pool) -> None:
    await Keyring.open(pool, SEALING)
    with pytest.raises(SealBroken):
        await Keyring.open(pool, Sealing(os.urandom(32)))


def test_key_ids_count_in_two_characters_and_skip_those_in_use() -> None:
    assert next_key_id([]) == "A1"
    assert next_key_id(["A1"]) == "A2"
    assert next_key_id(["A2", "A1"]) == "A3"
    assert next_key_id(["00", "ZZ"]) == "01"
