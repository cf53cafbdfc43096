-- A new version's bounds count what was reserved before them; the order of locks around offers is closed.
--
-- Who takes several of these takes them in this order: a person's rights, reservations, counters (by offer, scope and
-- key), the offer, its partner.

-- As 0015_offer_kinds has it, but whether the offers are still live is looked at last, with the counters held: who adopts
-- a version's bounds holds the same counters, so that a payment either is counted by it or sees the new version.
CREATE OR REPLACE FUNCTION merchants.reserve_offers(
    partner text, payment text, merchant text, store text, person text, currency text, order_minor bigint,
    applied jsonb, bounds jsonb
) RETURNS text
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    taken bigint;
BEGIN
    INSERT INTO merchants.offer_reservations
           (partner_id, payment_id, offer_id, version, state, merchant_id, store_id, person_id, currency, order_minor,
            discount_minor, accounts, tenants, shares_minor, shares_returned, scopes, keys, refund_returns, form, unit,
            rights)
    SELECT partner, payment, wanted.offer_id, wanted.version, 'reserved', merchant, store, person,
           reserve_offers.currency, reserve_offers.order_minor,
           wanted.discount_minor, wanted.accounts, wanted.tenants, wanted.shares_minor,
           array_fill(0::bigint, ARRAY[cardinality(wanted.accounts)]), wanted.scopes, wanted.keys,
           wanted.refund_returns, COALESCE(wanted.form, 'discount'), wanted.unit, wanted.rights
      FROM jsonb_to_recordset(applied) AS wanted (
           offer_id text, version integer, discount_minor bigint, accounts text[], tenants text[],
           shares_minor bigint[], scopes text[], keys text[], refund_returns boolean, form text, unit text,
           rights text);

    INSERT INTO merchants.offer_counters AS counter
           (partner_id, offer_id, scope, key, taken_minor, uses, limit_minor, limit_uses)
    SELECT partner, bound.offer_id, bound.scope, bound.key, bound.minor, 1, bound.limit_minor, bound.limit_uses
      FROM jsonb_to_recordset(bounds) AS bound (
           offer_id text, scope text, key text, minor bigint, limit_minor bigint, limit_uses bigint)
     WHERE (bound.minor <= bound.limit_minor) IS NOT FALSE AND (1 <= bound.limit_uses) IS NOT FALSE
     ORDER BY bound.offer_id COLLATE "C", bound.scope COLLATE "C", bound.key COLLATE "C"
    ON CONFLICT (partner_id, offer_id, scope, key) DO UPDATE
       SET taken_minor = counter.taken_minor + excluded.taken_minor, uses = counter.uses + 1,
           limit_minor = excluded.limit_minor, limit_uses = excluded.limit_uses
     WHERE (counter.taken_minor + excluded.taken_minor <= excluded.limit_minor) IS NOT FALSE
       AND (counter.uses + 1 <= excluded.limit_uses) IS NOT FALSE;
    GET DIAGNOSTICS taken = ROW_COUNT;
    IF taken < jsonb_array_length(bounds) THEN
        RAISE EXCEPTION USING ERRCODE = 'OF001';
    END IF;
    PERFORM
       FROM jsonb_to_recordset(applied) AS wanted (offer_id text, version integer)
      WHERE NOT EXISTS (SELECT FROM merchants.offers o
                         WHERE o.partner_id = partner AND o.id = wanted.offer_id AND o.version = wanted.version
                           AND o.state IN ('scheduled', 'live'));
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OF002';
    END IF;
    RETURN 'reserved';
EXCEPTION
    WHEN SQLSTATE 'OF001' THEN
        RETURN 'short';
    WHEN SQLSTATE 'OF002' THEN
        RETURN 'changed';
END
$$;

