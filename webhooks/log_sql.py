"""The statements about what happened: events as a feed, deliveries with their attempts, and replays of them."""

from datetime import datetime, timedelta
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from webhooks.delivery import State
from webhooks.log import Delivery, Event, LoggedAttempt, Missed

ATTEMPTS_SHOWN_MAX: Final = 30  # twice the schedule; our own failures are retried without end

# A literal each, so that the planner may use the indexes that cover one state only.
_OF_STATE: Final[dict[State | None, str]] = {
    None: "",
    "pending": "AND d.state = 'pending'",
    "sending": "AND d.state = 'sending'",
    "delivered": "AND d.state = 'delivered'",
    "exhausted": "AND d.state = 'exhausted'",
    "expired": "AND d.state = 'expired'",
    "skipped": "AND d.state = 'skipped'",
}
_DELIVERY: Final = """
    SELECT {body} AS body, d.id, d.endpoint_id, d.event_id, v.type AS event_type, d.state, d.reason, d.failures,
           d.replay, d.created_at, d.finished_at,
           CASE WHEN d.state = 'pending' AND d.due_at < 'infinity' THEN d.due_at END AS next_attempt_at
      FROM webhooks.deliveries d
      JOIN webhooks.events v ON v.tenant = d.tenant AND v.id = d.event_id
"""
# By id, or among those that are looked at in one go: a rare type in a year of events is found over several calls.
_CHOSEN: Final = {
    True: "id = ANY ($7::text[]) AND $9 > 0",
    False: """id <= COALESCE((SELECT id FROM webhooks.events
                               WHERE tenant = $1 AND id > $3 ORDER BY id OFFSET $9 - 1 LIMIT 1), 'f')""",
}
_CLOCKS_APART: Final = timedelta(hours=1)  # at most: ids are made by our clocks, times by the database's
# A final delivery starts anew; `fence` counts on, so that its log does.
_ANEW: Final = """
    state = 'pending', due_at = now(), failures = 0, replay = true, reason = NULL, finished_at = NULL
"""


async def scan_events(
    conn: PoolConnectionProxy, *, tenant: str, after: tuple[int, str], most: int
) -> tuple[bool, list[tuple[int, Event]]]:
    """Read events behind a place, each with its transaction, up to the oldest transaction still running.

    Returns:
        Whether some have been swept, by the same snapshot; and those that are there.
    """
    rows = await conn.fetch(
        """
        SELECT swept.passed, behind.*
          FROM (SELECT EXISTS (SELECT FROM webhooks.swept
                                WHERE tenant = $1 AND (xid, event_id) > ($2::text::xid8, $3)) AS passed) AS swept
          LEFT JOIN (
               SELECT xid AS place, xid::text AS published_by, id, type, object_id, sequence, occurred_at, body
                 FROM webhooks.events
                WHERE tenant = $1 AND (xid, id) > ($2::text::xid8, $3)
                  AND xid < pg_snapshot_xmin(pg_current_snapshot())
                ORDER BY xid, id
                LIMIT $4) AS behind ON true
         ORDER BY behind.place, behind.id
        """,
        tenant,
        str(after[0]),
        after[1],
        most,
    )
    return rows[0]["passed"], [_placed(row) for row in rows if row["id"] is not None]


