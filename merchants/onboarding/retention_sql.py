"""The statements of the retention job; each erases and writes its row on the trail."""

from asyncpg.pool import PoolConnectionProxy


async def applications_due(
    conn: PoolConnectionProxy, *, refused_days: int, admitted_days: int, limit: int
) -> list[str]:
    rows = await conn.fetch(
        """SELECT id FROM merchants.applications
            WHERE erased_at IS NULL
              AND (status IN ('rejected', 'withdrawn', 'expired') AND status_since < now() - $1 * interval '1 day'
                   OR status = 'active' AND status_since < now() - $2 * interval '1 day')
            ORDER BY status_since LIMIT $3 FOR UPDATE SKIP LOCKED""",
        refused_days,
        admitted_days,
        limit,
    )
    return [row["id"] for row in rows]


async def blind_application(conn: PoolConnectionProxy, *, application_id: str, particulars: bytes) -> None:
    """Particulars and what it was found by are gone; papers and agreement that made a merchant stay with it."""
    await conn.execute(
        """WITH blinded AS (
               UPDATE merchants.applications
                  SET particulars = $2, credit_code = CASE WHEN status = 'active' THEN credit_code END,
                      questions = '[]', erased_at = clock_timestamp()
                WHERE id = $1 RETURNING id, status),
           papers AS (
               UPDATE merchants.documents d SET content = NULL, erased_at = clock_timestamp() FROM blinded
                WHERE blinded.status <> 'active' AND d.subject_id = blinded.id AND d.erased_at IS NULL),
           found AS (DELETE FROM merchants.search_index WHERE subject_id = $1)
           INSERT INTO merchants.audit (actor, deed, object_id, partner_id, reason, facts)
           SELECT 'system', 'application.erased', id, NULL, 'its time of retention is over', '{}' FROM blinded""",
        application_id,
        particulars,
    )


async def erase_verifications(conn: PoolConnectionProxy, *, days: int, limit: int) -> int:
    rows = await conn.fetch(
        """UPDATE merchants.verifications SET sealed = NULL
            WHERE id IN (SELECT id FROM merchants.verifications
                          WHERE sealed IS NOT NULL AND closed_at < now() - $1 * interval '1 day' LIMIT $2
                            FOR UPDATE SKIP LOCKED)
        RETURNING id""",
        days,
        limit,
    )
    return len(rows)


async def erase_changes(conn: PoolConnectionProxy, *, days: int, limit: int) -> int:
    """What was wished for; the papers of an approved change stay with the merchant."""
    rows = await conn.fetch(
        """WITH erased AS (
               UPDATE merchants.change_requests SET changes = NULL, erased_at = clock_timestamp()
                WHERE (partner_id, id) IN (
                          SELECT partner_id, id FROM merchants.change_requests
                           WHERE erased_at IS NULL AND decided_at < now() - $1 * interval '1 day' LIMIT $2
                             FOR UPDATE SKIP LOCKED)
            RETURNING id, partner_id, status),
           papers AS (
               UPDATE merchants.documents SET content = NULL, erased_at = clock_timestamp()
                WHERE subject_id IN (SELECT id FROM erased WHERE status <> 'approved') AND erased_at IS NULL)
           INSERT INTO merchants.audit (actor, deed, object_id, partner_id, reason, facts)
           SELECT 'system', 'change.erased', id, partner_id, 'its time of retention is over', '{}' FROM erased
        RETURNING object_id""",
        days,
        limit,
    )
    return len(rows)


async def erase_records(conn: PoolConnectionProxy, *, days: int, limit: int) -> int:
    """What is on record of merchants that ended so long ago, or whose partner did; agreements and papers too."""
    rows = await conn.fetch(
        """WITH due AS (
               SELECT r.partner_id, r.merchant_id, m.application_id
                 FROM merchants.merchant_records r
                 JOIN merchants.merchants m ON m.partner_id = r.partner_id AND m.id = r.merchant_id
                 JOIN merchants.merchants p ON p.partner_id = r.partner_id AND p.id = r.partner_id
                WHERE r.erased_at IS NULL
                  AND (m.status = 'closed' AND m.updated_at < now() - $1 * interval '1 day'
                       OR p.status = 'closed' AND p.updated_at < now() - $1 * interval '1 day')
                LIMIT $2 FOR UPDATE OF r SKIP LOCKED),
           erased AS (
               UPDATE merchants.merchant_records r SET particulars = NULL, erased_at = clock_timestamp()
                 FROM due WHERE r.partner_id = due.partner_id AND r.merchant_id = due.merchant_id
            RETURNING r.partner_id, r.merchant_id),
           account AS (
               UPDATE merchants.merchants m SET settlement_account = NULL, settlement_last_four = ''
                 FROM due WHERE m.partner_id = due.partner_id AND m.id = due.merchant_id),
           papers AS (
               UPDATE merchants.documents SET content = NULL, erased_at = clock_timestamp()
                WHERE erased_at IS NULL AND subject_id IN (
                          SELECT application_id FROM due
                          UNION ALL
                          SELECT c.id FROM merchants.change_requests c JOIN due USING (partner_id, merchant_id))),
           wishes AS (
               UPDATE merchants.change_requests c SET changes = NULL, erased_at = clock_timestamp()
                 FROM due WHERE c.partner_id = due.partner_id AND c.merchant_id = due.merchant_id
                  AND c.erased_at IS NULL),
           unsigned AS (
               UPDATE merchants.agreements a SET signer = NULL FROM due WHERE a.application_id = due.application_id),
           found AS (DELETE FROM merchants.search_index s USING due WHERE s.subject_id = due.merchant_id)
           INSERT INTO merchants.audit (actor, deed, object_id, partner_id, reason, facts)
           SELECT 'system', 'merchant_record.erased', merchant_id, partner_id, 'its time of retention is over', '{}'
             FROM erased
        RETURNING object_id""",
        days,
        limit,
    )
    return len(rows)


async def erase_references(conn: PoolConnectionProxy, *, days: int, limit: int) -> int:
    """What partners called the lines of files that were decided so long ago."""
    rows = await conn.fetch(
        """WITH due AS (
               UPDATE merchants.bulks SET erased_at = clock_timestamp()
                WHERE (partner_id, id) IN (
                          SELECT partner_id, id FROM merchants.bulks
                           WHERE state IN ('done', 'rejected') AND erased_at IS NULL
                             AND updated_at < now() - $1 * interval '1 day' LIMIT $2 FOR UPDATE SKIP LOCKED)
            RETURNING partner_id, id),
           nameless AS (
               UPDATE merchants.bulk_lines l SET reference = '' FROM due
                WHERE l.partner_id = due.partner_id AND l.bulk_id = due.id AND l.reference <> '')
           INSERT INTO merchants.audit (actor, deed, object_id, partner_id, reason, facts)
           SELECT 'system', 'bulk.erased', id, partner_id, 'its time of retention is over', '{}' FROM due
        RETURNING object_id""",
        days,
        limit,
    )
    return len(rows)
