"""The statements on the search index."""

from collections.abc import Sequence

from asyncpg.pool import PoolConnectionProxy


async def replace(conn: PoolConnectionProxy, *, subject_id: str, hashes: Sequence[tuple[str, bytes]]) -> None:
    await conn.execute("DELETE FROM merchants.search_index WHERE subject_id = $1", subject_id)
    await insert_many(conn, [(field, hash_, subject_id) for field, hash_ in hashes])


async def insert_many(conn: PoolConnectionProxy, rows: Sequence[tuple[str, bytes, str]]) -> None:
    await conn.execute(
        """INSERT INTO merchants.search_index (field, hash, subject_id)
           SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[]) ON CONFLICT DO NOTHING""",
        [field for field, _, _ in rows],
        [hash_ for _, hash_, _ in rows],
        [subject_id for _, _, subject_id in rows],
    )


async def find(conn: PoolConnectionProxy, *, field: str, hashes: list[bytes], limit: int) -> list[str]:
    rows = await conn.fetch(
        """SELECT DISTINCT subject_id FROM merchants.search_index
            WHERE field = $1 AND hash = ANY($2) ORDER BY subject_id DESC LIMIT $3""",
        field,
        hashes,
        limit,
    )
    return [row["subject_id"] for row in rows]


async def is_indexed(conn: PoolConnectionProxy, *, subject_id: str) -> bool:
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM merchants.search_index WHERE subject_id = $1)", subject_id
    )
    return found
