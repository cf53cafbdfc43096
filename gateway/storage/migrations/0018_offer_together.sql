-- What reserving and redeeming together cost: each offer is looked at once a statement, each reservation found by its key.

-- With the partner in it, PostgreSQL took this index for the reservations of one payment as long as it knew nothing of
-- the table, and read all of a popular offer's. Ids are unique across partners.
DROP INDEX merchants.reservations_by_offer;
CREATE INDEX reservations_by_offer ON merchants.offer_reservations (offer_id, reserved_at);

-- As 0018_offer_bounds has it; `bounds` has the counters, and the offers that they are of, each once.
CREATE OR REPLACE FUNCTION merchants.reserve_offers_together(
    applied jsonb, bounds jsonb, OUT offer_ids text[], OUT lefts_minor bigint[]
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    in_the_way text[];
    taken text[];
BEGIN
    -- A replica of the release before, still at work while this one comes, sends a list of counters alone. Taken for
    -- the other shape it would count nothing; told that all are in the way, it reserves each by itself, as both know.
    IF jsonb_typeof(bounds) = 'array' AND jsonb_array_length(applied) > 0 THEN
        SELECT array_agg(DISTINCT wanted.payment_id) INTO in_the_way
          FROM jsonb_to_recordset(applied) AS wanted (payment_id text);
        RAISE EXCEPTION 'bounds of an earlier release' USING ERRCODE = 'GW001', DETAIL = array_to_json(in_the_way)::text;
    END IF;

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
          FROM jsonb_to_recordset(bounds -> 'counters') AS bound (
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

    IF COALESCE(cardinality(taken), 0) < jsonb_array_length(bounds -> 'counters') THEN
        SELECT array_agg(DISTINCT wanted.payment_id) INTO in_the_way
          FROM jsonb_to_recordset(applied) AS wanted (payment_id text, offer_id text, scopes text[], keys text[])
         CROSS JOIN unnest(wanted.scopes, wanted.keys) AS bound (scope, key)
         WHERE (concat_ws(' ', wanted.offer_id, bound.scope, bound.key) = ANY (taken)) IS NOT TRUE;
        RAISE EXCEPTION 'a budget is short' USING ERRCODE = 'GW001', DETAIL = array_to_json(in_the_way)::text;
    END IF;

    PERFORM
       FROM jsonb_to_recordset(bounds -> 'offers') AS wanted (partner_id text, offer_id text, version integer)
      WHERE NOT EXISTS (SELECT FROM merchants.offers o
                         WHERE o.partner_id = wanted.partner_id AND o.id = wanted.offer_id
                           AND o.version = wanted.version AND o.state IN ('scheduled', 'live'));
    IF FOUND THEN
        SELECT array_agg(wanted.payment_id) INTO in_the_way
          FROM jsonb_to_recordset(applied) AS wanted (
               partner_id text, payment_id text, offer_id text, version integer)
         WHERE NOT EXISTS (SELECT FROM merchants.offers o
                            WHERE o.partner_id = wanted.partner_id AND o.id = wanted.offer_id
                              AND o.version = wanted.version AND o.state IN ('scheduled', 'live'));
        RAISE EXCEPTION 'offers changed' USING ERRCODE = 'GW001',
              DETAIL = array_to_json(COALESCE(in_the_way, '{}'))::text;
    END IF;
END
$$;