-- As 0009_together_offers has it, and for the same reason whether the offers are live is looked at last.
CREATE OR REPLACE FUNCTION merchants.reserve_offers_together(
    applied jsonb, bounds jsonb, OUT offer_ids text[], OUT lefts_minor bigint[]
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    in_the_way text[];
    taken text[];
BEGIN
    INSERT INTO merchants.offer_reservations
           (partner_id, payment_id, offer_id, version, state, merchant_id, store_id, person_id, currency, order_minor,
            discount_minor, accounts, tenants, shares_minor, shares_returned, scopes, keys, refund_returns)
    SELECT wanted.partner_id, wanted.payment_id, wanted.offer_id, wanted.version, 'reserved', wanted.merchant_id,
           wanted.store_id, wanted.person_id, wanted.currency, wanted.order_minor, wanted.discount_minor,
           wanted.accounts, wanted.tenants, wanted.shares_minor,
           array_fill(0::bigint, ARRAY[cardinality(wanted.accounts)]), wanted.scopes, wanted.keys, wanted.refund_returns
      FROM jsonb_to_recordset(applied) AS wanted (
           partner_id text, payment_id text, offer_id text, version integer, merchant_id text, store_id text,
           person_id text, currency text, order_minor bigint, discount_minor bigint, accounts text[], tenants text[],
           shares_minor bigint[], scopes text[], keys text[], refund_returns boolean);

    WITH took AS (
        INSERT INTO merchants.offer_counters AS counter
               (partner_id, offer_id, scope, key, taken_minor, uses, limit_minor, limit_uses)
        SELECT bound.partner_id, bound.offer_id, bound.scope, bound.key, bound.minor, bound.uses, bound.limit_minor,
               bound.limit_uses
          FROM jsonb_to_recordset(bounds) AS bound (
               partner_id text, offer_id text, scope text, key text, minor bigint, uses bigint, limit_minor bigint,
               limit_uses bigint)
         WHERE (bound.minor <= bound.limit_minor) IS NOT FALSE AND (bound.uses <= bound.limit_uses) IS NOT FALSE
         ORDER BY bound.offer_id COLLATE "C", bound.scope COLLATE "C", bound.key COLLATE "C"
        ON CONFLICT (partner_id, offer_id, scope, key) DO UPDATE
           SET taken_minor = counter.taken_minor + excluded.taken_minor, uses = counter.uses + excluded.uses,
               limit_minor = excluded.limit_minor, limit_uses = excluded.limit_uses
         WHERE (counter.taken_minor + excluded.taken_minor <= excluded.limit_minor) IS NOT FALSE
           AND (counter.uses + excluded.uses <= excluded.limit_uses) IS NOT FALSE
        RETURNING counter.offer_id, counter.scope, counter.key,
                  CASE WHEN counter.scope = 'total' THEN counter.limit_minor - counter.taken_minor END AS left_minor
    )
    SELECT array_agg(concat_ws(' ', took.offer_id, took.scope, took.key)),
           array_agg(took.offer_id) FILTER (WHERE took.left_minor IS NOT NULL),
           array_agg(took.left_minor) FILTER (WHERE took.left_minor IS NOT NULL)
      INTO taken, offer_ids, lefts_minor FROM took;

    IF COALESCE(cardinality(taken), 0) < jsonb_array_length(bounds) THEN
        SELECT array_agg(DISTINCT wanted.payment_id) INTO in_the_way
          FROM jsonb_to_recordset(applied) AS wanted (payment_id text, offer_id text, scopes text[], keys text[])
         CROSS JOIN unnest(wanted.scopes, wanted.keys) AS bound (scope, key)
         WHERE (concat_ws(' ', wanted.offer_id, bound.scope, bound.key) = ANY (taken)) IS NOT TRUE;
        RAISE EXCEPTION 'a budget is short' USING ERRCODE = 'GW001', DETAIL = array_to_json(in_the_way)::text;
    END IF;

    SELECT array_agg(wanted.payment_id) INTO in_the_way
      FROM jsonb_to_recordset(applied) AS wanted (partner_id text, payment_id text, offer_id text, version integer)
     WHERE NOT EXISTS (SELECT FROM merchants.offers o
                        WHERE o.partner_id = wanted.partner_id AND o.id = wanted.offer_id
                          AND o.version = wanted.version AND o.state IN ('scheduled', 'live'));
    IF in_the_way IS NOT NULL THEN
        RAISE EXCEPTION 'offers changed' USING ERRCODE = 'GW001', DETAIL = array_to_json(in_the_way)::text;
    END IF;
END
$$;

-- One payment of a person at a time reaches for coupons and firsts. Whoever is about to hold counters and may want a
-- right after that takes this first: else it waits for a right whose holder waits for its counters.
CREATE FUNCTION merchants.hold_rights(the_person text) RETURNS void
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('merchants.rights ' || the_person, 0))
$$;

