"""The statements on agreements and their texts."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy


async def insert(
    conn: PoolConnectionProxy,
    *,
    application_id: str,
    sha256: bytes,
    version: str,
    body: str,
    signer: bytes,
    client_id: str,
    key_id: str,
) -> None:
    """Keep the text, once for all who sign it, and the signature."""
    await conn.execute(
        """INSERT INTO merchants.agreement_texts (sha256, version, body) VALUES ($1, $2, $3)
           ON CONFLICT DO NOTHING""",
        sha256,
        version,
        body,
    )
    await conn.execute(
        """INSERT INTO merchants.agreements (application_id, text_sha256, signer, client_id, key_id)
           VALUES ($1, $2, $3, $4, $5)""",
        application_id,
        sha256,
        signer,
        client_id,
        key_id,
    )


async def find(conn: PoolConnectionProxy, *, application_id: str) -> asyncpg.Record | None:
    return await conn.fetchrow(
        """SELECT t.version, t.sha256, a.client_id, a.key_id, a.signed_at
             FROM merchants.agreements a JOIN merchants.agreement_texts t ON t.sha256 = a.text_sha256
            WHERE a.application_id = $1""",
        application_id,
    )
