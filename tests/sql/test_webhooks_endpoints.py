"""What a tenant does to its endpoints; nothing of it reaches another tenant's."""

import asyncio
import base64
from datetime import UTC, datetime

import asyncpg
import pytest

from merchants.ids import new_id
from merchants.sealing import SealBroken
from tests.receivers import DESK, SEALING, TENANT, an_event, subscribe
from webhooks import endpoints, outbox
from webhooks.address_guard import AddressPolicy
from webhooks.endpoint import Wishes
from webhooks.errors import (
    EndpointDisabled,
    EndpointNotFound,
    EventTypeUnknown,
    TooManyEndpoints,
    TooManyRotations,
    UrlRefused,
    WebhooksError,
)

URL = "http://127.0.0.1:9/hook"
OTHER = new_id("mer", 8)


async def test_an_endpoint_reads_back_as_it_was_wished(pool: asyncpg.Pool) -> None:
    wishes = Wishes(
        url=URL,
        description="till events",
        event_types=("discount.*",),
        store_ids=("sto_1",),
        signatures=("v1", "v1a"),
        strict_order=True,
        concurrency=2,
        rate_per_s=10,
        retry_waits_s=(1.0, 2.0),
    )
    made = await subscribe(
        pool, URL, **{name: getattr(wishes, name) for name in wishes.__slots__ if name != "url"}
    )
    assert made.endpoint.wishes == wishes
    assert (made.endpoint.health.circuit, made.endpoint.health.pending) == ("closed", 0)
    changed = Wishes(url=URL + "2", signatures=("v1a",))
    async with pool.acquire() as conn:
        await endpoints.update(conn, changed, tenant=TENANT, endpoint_id=made.endpoint.id, policy=DESK)
        [read] = await endpoints.all_of(conn, tenant=TENANT)
    assert read.wishes == changed


async def test_a_secret_is_sealed_for_its_endpoint_alone(pool: asyncpg.Pool) -> None:
    made = await subscribe(pool, URL)
    sealed = await pool.fetchval("SELECT sealed FROM webhooks.secrets")
    secret = base64.b64decode(made.secret.removeprefix("whsec_"))
    assert secret not in sealed
    assert SEALING.reveal(sealed, owner=made.endpoint.id) == secret
    with pytest.raises(SealBroken):
        SEALING.reveal(sealed, owner=new_id("end", 7))


async def test_no_tenant_reaches_anothers_endpoint(pool: asyncpg.Pool) -> None:
    endpoint_id = (await subscribe(pool, URL)).endpoint.id
    now = datetime.now(UTC)
    async with pool.acquire() as conn:
        for deed in (
            endpoints.find(conn, tenant=OTHER, endpoint_id=endpoint_id),
            endpoints.update(conn, Wishes(url=URL), tenant=OTHER, endpoint_id=endpoint_id, policy=DESK),
            endpoints.delete(conn, tenant=OTHER, endpoint_id=endpoint_id),
            endpoints.disable(conn, tenant=OTHER, endpoint_id=endpoint_id),
            endpoints.recover(conn, tenant=OTHER, endpoint_id=endpoint_id),
            endpoints.rotate_secret(conn, tenant=OTHER, endpoint_id=endpoint_id, seal=SEALING.seal),
            endpoints.ping(conn, tenant=OTHER, endpoint_id=endpoint_id, event_id=new_id("evt", 8), now=now),
        ):
            with pytest.raises(EndpointNotFound):
                await deed
        assert await endpoints.all_of(conn, tenant=OTHER) == []
        [untouched] = await endpoints.all_of(conn, tenant=TENANT)
    assert untouched.disabled_reason is None
    assert await pool.fetchval("SELECT count(*) FROM webhooks.secrets") == 1


