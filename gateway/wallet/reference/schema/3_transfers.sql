-- The life of a transfer: submit, settle what is due, reverse. Each is one call, and one transaction.

-- What the earlier transfer (locked by the caller) says against this one; null when it may go on.
CREATE OR REPLACE FUNCTION ledger.against_parent(p ledger.transfers, p_parent ledger.transfers) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_parent.id IS NULL THEN
        RETURN 'parent_not_found';
    ELSIF p_parent.status <> 'succeeded' THEN
        RETURN 'parent_not_succeeded';
    ELSIF p.unit <> p_parent.unit
       OR (p.kind = 'refund') <> (p_parent.kind IN ('debit', 'capture', 'credit'))
       OR (p.kind <> 'refund') <> (p_parent.kind = 'hold') THEN
        RETURN 'exceeds_parent';
    ELSIF p.kind <> 'refund' AND p_parent.closed_by IS NOT NULL THEN
        RETURN 'hold_closed';
    ELSIF p.kind = 'refund' AND ledger.refunded_too_much(p_parent) THEN
        RETURN 'exceeds_parent';
    END IF;
    RETURN NULL;
END $$;

-- Over all refunds of it, this one included: no account may give back more than it got, and no payer may get
-- more than it gave. (A funder may: what the payer has spent of a cashback goes to who paid for it.)
CREATE OR REPLACE FUNCTION ledger.refunded_too_much(p_parent ledger.transfers) RETURNS boolean
LANGUAGE sql STABLE AS $$
    WITH moved AS (
        SELECT source, target, amount_minor FROM unnest(
               p_parent.leg_sources, p_parent.leg_targets, p_parent.leg_amounts) AS l(source, target, amount_minor)
    ), back AS (
        SELECT l.source, l.target, l.amount_minor
          FROM ledger.transfers AS r,
               unnest(r.leg_sources, r.leg_targets, r.leg_amounts) AS l(source, target, amount_minor)
         WHERE r.parent = p_parent.id AND r.kind = 'refund' AND r.status IN ('succeeded', 'pending')
    )
    SELECT EXISTS (SELECT FROM back AS b GROUP BY b.source HAVING sum(b.amount_minor) >
                     (SELECT coalesce(sum(m.amount_minor), 0) FROM moved AS m WHERE m.target = b.source))
        OR EXISTS (SELECT FROM back AS b WHERE b.target LIKE 'payer:%' GROUP BY b.target HAVING sum(b.amount_minor) >
                     (SELECT coalesce(sum(m.amount_minor), 0) FROM moved AS m WHERE m.source = b.target))
$$;

-- Moves the money of a transfer that stands as succeeded; returns the reason why not.
CREATE OR REPLACE FUNCTION ledger.move(p ledger.transfers) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_parent ledger.transfers;
    v_reason text;
    v_short text;
BEGIN
    IF p.parent IS NOT NULL THEN
        -- Whoever reverses, refunds or captures the parent waits here for us, or we for them.
        SELECT * INTO v_parent FROM ledger.transfers WHERE id = p.parent FOR NO KEY UPDATE;
        v_reason := ledger.against_parent(p, v_parent);
        IF v_reason IS NOT NULL THEN
            RETURN v_reason;
        END IF;
    END IF;
    v_short := CASE
        WHEN p.kind = 'hold' THEN ledger.book_hold(p)
        WHEN p.kind IN ('capture', 'release') THEN ledger.end_hold(p, v_parent)
        ELSE ledger.book(p.id, 'booked', p.unit, p.leg_sources, p.leg_targets, p.leg_amounts)
        END;
    IF v_short IS NOT NULL THEN
        RETURN ledger.why_short(v_short, p.unit);
    ELSIF p.kind IN ('capture', 'release') THEN
        UPDATE ledger.transfers SET closed_by = p.id WHERE id = p.parent;
    END IF;
    RETURN NULL;
END $$;
