"""What a tenant does to its endpoints: make, change, pause, recover, test, rotate their secrets."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from asyncpg.pool import PoolConnectionProxy

from webhooks import endpoints_sql as sql
from webhooks import outbox, signing
from webhooks.address_guard import AddressPolicy, check_url
from webhooks.endpoint import Endpoint, Wishes
from webhooks.errors import (
    EndpointDisabled,
    EndpointNotFound,
    EventTypeUnknown,
    TooManyEndpoints,
    TooManyRotations,
)
from webhooks.event import NewEvent, is_filter

ENDPOINTS_MAX: Final = 16  # each is a delivery more in the transaction that moves money
SECRETS_MAX: Final = 5  # each is a signature more in every request
OVERLAP: Final = timedelta(hours=24)  # long enough to roll a secret out by hand


class Seal(Protocol):
    """Encrypts for one owner; what is sealed opens for the same owner only."""

    def __call__(self, clear: bytes, /, *, owner: str) -> bytes: ...


class Reveal(Protocol):
    """Opens what was sealed for this owner."""

    def __call__(self, sealed: bytes, /, *, owner: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class EndpointWithSecret:
    """An endpoint as it was made, with the secret that is told this once."""

    endpoint: Endpoint
    secret: str


async def create(
    conn: PoolConnectionProxy,
    wishes: Wishes,
    *,
    tenant: str,
    endpoint_id: str,
    policy: AddressPolicy,
    seal: Seal,
) -> EndpointWithSecret:
    """Register an endpoint and make its first secret.

    Raises:
        UrlRefused, EventTypeUnknown: the wishes cannot be met.
        TooManyEndpoints: the tenant has its number.
    """
    _check(wishes, policy)
    if not await sql.insert(conn, wishes, tenant=tenant, endpoint_id=endpoint_id, most=ENDPOINTS_MAX):
        raise TooManyEndpoints(ENDPOINTS_MAX)
    secret = signing.new_secret()
    await sql.insert_secret(
        conn, seal(secret, owner=endpoint_id), tenant=tenant, endpoint_id=endpoint_id, overlap=OVERLAP
    )
    endpoint = await find(conn, tenant=tenant, endpoint_id=endpoint_id)
    return EndpointWithSecret(endpoint, signing.secret_text(secret))


async def find(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str) -> Endpoint:
    """Read one endpoint.

    Raises:
        EndpointNotFound: this tenant has none with this id.
    """
    found = await sql.select(conn, tenant=tenant, endpoint_id=endpoint_id)
    if not found:
        raise EndpointNotFound
    return found[0]


async def hold(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str) -> Endpoint:
    """Read one endpoint and keep others from changing it until the transaction ends.

    Raises:
        EndpointNotFound: this tenant has none with this id.
    """
    if not await sql.lock(conn, tenant=tenant, endpoint_id=endpoint_id):
        raise EndpointNotFound
    return await find(conn, tenant=tenant, endpoint_id=endpoint_id)


async def all_of(conn: PoolConnectionProxy, *, tenant: str) -> list[Endpoint]:
    """Read all endpoints of a tenant, oldest first; there are never more than `ENDPOINTS_MAX`."""
    return await sql.select(conn, tenant=tenant, endpoint_id=None)


async def update(
    conn: PoolConnectionProxy, wishes: Wishes, *, tenant: str, endpoint_id: str, policy: AddressPolicy
) -> Endpoint:
    """Replace what the tenant decided; deliveries that wait go by the new URL from the next attempt on.

    Raises:
        EndpointNotFound, UrlRefused, EventTypeUnknown: as for `create`.
    """
    _check(wishes, policy)
    if not await sql.update(conn, wishes, tenant=tenant, endpoint_id=endpoint_id):
        raise EndpointNotFound
    return await find(conn, tenant=tenant, endpoint_id=endpoint_id)


async def delete(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str) -> None:
    """Forget an endpoint with its secrets; what still waited for it is never sent, and swept later.

    Raises:
        EndpointNotFound: this tenant has none with this id.
    """
    if not await sql.delete(conn, tenant=tenant, endpoint_id=endpoint_id):
        raise EndpointNotFound


async def disable(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str) -> Endpoint:
    """Stop sending at the tenant's wish; events go on being collected for recovery.

    Raises:
        EndpointNotFound: this tenant has none with this id.
    """
    await sql.disable(conn, tenant=tenant, endpoint_id=endpoint_id, reason="by_partner")
    return await find(conn, tenant=tenant, endpoint_id=endpoint_id)


async def recover(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str) -> Endpoint:
    """Enable again, with a clean record; whatever was held becomes due at once.

    Raises:
        EndpointNotFound: this tenant has none with this id.
    """
    await sql.enable(conn, tenant=tenant, endpoint_id=endpoint_id)
    return await find(conn, tenant=tenant, endpoint_id=endpoint_id)


async def rotate_secret(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str, seal: Seal) -> str:
    """Make a new secret; the old ones sign along for the overlap, so that no delivery is refused meanwhile.

    Raises:
        EndpointNotFound: this tenant has none with this id.
        TooManyRotations: too many secrets overlap already.
    """
    # Two rotations at once would both count the same secrets.
    await hold(conn, tenant=tenant, endpoint_id=endpoint_id)
    if await sql.count_live_secrets(conn, tenant=tenant, endpoint_id=endpoint_id) >= SECRETS_MAX:
        raise TooManyRotations
    secret = signing.new_secret()
    await sql.insert_secret(
        conn, seal(secret, owner=endpoint_id), tenant=tenant, endpoint_id=endpoint_id, overlap=OVERLAP
    )
    return signing.secret_text(secret)


async def ping(
    conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str, event_id: str, now: datetime
) -> str:
    """Send a test event to one endpoint, whatever it subscribed to; returns the delivery's id.

    Raises:
        EndpointNotFound: this tenant has none with this id.
        EndpointDisabled: nothing is sent there until it is recovered.
    """
    endpoint = await find(conn, tenant=tenant, endpoint_id=endpoint_id)
    if endpoint.disabled_reason is not None:
        raise EndpointDisabled
    sequence = await sql.next_told(conn, tenant=tenant, endpoint_id=endpoint_id)
    if sequence is None:
        raise EndpointNotFound
    event = NewEvent(
        id=event_id,
        type="ping",
        tenant=tenant,
        audience="wallet" if tenant.startswith("issuer:") else "merchant",
        object_id=endpoint_id,
        sequence=sequence,
        occurred_at=now,
        data={"endpoint_id": endpoint_id},
    )
    delivery_id = await outbox.publish_to(conn, event, endpoint_id=endpoint_id)
    if delivery_id is None:
        raise EndpointNotFound
    return delivery_id


def _check(wishes: Wishes, policy: AddressPolicy) -> None:
    check_url(wishes.url, policy)
    for position, event_type in enumerate(wishes.event_types):
        if not is_filter(event_type):
            raise EventTypeUnknown(event_type, f"/event_types/{position}")
