-- What the server calls: submit, find, reverse, and the sandbox's controls. One call is one transaction.

-- Decides a pending transfer whose time has come. Whoever looks at it calls this first, so that no job is
-- needed and no look ever tells an older state than the one before.
CREATE OR REPLACE FUNCTION ledger.settle(p_id text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v ledger.transfers;
    v_reason text;
BEGIN
    UPDATE ledger.transfers SET status = 'succeeded', due_at = NULL, concluded_at = clock_timestamp()
     WHERE id = p_id AND status = 'pending' AND due_at <= clock_timestamp() RETURNING * INTO v;
    IF FOUND THEN
        v_reason := ledger.move(v);
        IF v_reason IS NOT NULL THEN
            UPDATE ledger.transfers SET status = 'declined', reason = v_reason WHERE id = p_id;
        END IF;
    END IF;
END $$;

-- Submits a transfer, or tells what became of it. It is written as succeeded at once, the usual case, and put
-- right in the same transaction if it did not: nobody sees it before.
-- `fresh`: this very call decided it. `conflict`: the id stands for other content. No status at all: this
-- payer's transfers arrive late (late_arrival); call again with p_arrived when it is time.
CREATE OR REPLACE FUNCTION ledger.submit(
    p_id text, p_kind text, p_unit text, p_parent text, p_issuer text, p_content bytea, p_payer text,
    p_roles text[], p_sources text[], p_targets text[], p_amounts bigint[],
    p_statement text, p_reference text, p_confirmed boolean, p_arrived boolean,
    OUT status text, OUT reason text, OUT number bigint, OUT created_at timestamptz, OUT concluded_at timestamptz,
    OUT fresh boolean, OUT conflict boolean, OUT behaviour text, OUT seconds double precision
) LANGUAGE plpgsql AS $$
DECLARE
    v ledger.transfers;
BEGIN
    conflict := false;
    IF p_payer IS NOT NULL THEN
        SELECT w.behaviour, w.seconds INTO behaviour, seconds FROM ledger.wallets AS w WHERE w.payer = p_payer;
        IF behaviour = 'late_arrival' AND NOT p_arrived
           AND NOT EXISTS (SELECT FROM ledger.transfers AS t WHERE t.id = p_id) THEN
            RETURN;
        END IF;
    END IF;
    INSERT INTO ledger.transfers AS t (
        id, status, kind, unit, parent, issuer, content, payer,
        leg_roles, leg_sources, leg_targets, leg_amounts, statement, reference, concluded_at
    ) VALUES (
        p_id, 'succeeded', p_kind, p_unit, p_parent, p_issuer, p_content, p_payer,
        p_roles, p_sources, p_targets, p_amounts, p_statement, p_reference, clock_timestamp()
    ) ON CONFLICT DO NOTHING RETURNING t.* INTO v;
    fresh := FOUND;
    IF NOT fresh THEN
        PERFORM ledger.settle(p_id);
        SELECT t.* INTO v FROM ledger.transfers AS t WHERE t.id = p_id;
        conflict := v.status <> 'tombstoned' AND v.content <> p_content;
    ELSIF p_payer IS NOT NULL AND behaviour IS NULL THEN
        v := ledger.take_back(v, 'declined', 'payer_unknown', NULL);
    ELSIF p_kind IN ('debit', 'hold') AND behaviour = 'insufficient_funds' THEN
        v := ledger.take_back(v, 'declined', 'insufficient_funds', NULL);
    ELSIF p_kind IN ('debit', 'hold') AND behaviour = 'confirmation_required' AND NOT p_confirmed THEN
        v := ledger.take_back(v, 'confirmation_required', 'payer_must_confirm', NULL);
    ELSIF p_kind IN ('debit', 'hold') AND behaviour = 'late_success' THEN
        v := ledger.take_back(v, 'pending', NULL, clock_timestamp() + make_interval(secs => seconds));
    ELSE
        reason := ledger.move(v);
        IF reason IS NOT NULL THEN
            v := ledger.take_back(v, 'declined', reason, NULL);
        END IF;
    END IF;
    status := v.status; reason := v.reason; number := v.number;
    created_at := v.created_at; concluded_at := v.concluded_at;
END $$;

-- Puts right a transfer that was written as succeeded and moved nothing.
CREATE OR REPLACE FUNCTION ledger.take_back(
    v ledger.transfers, p_status text, p_reason text, p_due_at timestamptz
) RETURNS ledger.transfers LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ledger.transfers AS t
       SET status = p_status, reason = p_reason, due_at = p_due_at,
           concluded_at = CASE WHEN p_status = 'pending' THEN NULL ELSE t.concluded_at END
     WHERE t.id = v.id RETURNING t.* INTO v;
    RETURN v;
END $$;

CREATE OR REPLACE FUNCTION ledger.find(p_id text) RETURNS SETOF ledger.transfers
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.settle(p_id);
    RETURN QUERY SELECT * FROM ledger.transfers WHERE id = p_id;
END $$;

-- Whether money that moved must stay moved: something stands on it, or this payer's wallet is set to refuse.
CREATE OR REPLACE FUNCTION ledger.must_stand(v ledger.transfers) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT v.kind = 'release'
        OR EXISTS (SELECT FROM ledger.wallets WHERE payer = v.payer AND behaviour = 'reversal_refused')
        OR EXISTS (SELECT FROM ledger.transfers AS t
                    WHERE t.parent = v.id AND t.kind IN ('refund', 'capture') AND t.status IN ('succeeded', 'pending'))
$$;

-- Moves everything back; returns the account that cannot give it. A hold that a release or a since reversed
-- capture has ended moved back already.
CREATE OR REPLACE FUNCTION ledger.move_back(v ledger.transfers) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    IF v.kind <> 'hold' THEN
        RETURN ledger.book(v.id, 'reversed', v.unit, v.leg_targets, v.leg_sources, v.leg_amounts);
    ELSIF v.closed_by IS NOT NULL THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT ledger.book(v.id, 'reversed', v.unit, array_agg('held:' || l.source), array_agg(l.source),
                               array_agg(l.amount_minor))
              FROM unnest(v.leg_roles, v.leg_sources, v.leg_amounts) AS l(role, source, amount_minor)
             WHERE l.role <> 'fee');