async def test_a_tenant_has_sixteen_endpoints_at_most_even_if_it_makes_them_all_at_once(
    pool: asyncpg.Pool,
) -> None:
    made = await asyncio.gather(*(subscribe(pool, URL) for _ in range(20)), return_exceptions=True)
    assert [type(each) for each in made].count(TooManyEndpoints) == 4
    assert await pool.fetchval("SELECT count(*) FROM webhooks.endpoints") == 16
    await subscribe(pool, URL, tenant=OTHER)


async def test_a_deleted_endpoint_leaves_no_secret_and_gets_no_event(pool: asyncpg.Pool) -> None:
    endpoint_id = (await subscribe(pool, URL)).endpoint.id
    async with pool.acquire() as conn:
        await endpoints.delete(conn, tenant=TENANT, endpoint_id=endpoint_id)
        await outbox.publish(conn, [an_event()])
        with pytest.raises(EndpointNotFound):
            await endpoints.find(conn, tenant=TENANT, endpoint_id=endpoint_id)
    for table in ("secrets", "endpoint_health", "deliveries"):
        assert await pool.fetchval(f"SELECT count(*) FROM webhooks.{table}") == 0


async def test_secrets_overlap_a_day_and_not_without_bound(pool: asyncpg.Pool) -> None:
    endpoint_id = (await subscribe(pool, URL)).endpoint.id

    async def rotate() -> str:
        async with pool.acquire() as conn, conn.transaction():
            return await endpoints.rotate_secret(
                conn, tenant=TENANT, endpoint_id=endpoint_id, seal=SEALING.seal
            )

    rotated = await asyncio.gather(*(rotate() for _ in range(6)), return_exceptions=True)
    assert [type(each) for each in rotated].count(TooManyRotations) == 2
    left = await pool.fetch(
        "SELECT expires_at - now() AS left FROM webhooks.secrets WHERE expires_at IS NOT NULL"
    )
    assert len(left) == 4
    assert all(86_000 < row["left"].total_seconds() <= 86_400 for row in left)

    await pool.execute("UPDATE webhooks.secrets SET expires_at = now() WHERE expires_at IS NOT NULL")
    await rotate()
    assert await pool.fetchval("SELECT count(*) FROM webhooks.secrets") == 2


@pytest.mark.parametrize(
    ("wishes", "error"),
    [
        (Wishes(url="http://10.0.0.1/"), UrlRefused),
        (Wishes(url="http://localhost/"), UrlRefused),
        (Wishes(url="https://example.com/", event_types=("ping", "payments.*")), EventTypeUnknown),
    ],
)
async def test_what_could_never_be_delivered_is_refused(
    pool: asyncpg.Pool, wishes: Wishes, error: type[WebhooksError]
) -> None:
    endpoint_id = (await subscribe(pool, URL)).endpoint.id
    async with pool.acquire() as conn:
        for deed in (
            endpoints.create(
                conn,
                wishes,
                tenant=TENANT,
                endpoint_id=new_id("end", 7),
                policy=AddressPolicy(),
                seal=SEALING.seal,
            ),
            endpoints.update(conn, wishes, tenant=TENANT, endpoint_id=endpoint_id, policy=AddressPolicy()),
        ):
            with pytest.raises(error):
                await deed


async def test_a_disabled_endpoint_is_not_pinged_and_holds_its_events(pool: asyncpg.Pool) -> None:
    endpoint_id = (await subscribe(pool, URL)).endpoint.id
    async with pool.acquire() as conn:
        paused = await endpoints.disable(conn, tenant=TENANT, endpoint_id=endpoint_id)
        assert paused.disabled_reason == "by_partner"
        with pytest.raises(EndpointDisabled):
            await endpoints.ping(
                conn, tenant=TENANT, endpoint_id=endpoint_id, event_id=new_id("evt", 7), now=datetime.now(UTC)
            )
        await outbox.publish(conn, [an_event()])
        recovered = await endpoints.recover(conn, tenant=TENANT, endpoint_id=endpoint_id)
    assert (recovered.disabled_reason, recovered.health.pending) == (None, 1)