async def now(conn: PoolConnectionProxy) -> int:
    """The oldest transaction still running: whatever is committed from now on stands at it or behind."""
    return int(await conn.fetchval("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))


def _placed(row: asyncpg.Record) -> tuple[int, Event]:
    values = {name: row[name] for name in ("id", "type", "object_id", "sequence", "occurred_at", "body")}
    return int(row["published_by"]), Event(**values)


async def select_deliveries(
    conn: PoolConnectionProxy,
    *,
    tenant: str,
    endpoint_id: str,
    state: State | None,
    before: str | None,
    limit: int,
) -> list[Delivery]:
    """List an endpoint's deliveries, newest event first, each with its last attempt."""
    rows = await conn.fetch(
        f"""{_DELIVERY.format(body="NULL")}
         WHERE d.tenant = $1 AND d.endpoint_id = $2 AND ($3::text IS NULL OR d.event_id < $3) {_OF_STATE[state]}
         ORDER BY d.event_id DESC
         LIMIT $4
        """,
        tenant,
        endpoint_id,
        before,
        limit,
    )
    return await _with_attempts(conn, rows, tenant=tenant, most=1)


async def select_delivery(conn: PoolConnectionProxy, *, tenant: str, delivery_id: str) -> Delivery | None:
    """Read one delivery with its attempts, unless its endpoint is gone."""
    rows = await conn.fetch(
        f"""{_DELIVERY.format(body="v.body")}
          JOIN webhooks.endpoints e ON e.tenant = d.tenant AND e.id = d.endpoint_id
         WHERE d.tenant = $1 AND d.id = $2
        """,
        tenant,
        delivery_id,
    )
    found = await _with_attempts(conn, rows, tenant=tenant, most=ATTEMPTS_SHOWN_MAX)
    return found[0] if found else None


async def _with_attempts(
    conn: PoolConnectionProxy, rows: list[asyncpg.Record], *, tenant: str, most: int
) -> list[Delivery]:
    attempts: dict[str, list[LoggedAttempt]] = {row["id"]: [] for row in rows}
    logged = await conn.fetch(
        """
        SELECT a.delivery_id, a.started_at, a.duration_ms, a.url, a.request_headers, a.status, a.reason, a.response
          FROM unnest($2::text[]) AS wanted (id)
         CROSS JOIN LATERAL (
               SELECT * FROM webhooks.attempts
                WHERE tenant = $1 AND delivery_id = wanted.id ORDER BY fence DESC LIMIT $3) AS a
         ORDER BY a.delivery_id, a.fence
        """,
        tenant,
        list(attempts),
        most,
    )
    for row in logged:
        values = dict(row)
        attempts[values.pop("delivery_id")].append(LoggedAttempt(**values))
    return [Delivery(**dict(row), attempts=tuple(attempts[row["id"]])) for row in rows]


async def resend(conn: PoolConnectionProxy, *, tenant: str, delivery_id: str) -> bool:
    """Start a final delivery anew, or hurry one that waits for a retry; False where neither is so."""
    moved = await conn.fetchval(
        f"""
        WITH hurried AS (
            UPDATE webhooks.deliveries SET due_at = now()
             WHERE tenant = $1 AND id = $2 AND state = 'pending' AND due_at > now() AND due_at < 'infinity'
         RETURNING 1
        ), anew AS (
            UPDATE webhooks.deliveries SET {_ANEW}
             WHERE tenant = $1 AND id = $2 AND state NOT IN ('pending', 'sending')
         RETURNING 1
        )
        SELECT 1 FROM hurried UNION ALL SELECT 1 FROM anew
        """,  # noqa: S608  # joined from a constant of this module
        tenant,
        delivery_id,
    )
    return moved is not None


async def skip(conn: PoolConnectionProxy, *, tenant: str, delivery_id: str) -> bool:
    """End a delivery that waits, unsent; False where it does not wait."""
    skipped = await conn.fetchval(
        """
        UPDATE webhooks.deliveries SET state = 'skipped', finished_at = now()
         WHERE tenant = $1 AND id = $2 AND state = 'pending'
     RETURNING 1
        """,
        tenant,
        delivery_id,
    )
    return skipped is not None


async def replay(
    conn: PoolConnectionProxy,
    missed: Missed,
    *,
    tenant: str,
    endpoint_id: str,
    after: str,
    most: int,
    looked_at: int,
) -> tuple[int, str | None]:
    """Make deliveries of chosen events due, anew or for the first time.

    Returns:
        How many deliveries were made due, and the event to go on behind; None where nothing can follow.
    """
    row = await conn.fetchrow(
        f"""
        WITH chosen AS MATERIALIZED (
            SELECT id FROM webhooks.events
             WHERE tenant = $1 AND id > $3 AND {_CHOSEN[bool(missed.event_ids)]}
               AND ($4::timestamptz IS NULL OR occurred_at >= $4)
               AND ($5::timestamptz IS NULL OR occurred_at < $5)
               AND (cardinality($6::text[]) = 0 OR type = ANY ($6)
                    OR split_part(type, '.', 1) || '.*' = ANY ($6))
             ORDER BY id
             LIMIT $8
               -- The sweeper walks past what we hold, or it would leave a delivery of nothing.
               FOR KEY SHARE
        ), due AS (
            INSERT INTO webhooks.deliveries AS d (tenant, id, endpoint_id, event_id, replay)
            SELECT $1, webhooks.new_delivery_id(chosen.id), $2, chosen.id, true FROM chosen
                ON CONFLICT (tenant, endpoint_id, event_id) DO UPDATE SET {_ANEW}
             WHERE d.state NOT IN ('pending', 'sending')
         RETURNING 1
        )
        SELECT (SELECT count(*) FROM due) AS count,
               CASE WHEN (SELECT count(*) FROM chosen) = $8 THEN (SELECT max(id) FROM chosen)
                    WHEN cardinality($7::text[]) = 0 THEN
                        (SELECT id FROM webhooks.events WHERE tenant = $1 AND id > $3 ORDER BY id OFFSET $9 - 1 LIMIT 1)
               END AS next_after
        """,  # noqa: S608  # joined from constants of this module
        tenant,
        endpoint_id,
        max(after, _first_id(missed.since)),
        missed.since,
        missed.until,
        list(missed.event_types),
        list(missed.event_ids),
        most,
        looked_at,
    )
    assert row is not None
    return row["count"], row["next_after"]


def _first_id(since: datetime | None) -> str:
    """Before every event that happened since then: an event gets its id, a UUIDv7, when it is told of, never before."""
    if since is None:
        return ""
    ms = max(0, int((since - _CLOCKS_APART).timestamp() * 1_000))
    return f"evt_{ms:012x}"


async def events_of_object(pool: asyncpg.Pool, *, tenant: str, object_id: str, limit: int) -> list[Event]:
    """What a tenant was told of one thing, oldest first."""
    rows = await pool.fetch(
        """SELECT id, type, object_id, sequence, occurred_at, body FROM webhooks.events
            WHERE tenant = $1 AND object_id = $2 ORDER BY id LIMIT $3""",
        tenant,
        object_id,
        limit,
    )
    return [Event(**row) for row in rows]
