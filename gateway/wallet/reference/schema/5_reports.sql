-- What the server reads out.

-- Transfers created in [p_since, p_until), of those created at p_since the ones above a number. A time is taken
-- a moment before others see the transfer, so a listing into the present may miss one; a past day has all.
CREATE OR REPLACE FUNCTION ledger.listing(p_since timestamptz, p_until timestamptz, p_after bigint, p_limit int)
RETURNS SETOF ledger.transfers LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.settle_due();
    RETURN QUERY SELECT * FROM ledger.transfers
                  WHERE (created_at, number) > (p_since, p_after) AND created_at < p_until
                  ORDER BY created_at, number LIMIT p_limit;
END $$;

CREATE OR REPLACE FUNCTION ledger.settle_due() RETURNS void LANGUAGE sql AS $$
    SELECT ledger.settle(due.id)
      FROM (SELECT id FROM ledger.transfers WHERE status = 'pending' AND due_at <= clock_timestamp()
             ORDER BY due_at LIMIT 1000) AS due
$$;

-- What accounts have, from their entries alone.
CREATE OR REPLACE FUNCTION ledger.holdings(p_account text, p_limit int)
RETURNS TABLE (account text, unit text, balance_minor bigint) LANGUAGE sql STABLE AS $$
    SELECT e.account, e.unit, sum(e.amount_minor)::bigint FROM ledger.entries AS e
     WHERE p_account IS NULL OR e.account = p_account
     GROUP BY e.account, e.unit ORDER BY e.account, e.unit LIMIT p_limit
$$;

-- The proof of the books: each unit's entries sum to zero, and every balance kept is what its entries say.
CREATE OR REPLACE FUNCTION ledger.sums() RETURNS TABLE (unit text, sum_minor bigint, agree boolean)
LANGUAGE sql AS $$
    SELECT ledger.settle_due();
    SELECT h.unit, sum(h.balance_minor)::bigint,
           bool_and(h.account LIKE 'bank:%' OR h.balance_minor = coalesce(a.balance_minor, 0))
      FROM ledger.holdings(NULL, NULL) AS h
      LEFT JOIN ledger.accounts AS a ON a.account = h.account AND a.unit = h.unit
     GROUP BY h.unit ORDER BY h.unit
$$;

-- What an account at another bank was credited, oldest first.
CREATE OR REPLACE FUNCTION ledger.external_credits(p_account_number text, p_limit int)
RETURNS TABLE (transfer_id text, unit text, amount_minor bigint, statement text) LANGUAGE sql STABLE AS $$
    SELECT t.id, t.unit, t.leg_amounts[1], t.statement FROM ledger.transfers AS t
     WHERE t.kind = 'external_credit' AND t.status = 'succeeded' AND t.reference = p_account_number
     ORDER BY t.number LIMIT p_limit
$$;
