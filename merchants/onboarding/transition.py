"""One step of an application: the row, its audit row and its event, in the caller's transaction."""

from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.onboarding import events
from merchants.onboarding.application import Application, store


async def store_move(conn: PoolConnectionProxy, application: Application, *, actor: str) -> Application:
    """Write what a locked application has become, with its audit row and its event."""
    stored = await store(conn, application)
    await record(conn, stored, deed=f"application.{stored.status}", actor=actor)
    await events.publish(conn, stored)
    return stored


async def record(
    conn: PoolConnectionProxy, application: Application, *, deed: str, actor: str, **facts: str | int | None
) -> None:
    """Add to the trail what was done to an application."""
    await audit.record(
        conn,
        actor=actor,
        deed=deed,
        object_id=application.id,
        partner_id=application.partner_id,
        reason=application.reason,
        facts=facts,
    )