-- As 0015_offer_settling has it, one payment of a person at a time.
CREATE OR REPLACE FUNCTION merchants.reserve_rights(
    partner text, payment text, the_person text, wanted_coupons text[], firsts_with text[]
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    taken bigint;
BEGIN
    PERFORM merchants.hold_rights(the_person);
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

-- What an offer's payments took without counting it in these scopes: by payment, counter, amount and uses. Of a day only
-- today and later matter.
CREATE FUNCTION merchants.uncounted(partner text, offer text, lacking text[], today date)
RETURNS TABLE (payment_id text, scope text, key text, minor bigint, uses integer)
LANGUAGE sql STABLE AS $$
    SELECT r.payment_id, wanted.scope,
           CASE wanted.scope WHEN 'store' THEN COALESCE(r.store_id, '')
                             WHEN 'person' THEN r.person_id
                             WHEN 'day' THEN paid.day::text
                             WHEN 'person_day' THEN paid.day::text || ' ' || r.person_id
                             ELSE '' END,
           r.discount_minor - CASE WHEN r.refund_returns THEN r.returned_minor ELSE 0 END,
           CASE WHEN r.refund_returns AND r.returned_minor = r.discount_minor THEN 0 ELSE 1 END
      FROM merchants.offer_reservations r
     CROSS JOIN unnest(lacking) AS wanted (scope)
     CROSS JOIN LATERAL (SELECT (r.reserved_at AT TIME ZONE INTERVAL '+08:00')::date AS day) AS paid
     WHERE r.partner_id = partner AND r.offer_id = offer AND r.state <> 'released' AND wanted.scope <> ALL (r.scopes)
       AND (wanted.scope NOT IN ('day', 'person_day') OR paid.day >= today)
$$;

-- The bounds of a version that is about to be agreed: the total's limit is the new one, and scopes that the offer's
-- payments did not count in so far start with what these took. What a payment reserved before the total was held, and
-- was not seen, is found by looking again with it held; then all is let go and begun anew.
CREATE FUNCTION merchants.adopt_offer_bounds(
    partner text, offer text, total_minor bigint, lacking text[], today date
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    held text[];
BEGIN
    IF cardinality(lacking) = 0 THEN
        UPDATE merchants.offer_counters c SET limit_minor = total_minor
         WHERE c.partner_id = partner AND c.offer_id = offer AND c.scope = 'total' AND c.key = '';
        RETURN;
    END IF;
    LOOP
        BEGIN
            SELECT array_agg(r.payment_id) INTO held
              FROM (SELECT mine.payment_id FROM merchants.offer_reservations mine
                     WHERE mine.partner_id = partner AND mine.offer_id = offer
                       AND mine.payment_id IN (SELECT payment_id FROM merchants.uncounted(partner, offer, lacking, today))
                     ORDER BY mine.payment_id FOR UPDATE) AS r;

            INSERT INTO merchants.offer_counters AS counter
                   (partner_id, offer_id, scope, key, taken_minor, uses, limit_minor, limit_uses)
            SELECT partner, offer, wanted.scope, wanted.key, 0, 0,
                   CASE wanted.scope WHEN 'total' THEN total_minor END, NULL
              FROM (SELECT u.scope, u.key FROM merchants.uncounted(partner, offer, lacking, today) AS u
                    UNION SELECT 'total', '') AS wanted
             ORDER BY wanted.scope COLLATE "C", wanted.key COLLATE "C"
            ON CONFLICT (partner_id, offer_id, scope, key) DO UPDATE
               SET limit_minor = COALESCE(excluded.limit_minor, counter.limit_minor);

            PERFORM FROM merchants.uncounted(partner, offer, lacking, today) AS late
              WHERE NOT EXISTS (SELECT FROM unnest(held) AS seen (payment_id) WHERE seen.payment_id = late.payment_id);
            IF FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'OF003';
            END IF;

            UPDATE merchants.offer_counters c
               SET taken_minor = c.taken_minor + taken.minor, uses = c.uses + taken.uses
              FROM (SELECT u.scope, u.key, sum(u.minor)::bigint AS minor, sum(u.uses) AS uses
                      FROM merchants.uncounted(partner, offer, lacking, today) AS u GROUP BY u.scope, u.key) AS taken
             WHERE c.partner_id = partner AND c.offer_id = offer AND c.scope = taken.scope AND c.key = taken.key;

            UPDATE merchants.offer_reservations r
               SET scopes = r.scopes || counted.scopes, keys = r.keys || counted.keys
              FROM (SELECT u.payment_id, array_agg(u.scope ORDER BY u.scope) AS scopes,
                           array_agg(u.key ORDER BY u.scope) AS keys
                      FROM merchants.uncounted(partner, offer, lacking, today) AS u GROUP BY u.payment_id) AS counted
             WHERE r.partner_id = partner AND r.offer_id = offer AND r.payment_id = counted.payment_id;
            RETURN;
        EXCEPTION WHEN SQLSTATE 'OF003' THEN
            NULL;
        END;
    END LOOP;
END
$$;
