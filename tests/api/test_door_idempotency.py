import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from gateway.door import sql
from gateway.door.sql import ClaimTerms
from tests.doors import OpenDoor, open_door

GOOD = b'{"title":"milk","amount":{"amount_minor":250,"currency":"CNY"}}'


@pytest.fixture
async def door(pool: asyncpg.Pool) -> AsyncIterator[OpenDoor]:
    async with open_door(pool) as opened:
        yield opened


async def write(
    door: OpenDoor, headers: dict[str, str], body: bytes = GOOD
) -> tuple[int, dict[str, Any], bool]:
    sent = {"Content-Type": "application/json", **headers}
    async with door.http.post(f"{door.public}/v1/notes", data=body, headers=sent) as answer:
        return answer.status, await answer.json(content_type=None), "Idempotency-Replayed" in answer.headers


async def count(door: OpenDoor) -> int:
    counted: int = await door.pool.fetchval("SELECT count(*) FROM public.notes")
    return counted


async def test_a_repeat_answers_the_first_ones_resource_as_it_is_now(door: OpenDoor) -> None:
    headers = await door.headers()
    _, first, replayed = await write(door, headers)
    assert not replayed
    await door.pool.execute("UPDATE public.notes SET title = 'oat milk'")
    status, second, replayed = await write(door, headers)
    assert (status, replayed) == (201, True)
    assert second == {**first, "title": "oat milk"}
    assert await count(door) == 1


async def test_the_same_content_written_otherwise_is_the_same_request(door: OpenDoor) -> None:
    headers = await door.headers()
    await write(door, headers)
    spaced = b'{ "amount": {"currency": "CNY", "amount_minor": 250}, "title": "milk" }'
    compact = msgspec.json.encode({"title": "milk", "amount": {"amount_minor": 250, "currency": "CNY"}})
    headers["Idempotency-Key"] = "key-2"
    assert (await write(door, headers, spaced))[2] is False
    assert (await write(door, headers, compact))[2] is True


async def test_another_request_under_the_key_is_refused_and_the_first_kept(door: OpenDoor) -> None:
    headers = await door.headers()
    await write(door, headers)
    status, said, _ = await write(door, headers, GOOD.replace(b"milk", b"beer"))
    assert (status, said["code"]) == (422, "idempotency_key_reused")
    assert (await write(door, headers))[2]


async def test_fifty_copies_at_once_make_one_note_and_fifty_same_answers(door: OpenDoor) -> None:
    headers = await door.headers()
    answers = await asyncio.gather(*(write(door, headers) for _ in range(50)))
    assert {status for status, _, _ in answers} == {201}
    assert len({said["id"] for _, said, _ in answers}) == 1
    assert sorted(replayed for _, _, replayed in answers) == [False] + [True] * 49
    assert await count(door) == 1


async def test_a_duplicate_waits_for_the_first_and_replays_it(door: OpenDoor) -> None:
    """The race of INSERT … ON CONFLICT: the first is held open while the duplicate arrives."""
    headers = await door.headers()
    async with door.pool.acquire() as holder, holder.transaction():
        await holder.execute("LOCK public.notes IN EXCLUSIVE MODE")
        first = asyncio.create_task(write(door, headers))
        await blocked(door, 1)
        second = asyncio.create_task(write(door, headers))
        await blocked(door, 2)
    assert (await first)[2] is False
    assert (await second)[1]["id"] == (await first)[1]["id"]
    assert (await second)[2] is True


async def test_a_duplicate_takes_over_when_the_first_rolls_back(door: OpenDoor) -> None:
    headers = await door.headers()
    async with door.pool.acquire() as holder:
        transaction = holder.transaction()
        await transaction.start()
        await sql.claim_key(holder, await terms_of_a_first(door, headers), client_id=None, key_id=None)
        second = asyncio.create_task(write(door, headers))
        await blocked(door, 1)
        await transaction.rollback()
    status, _, replayed = await second
    assert (status, replayed) == (201, False)
    assert await count(door) == 1


async def test_errors_are_never_kept(door: OpenDoor) -> None:
    headers = await door.headers()
    assert (await write(door, headers, GOOD.replace(b"milk", b"taken")))[0] == 400
    assert (await write(door, headers, GOOD.replace(b"250", b"0")))[0] == 400
    assert (await write(door, headers))[0] == 201


async def test_tenants_do_not_share_keys(door: OpenDoor) -> None:
    _, first, _ = await write(door, await door.headers("bank-a"))
    _, second, replayed = await write(door, await door.headers("bank-b"))
    assert not replayed
    assert first["id"] != second["id"]


async def test_a_secret_lies_sealed_and_is_not_shown_after_its_time(pool: asyncpg.Pool) -> None:
    async with open_door(pool, secret_shown_s=0.0) as door:
        headers = await door.headers()
        await write(door, headers)
        sealed = await pool.fetchval("SELECT sealed_secret FROM gateway.idempotency_keys")
        assert b"s3cret" not in sealed
        status, said, _ = await write(door, headers)
        assert (status, said["code"]) == (409, "secret_already_shown")
        assert said["rotate"] == "POST /v1/notes/{note_id}/rotate"
        async with pool.acquire() as conn:
            assert await sql.forget_secrets(conn, older_than_s=0, limit=10) == 1
            assert await sql.delete_old_keys(conn, older_than_s=0, limit=10) == 1


async def test_a_revoked_client_neither_does_nor_replays(door: OpenDoor) -> None:
    headers = await door.headers()
    await write(door, headers)
    await door.pool.execute("UPDATE merchants.clients SET revoked_at = now()")
    for key in ("key-1", "key-2"):
        status, said, _ = await write(door, {**headers, "Idempotency-Key": key})
        assert (status, said["code"]) == (401, "client_revoked")
    assert await count(door) == 1


async def test_a_lost_database_says_that_nothing_happened(door: OpenDoor) -> None:
    headers = await door.headers()
    async with door.pool.acquire() as holder, holder.transaction():
        await holder.execute("LOCK public.notes IN EXCLUSIVE MODE")
        first = asyncio.create_task(write(door, headers))
        await blocked(door, 1)
        await holder.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'"""
        )
        status, said, _ = await first
    assert (status, said["code"]) == (503, "nothing_happened")
    assert (await write(door, headers))[0] == 201


async def terms_of_a_first(door: OpenDoor, headers: dict[str, str]) -> ClaimTerms:
    """The terms of a request like ours, read from its row and freed again."""
    await write(door, headers)
    row = await door.pool.fetchrow(
        "DELETE FROM gateway.idempotency_keys RETURNING tenant, operation, key, fingerprint, resource_id"
    )
    await door.pool.execute("DELETE FROM public.notes")
    assert row is not None
    return ClaimTerms(*row)


async def blocked(door: OpenDoor, number: int) -> None:
    """Return once so many of this database's sessions wait for a lock."""
    query = """SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    async with asyncio.timeout(30):
        while await door.pool.fetchval(query) < number:
            pass
