-- What nearly all submissions are, many in one call: debits that are new, of payers that behave, from accounts that can
-- give. Whatever else there is among them undoes the call (LG001, or what the books refuse it by), and each is
-- submitted by itself.
CREATE OR REPLACE FUNCTION ledger.submit_together(p_requests jsonb, p_contents bytea[], p_payers text[])
RETURNS TABLE (id text, number bigint, created_at timestamptz, concluded_at timestamptz)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_number bigint;
BEGIN
    SELECT count(*) INTO v_number
      FROM unnest(p_payers) AS p(payer) JOIN ledger.wallets AS w ON w.payer = p.payer
     WHERE w.behaviour IN ('normal', 'reversal_refused');
    IF v_number < cardinality(p_payers) THEN
        RAISE 'not every payer behaves' USING ERRCODE = 'LG001';
    END IF;
    RETURN QUERY
    WITH written AS (
        INSERT INTO ledger.transfers AS t (
            id, status, kind, unit, issuer, content, payer, leg_roles, leg_sources, leg_targets, leg_amounts,
            statement, reference, concluded_at)
        SELECT r.id, 'succeeded', 'debit', r.unit, r.issuer, r.content, r.payer, l.roles, l.sources, l.targets,
               l.amounts, r.statement, r.reference, clock_timestamp()
          FROM ROWS FROM (
                   jsonb_to_recordset(p_requests)
                       AS (id text, unit text, issuer text, legs jsonb, statement text, reference text),
                   unnest(p_contents), unnest(p_payers)
               ) AS r (id, unit, issuer, legs, statement, reference, content, payer)
         CROSS JOIN LATERAL (
               SELECT array_agg(leg.role) AS roles, array_agg(leg.source) AS sources,
                      array_agg(leg.target) AS targets, array_agg(leg.amount_minor) AS amounts
                 FROM jsonb_to_recordset(r.legs) AS leg(role text, source text, target text, amount_minor bigint)) AS l
         ORDER BY r.id
            ON CONFLICT DO NOTHING
     RETURNING t.*
    ), booked AS (
        INSERT INTO ledger.entries (transfer_id, movement, account, unit, amount_minor)
        SELECT w.id, 'booked', m.account, w.unit, sum(m.amount_minor)::bigint
          FROM written AS w
         CROSS JOIN LATERAL (
               SELECT unnest(w.leg_sources) AS account, -unnest(w.leg_amounts) AS amount_minor
                UNION ALL SELECT unnest(w.leg_targets), unnest(w.leg_amounts)) AS m
         GROUP BY w.id, w.unit, m.account HAVING sum(m.amount_minor) <> 0
    )
    SELECT w.id, w.number, w.created_at, w.concluded_at FROM written AS w;
    GET DIAGNOSTICS v_number = ROW_COUNT;
    IF v_number < cardinality(p_payers) THEN
        RAISE 'not every id is new' USING ERRCODE = 'LG001';
    END IF;
END $$;
