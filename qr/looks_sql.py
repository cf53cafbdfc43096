"""Statements on wrong codes. Locks: subjects by their id, then the credential's number."""

from collections.abc import Sequence

from asyncpg.pool import PoolConnectionProxy

# Any constant of ours; keeps these locks apart from others.
_SPACE = 0x7772_6F6E


async def lock(conn: PoolConnectionProxy, *, subjects: Sequence[str]) -> None:
    """Hold what is counted of them until the transaction ends; who never guessed has no row to hold."""
    await conn.execute(
        """SELECT pg_advisory_xact_lock(hashtextextended(held.subject, $2))
             FROM (SELECT subject FROM unnest($1::text[]) AS subject ORDER BY subject COLLATE "C") AS held""",
        subjects,
        _SPACE,
    )


async def retry_after_s(
    conn: PoolConnectionProxy, *, subjects: Sequence[str], limits: Sequence[int]
) -> int | None:
    """When the last of the windows that are full ends; None if none is."""
    wait_s: int | None = await conn.fetchval(
        """SELECT ceil(extract(epoch FROM max(wrong.window_ends_at) - clock_timestamp()))::int
             FROM unnest($1::text[], $2::int[]) AS bound (subject, most)
             JOIN qr.wrong_codes AS wrong USING (subject)
            WHERE wrong.count >= bound.most AND wrong.window_ends_at > clock_timestamp()""",
        subjects,
        limits,
    )
    return wait_s


async def count_wrong_code(conn: PoolConnectionProxy, *, subjects: Sequence[str], window_s: float) -> None:
    """One more wrong code of each subject, in the order of their ids so that two cannot deadlock."""
    await conn.execute(
        """INSERT INTO qr.wrong_codes AS wrong (subject, count, window_ends_at)
           SELECT subject, 1, clock_timestamp() + make_interval(secs => $2)
           FROM unnest($1::text[]) AS subject ORDER BY subject COLLATE "C"
           ON CONFLICT (subject) DO UPDATE SET
             count = CASE WHEN wrong.window_ends_at > clock_timestamp() THEN wrong.count + 1 ELSE 1 END,
             window_ends_at = CASE WHEN wrong.window_ends_at > clock_timestamp()
                                   THEN wrong.window_ends_at ELSE excluded.window_ends_at END""",
        subjects,
        window_s,
    )
