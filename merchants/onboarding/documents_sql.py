"""The statements on documents; the content is read by one of them alone."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy

_COLUMNS = """subject_id, id, kind, page, media_type, size_bytes, sha256, round, uploaded_by, uploaded_at, replaced_at,
    erased_at"""


async def live(conn: PoolConnectionProxy, *, subject_id: str, kind: str, page: int) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"""SELECT {_COLUMNS} FROM merchants.documents
             WHERE subject_id = $1 AND kind = $2 AND page = $3 AND replaced_at IS NULL""",  # noqa: S608 - fixed list
        subject_id,
        kind,
        page,
    )


async def count_live(conn: PoolConnectionProxy, *, subject_id: str) -> int:
    found: int = await conn.fetchval(
        "SELECT count(*) FROM merchants.documents WHERE subject_id = $1 AND replaced_at IS NULL", subject_id
    )
    return found


async def live_kinds(conn: PoolConnectionProxy, *, subject_id: str) -> frozenset[str]:
    rows = await conn.fetch(
        "SELECT kind FROM merchants.documents WHERE subject_id = $1 AND replaced_at IS NULL AND erased_at IS NULL",
        subject_id,
    )
    return frozenset(row["kind"] for row in rows)


async def make_room(conn: PoolConnectionProxy, *, subject_id: str, document_id: str, round_: int) -> None:
    """Drop a document of this round, which nobody has looked at; retire one of a round before."""
    dropped = await conn.execute(
        "DELETE FROM merchants.documents WHERE subject_id = $1 AND id = $2 AND round = $3",
        subject_id,
        document_id,
        round_,
    )
    if dropped == "DELETE 0":
        await conn.execute(
            "UPDATE merchants.documents SET replaced_at = clock_timestamp() WHERE subject_id = $1 AND id = $2",
            subject_id,
            document_id,
        )


async def insert(
    conn: PoolConnectionProxy,
    *,
    subject_id: str,
    document_id: str,
    kind: str,
    page: int,
    media_type: str,
    size_bytes: int,
    sha256: bytes,
    content: bytes,
    round_: int,
    uploaded_by: str,
) -> asyncpg.Record:
    row = await conn.fetchrow(
        f"""INSERT INTO merchants.documents
                (subject_id, id, kind, page, media_type, size_bytes, sha256, content, round, uploaded_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        subject_id,
        document_id,
        kind,
        page,
        media_type,
        size_bytes,
        sha256,
        content,
        round_,
        uploaded_by,
    )
    assert row is not None, "an insert returns its row"
    return row


async def of_subject(
    conn: PoolConnectionProxy, *, subject_id: str, replaced_too: bool
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_COLUMNS} FROM merchants.documents
             WHERE subject_id = $1 AND ($2 OR replaced_at IS NULL) ORDER BY id""",  # noqa: S608 - fixed list
        subject_id,
        replaced_too,
    )


async def find(conn: PoolConnectionProxy, *, subject_id: str, document_id: str) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"SELECT {_COLUMNS}, content FROM merchants.documents WHERE subject_id = $1 AND id = $2",  # noqa: S608 - fixed list
        subject_id,
        document_id,
    )
