-- Moving money: net the legs, lock the accounts, open those that are new, see whether all can give, post.

-- What each account gives (negative) or gets in all, in the order in which accounts are locked.
CREATE OR REPLACE FUNCTION ledger.net(p_sources text[], p_targets text[], p_amounts bigint[])
RETURNS TABLE (account text, amount_minor bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT m.account, sum(m.amount_minor)::bigint
      FROM (SELECT unnest(p_sources) AS account, -unnest(p_amounts) AS amount_minor
            UNION ALL SELECT unnest(p_targets), unnest(p_amounts)) AS m
     GROUP BY m.account HAVING sum(m.amount_minor) <> 0 ORDER BY m.account
$$;

-- Sandbox money comes from the house, which owes it from then on: the sum stays zero.
CREATE OR REPLACE FUNCTION ledger.give(p_account text, p_unit text, p_amount_minor bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_id text := 'house:' || gen_random_uuid();
BEGIN
    INSERT INTO ledger.entries (transfer_id, movement, account, unit, amount_minor)
    SELECT v_id, 'booked', g.account, p_unit, g.amount_minor
      FROM (VALUES (p_account, p_amount_minor), ('bank:house', -p_amount_minor)) AS g(account, amount_minor)
     WHERE p_amount_minor <> 0;
END $$;

-- Opens an account on its first use. A funder's starts with ten billion yuan from the house, so that no test
-- of offers runs dry.
CREATE OR REPLACE FUNCTION ledger.open_account(p_account text, p_unit text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger.accounts (account, unit) VALUES (p_account, p_unit) ON CONFLICT DO NOTHING;
    IF FOUND AND p_account LIKE 'funder:%' THEN
        PERFORM ledger.give(p_account, p_unit, 1000000000000);
    END IF;
END $$;

-- Posts the movement if every account can carry its part; otherwise returns the first account that cannot, or
-- that is not open.
-- It is tried first and looked into only when the books refuse: nearly all movements pass.
CREATE OR REPLACE FUNCTION ledger.book(
    p_transfer text, p_movement text, p_unit text, p_sources text[], p_targets text[], p_amounts bigint[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_short text;
BEGIN
    FOR attempt IN 1..5 LOOP
        BEGIN
            INSERT INTO ledger.entries (transfer_id, movement, account, unit, amount_minor)
            SELECT p_transfer, p_movement, n.account, p_unit, n.amount_minor
              FROM ledger.net(p_sources, p_targets, p_amounts) AS n;
            RETURN NULL;
        EXCEPTION
            WHEN check_violation THEN
                v_short := ledger.first_short(p_unit, p_sources, p_targets, p_amounts);
            WHEN foreign_key_violation THEN
                -- A payer's account is opened by the bank, one in points by the first that are given.
                PERFORM ledger.open_account(n.account, p_unit)
                   FROM ledger.net(p_sources, p_targets, p_amounts) AS n
                  WHERE n.account NOT LIKE 'bank:%'
                    AND (n.account NOT LIKE 'payer:%' OR (n.amount_minor > 0 AND p_unit LIKE 'points:%'));
                v_short := ledger.first_short(p_unit, p_sources, p_targets, p_amounts);
        END;
        IF v_short IS NOT NULL THEN
            RETURN v_short;
        END IF;
        -- It was new, or got something since: try again.
    END LOOP;
    RAISE 'the accounts of % change too fast', p_transfer USING ERRCODE = 'serialization_failure';
END $$;

CREATE OR REPLACE FUNCTION ledger.first_short(p_unit text, p_sources text[], p_targets text[], p_amounts bigint[])
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT min(n.account)
      FROM ledger.net(p_sources, p_targets, p_amounts) AS n
      LEFT JOIN ledger.accounts AS a ON a.account = n.account AND a.unit = p_unit
     WHERE n.account NOT LIKE 'bank:%' AND (a.account IS NULL OR a.balance_minor + n.amount_minor < 0)
$$;

-- Why an account cannot give, as the code that the merchant's side learns.
CREATE OR REPLACE FUNCTION ledger.why_short(p_account text, p_unit text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_account LIKE 'merchant:%' THEN 'merchant_balance_insufficient'
        WHEN p_account LIKE 'funder:%' THEN 'funder_balance_insufficient'
        WHEN p_account LIKE 'held:%' THEN 'exceeds_parent'
        WHEN NOT EXISTS (SELECT FROM ledger.accounts WHERE account = p_account AND unit = p_unit)
            THEN 'currency_not_supported'
        ELSE 'insufficient_funds' END
$$;

-- A hold sets the payer's and the funders' shares aside; the fee is taken when it is captured.
CREATE OR REPLACE FUNCTION ledger.book_hold(p ledger.transfers) RETURNS text
LANGUAGE sql AS $$
    SELECT ledger.book(p.id, 'booked', p.unit, array_agg(l.source), array_agg('held:' || l.source),
                       array_agg(l.amount_minor))
      FROM unnest(p.leg_roles, p.leg_sources, p.leg_amounts) AS l(role, source, amount_minor)
     WHERE l.role <> 'fee'
$$;

-- Ends a hold: what is captured goes from what is held, the rest of it back to where it came from, and what
-- was never held (the fee) comes from its own account. A release captures nothing.
CREATE OR REPLACE FUNCTION ledger.end_hold(p ledger.transfers, p_hold ledger.transfers)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_sources text[];
    v_targets text[];
    v_amounts bigint[];
BEGIN
    WITH held AS (
        SELECT l.source, sum(l.amount_minor)::bigint AS amount_minor
          FROM unnest(p_hold.leg_roles, p_hold.leg_sources, p_hold.leg_amounts) AS l(role, source, amount_minor)
         WHERE l.role <> 'fee' GROUP BY l.source
    ), taken AS (
        SELECT l.source, l.target, l.amount_minor, l.role <> 'fee' AND h.source IS NOT NULL AS from_held
          FROM unnest(p.leg_roles, p.leg_sources, p.leg_targets, p.leg_amounts) AS l(role, source, target, amount_minor)
          LEFT JOIN held AS h ON h.source = l.source
    ), rest AS (
        SELECT h.source, (h.amount_minor - coalesce(sum(t.amount_minor) FILTER (WHERE t.from_held), 0))::bigint
               AS amount_minor
          FROM held AS h LEFT JOIN taken AS t ON t.source = h.source GROUP BY h.source, h.amount_minor
    ), moves AS (
        SELECT CASE WHEN from_held THEN 'held:' || source ELSE source END AS source, target, amount_minor FROM taken
        UNION ALL SELECT 'held:' || source, source, amount_minor FROM rest WHERE amount_minor <> 0
    )
    SELECT array_agg(source), array_agg(target), array_agg(amount_minor) INTO v_sources, v_targets, v_amounts
      FROM moves;
    IF EXISTS (SELECT FROM unnest(v_amounts) AS a WHERE a < 0) THEN
        RETURN 'held:';
    END IF;
    RETURN ledger.book(p.id, 'booked', p.unit, v_sources, v_targets, v_amounts);
END $$;