END $$;

-- Undoes a transfer, or leaves a tombstone for one that has not arrived. Refused when it stays succeeded.
CREATE OR REPLACE FUNCTION ledger.reverse(p_id text) RETURNS SETOF ledger.transfers
LANGUAGE plpgsql AS $$
DECLARE
    v ledger.transfers;
BEGIN
    -- Either this comes first and the transfer finds it, or the transfer did and we wait for it here.
    INSERT INTO ledger.transfers (id, status, concluded_at) VALUES (p_id, 'tombstoned', clock_timestamp())
        ON CONFLICT DO NOTHING;
    PERFORM ledger.settle(p_id);
    SELECT * INTO v FROM ledger.transfers WHERE id = p_id FOR NO KEY UPDATE;
    IF v.status = 'pending'
       OR (v.status = 'succeeded' AND NOT ledger.must_stand(v) AND ledger.move_back(v) IS NULL) THEN
        UPDATE ledger.transfers SET status = 'reversed', due_at = NULL, concluded_at = clock_timestamp()
         WHERE id = p_id;
    END IF;
    RETURN QUERY SELECT * FROM ledger.transfers WHERE id = p_id;
END $$;

-- Sandbox: this payer has this balance and behaves like this from now on; the difference comes from the house.
CREATE OR REPLACE FUNCTION ledger.set_wallet(
    p_payer text, p_unit text, p_balance_minor bigint, p_behaviour text, p_seconds double precision
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_difference_minor bigint;
BEGIN
    INSERT INTO ledger.wallets (payer, behaviour, seconds) VALUES (p_payer, p_behaviour, p_seconds)
        ON CONFLICT (payer) DO UPDATE SET behaviour = excluded.behaviour, seconds = excluded.seconds;
    PERFORM ledger.open_account(p_payer, p_unit);
    SELECT p_balance_minor - balance_minor INTO v_difference_minor FROM ledger.accounts
     WHERE account = p_payer AND unit = p_unit FOR NO KEY UPDATE;
    PERFORM ledger.give(p_payer, p_unit, v_difference_minor);
END $$;
