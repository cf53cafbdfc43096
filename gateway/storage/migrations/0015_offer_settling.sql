-- What is settled after the payment: copies that come back, rights taken in one order.

-- As 0015_offer_kinds has it; taking a count back is an update of its own, for a row of -1 to be inserted would be refused
-- by the table's check before any conflict is looked at.
CREATE OR REPLACE FUNCTION merchants.count_coupon(
    partner text, offer text, the_person text, number integer, copies bigint, per_person bigint
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    counted bigint;
BEGIN
    IF number < 0 THEN
        PERFORM FROM merchants.offer_counters c
          WHERE c.partner_id = partner AND c.offer_id = offer
            AND (c.scope = 'claimer' AND c.key = the_person OR c.scope = 'copies' AND c.key = '')
          ORDER BY c.scope FOR UPDATE;
        UPDATE merchants.offer_counters c SET uses = c.uses + number
         WHERE c.partner_id = partner AND c.offer_id = offer
           AND (c.scope = 'claimer' AND c.key = the_person OR c.scope = 'copies' AND c.key = '');
        RETURN true;
    END IF;
    INSERT INTO merchants.offer_counters AS counter
           (partner_id, offer_id, scope, key, taken_minor, uses, limit_minor, limit_uses)
    SELECT partner, offer, bound.scope, bound.key, 0, number, NULL, bound.most
      FROM (VALUES ('claimer', the_person, per_person), ('copies', '', copies)) AS bound (scope, key, most)
     ORDER BY bound.scope COLLATE "C"
    ON CONFLICT (partner_id, offer_id, scope, key) DO UPDATE
       SET uses = counter.uses + number, limit_uses = COALESCE(excluded.limit_uses, counter.limit_uses)
     WHERE (counter.uses + number <= excluded.limit_uses) IS NOT FALSE;
    GET DIAGNOSTICS counted = ROW_COUNT;
    IF counted < 2 THEN
        RAISE EXCEPTION USING ERRCODE = 'OF001';
    END IF;
    RETURN true;
EXCEPTION WHEN SQLSTATE 'OF001' THEN
    RETURN false;
END
$$;

-- As 0015_offer_kinds has it; a person's coupons are locked in the order of their ids, for two payments at once.
CREATE OR REPLACE FUNCTION merchants.reserve_rights(
    partner text, payment text, the_person text, wanted_coupons text[], firsts_with text[]
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    taken bigint;
BEGIN
    INSERT INTO merchants.customers (owner, person, payment_id, paid)
    SELECT owner, the_person, payment, false FROM unnest(firsts_with) AS first (owner)
     ORDER BY owner COLLATE "C"
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS taken = ROW_COUNT;
    IF taken < cardinality(firsts_with) THEN
        RAISE EXCEPTION USING ERRCODE = 'OF001';
    END IF;
    PERFORM FROM merchants.coupons
      WHERE partner_id = partner AND id = ANY (wanted_coupons) ORDER BY id FOR UPDATE;
    UPDATE merchants.coupons SET state = 'used', payment_id = payment, updated_at = now()
     WHERE partner_id = partner AND id = ANY (wanted_coupons) AND person = the_person AND state = 'held'
       AND good_until > now();
    GET DIAGNOSTICS taken = ROW_COUNT;
    IF taken < cardinality(wanted_coupons) THEN
        RAISE EXCEPTION USING ERRCODE = 'OF001';
    END IF;
    RETURN true;
EXCEPTION WHEN SQLSTATE 'OF001' THEN
    RETURN false;
END
$$;
