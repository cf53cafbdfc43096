-- Payments of many tills accepted in one statement, which is one transaction: one round trip, one flush of the log.
-- It holds nothing but plain cases. Whatever stands in an item's way is raised as GW001 with the payments' ids as its
-- detail: nothing happened then, those items are accepted alone, where every reason has its words, and the rest again.
-- The plans must not depend on the lengths of arrays, for which they would be made anew each time, nor on statistics.

-- Whom each item's merchant and code stand for, nothing locked; without a row where either is not there.
CREATE FUNCTION gateway.read_for_accept(
    partners text[], merchants text[], terminals text[], stores text[], newest bytea[], before bytea[]
) RETURNS TABLE (
    place bigint, merchant_status text, partner_status text, kind text, short_name text, city text, mcc text,
    merchant_number text, currency text, fee_basis_points integer, payment_limit_minor bigint, offers_version bigint,
    store_id text, store_name text, store_status text, terminal_id text, terminal_label text, terminal_status text,
    merchant_id text, code_hash bytea, issuer text, payer_id text, person_id text, segments text[], factors smallint,
    certificate boolean
)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT asked.place, m.merchant_status, m.partner_status, m.kind, m.short_name, m.city, m.mcc, m.merchant_number,
           m.currency, m.fee_basis_points, m.payment_limit_minor, m.offers_version, m.store_id, m.store_name,
           m.store_status, m.terminal_id, m.terminal_label, m.terminal_status, m.merchant_id,
           c.code_hash, c.issuer, c.payer_id, c.person_id, c.segments, c.factors, c.certificate
      FROM unnest(partners, merchants, terminals, stores, newest, before)
           WITH ORDINALITY AS asked (partner, merchant, terminal, store, newest, before, place)
     CROSS JOIN LATERAL merchants.paying_context(asked.partner, asked.merchant, asked.terminal, asked.store) AS m
     CROSS JOIN LATERAL qr.owner_of_code(asked.newest, asked.before) AS c;
END
$$;

-- Those of `wanted` that are not in `done` stand in the way.
CREATE FUNCTION gateway.all_or_none(what text, wanted text[], done text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF COALESCE(cardinality(done), 0) < cardinality(wanted) THEN
        RAISE EXCEPTION '%', what USING ERRCODE = 'GW001', DETAIL = (
            SELECT json_agg(one)::text FROM unnest(wanted) AS one WHERE (one = ANY (done)) IS NOT TRUE);
    END IF;
END
$$;

-- Locks in the order of every accept: keys, callers, proofs, codes, budgets, payers' days, orders; within each by their key.
CREATE FUNCTION gateway.accept_together(
    key_tenants text[], key_operations text[], keys text[], fingerprints bytea[], client_ids text[], client_keys text[],
    proven_s bigint[], proofs bytea[], code_hashes bytea[], most_of_merchant integer, most_of_terminal integer,
    applied jsonb, bounds jsonb,
    days date[], tiers text[], amounts_minor bigint[],
    limit_tiers text[], limit_currencies text[], limits_minor bigint[],
    partner_ids text[], ids text[], merchant_ids text[], store_ids text[], terminal_ids text[], order_nos text[],
    currencies text[], orders_minor bigint[], discounts_minor bigint[], fees_minor bigint[], issuers text[],
    payer_ids text[], terms text[], instructions text[], give_up_after_s integer[], look_after_s double precision,
    OUT at timestamptz, OUT offer_ids text[], OUT lefts_minor bigint[]
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE
    done text[];
BEGIN
    at := now();

    WITH mine AS (
        INSERT INTO gateway.idempotency_keys (tenant, operation, key, fingerprint, resource_id)
        SELECT asked.tenant, asked.operation, asked.key, asked.fingerprint, asked.id
          FROM unnest(key_tenants, key_operations, keys, fingerprints, ids)
               AS asked (tenant, operation, key, fingerprint, id)
         ORDER BY asked.tenant COLLATE "C", asked.operation COLLATE "C", asked.key COLLATE "C"
            ON CONFLICT DO NOTHING RETURNING resource_id)
    SELECT array_agg(mine.resource_id) INTO done FROM mine;
    PERFORM gateway.all_or_none('a key was claimed before', ids, done);

    SELECT array_agg(live.id) INTO done
      FROM (SELECT caller.id, merchants.caller_status(caller.client_id, caller.key_id) AS status
              FROM (SELECT asked.id, asked.client_id, asked.key_id
                      FROM unnest(ids, client_ids, client_keys) AS asked (id, client_id, key_id)
                     ORDER BY asked.client_id COLLATE "C") AS caller
            OFFSET 0) AS live
     WHERE live.status = 'live';
    PERFORM gateway.all_or_none('a caller may no more', ids, done);

    SELECT array_agg(proven.id) INTO done
      FROM (SELECT asked.id, asked.proof IS NULL OR merchants.use_proof(asked.proven_s, asked.proof) AS first
              FROM (SELECT one.id, one.proven_s, one.proof
                      FROM unnest(ids, proven_s, proofs) AS one (id, proven_s, proof)
                     ORDER BY one.proof) AS asked
            OFFSET 0) AS proven
     WHERE proven.first;
    PERFORM gateway.all_or_none('a proof was used before', ids, done);

    done := qr.redeem_together(code_hashes, ids, merchant_ids, terminal_ids, most_of_merchant, most_of_terminal);
    PERFORM gateway.all_or_none('a code cannot be used', ids, done);

    IF jsonb_array_length(applied) > 0 THEN
        SELECT reserved.offer_ids, reserved.lefts_minor INTO offer_ids, lefts_minor
          FROM merchants.reserve_offers_together(applied, bounds) AS reserved;
    END IF;

    WITH took AS (
        INSERT INTO gateway.payer_days AS day (issuer, payer_id, day, tier, currency, taken_minor)
        SELECT asked.issuer, asked.payer_id, asked.day, asked.tier, asked.currency, asked.amount_minor
          FROM unnest(issuers, payer_ids, days, tiers, currencies, amounts_minor)
               AS asked (issuer, payer_id, day, tier, currency, amount_minor)
          JOIN unnest(limit_tiers, limit_currencies, limits_minor) AS bound (tier, currency, minor)
            ON bound.tier = asked.tier AND bound.currency = asked.currency AND asked.amount_minor <= bound.minor
         ORDER BY asked.issuer COLLATE "C", asked.payer_id COLLATE "C"
            ON CONFLICT (issuer, payer_id, day, tier, currency)
            DO UPDATE SET taken_minor = day.taken_minor + excluded.taken_minor
                    WHERE day.taken_minor + excluded.taken_minor
                          <= (SELECT bound.minor
                                FROM unnest(limit_tiers, limit_currencies, limits_minor) AS bound (tier, currency, minor)
                               WHERE bound.tier = excluded.tier AND bound.currency = excluded.currency)
        RETURNING day.issuer, day.payer_id)
    SELECT array_agg(asked.id) INTO done
      FROM unnest(ids, issuers, payer_ids, tiers) AS asked (id, issuer, payer_id, tier)
      LEFT JOIN took ON took.issuer = asked.issuer AND took.payer_id = asked.payer_id
     WHERE asked.tier IS NULL OR took.payer_id IS NOT NULL;
    PERFORM gateway.all_or_none('a day is full', ids, done);

    WITH stored AS (
        INSERT INTO gateway.payments
               (partner_id, id, merchant_id, store_id, terminal_id, client_id, merchant_order_no, direction, state,
                currency, order_minor, discount_minor, fee_minor, issuer, payer_id, terms)
        SELECT asked.partner_id, asked.id, asked.merchant_id, asked.store_id, asked.terminal_id, asked.client_id,
               asked.order_no, 'consumer_presented', 'processing', asked.currency, asked.order_minor,
               asked.discount_minor, asked.fee_minor, asked.issuer, asked.payer_id, asked.terms::jsonb
          FROM unnest(partner_ids, ids, merchant_ids, store_ids, terminal_ids, client_ids, order_nos, currencies,
                      orders_minor, discounts_minor, fees_minor, issuers, payer_ids, terms)
               AS asked (partner_id, id, merchant_id, store_id, terminal_id, client_id, order_no, currency,
                         order_minor, discount_minor, fee_minor, issuer, payer_id, terms)
         ORDER BY asked.partner_id COLLATE "C", asked.merchant_id COLLATE "C", asked.order_no COLLATE "C"
            ON CONFLICT (partner_id, merchant_id, merchant_order_no)
               WHERE NOT failed DO NOTHING
        RETURNING id)
    SELECT array_agg(stored.id) INTO done FROM stored;
    PERFORM gateway.all_or_none('an order number is taken', ids, done);

    INSERT INTO gateway.transfers (owner_id, n, partner_id, purpose, state, instruction, due_at, give_up_at)
    SELECT asked.id, 1, asked.partner_id, 'payment', 'open', asked.instruction::jsonb,
           LEAST(now() + look_after_s * interval '1 s', give_up.at), give_up.at
      FROM unnest(ids, partner_ids, instructions, give_up_after_s) AS asked (id, partner_id, instruction, give_up_s)
     CROSS JOIN LATERAL (SELECT now() + asked.give_up_s * interval '1 s' AS at) AS give_up;
END
$$;

-- Debits that the core approved, concluded in one statement: transfers decided, payments succeeded, reservations
-- redeemed, events published. Its caller knows the payments as it accepted them and has written their events already;
-- of one that is elsewhere by now nothing holds any more, and it stands in the way. Locks: transfers, then payments.
CREATE FUNCTION gateway.succeed_together(
    partner_ids text[], ids text[], core_references text[], tooks_ms integer[], at timestamptz[],
    discounted_partners text[], discounted text[], discounted_by text[],
    tenants text[], event_ids text[], types text[], object_ids text[], sequences bigint[], merchant_ids text[],
    store_ids text[], occurred_at timestamptz[], expires_at timestamptz[], bodies text[]
) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE
    done text[];
BEGIN
    WITH decided AS (
        UPDATE gateway.transfers t
           SET state = 'final', outcome = 'approved', core_reference = told.reference, final_at = now()
          FROM unnest(ids, core_references) AS told (id, reference)
         WHERE t.owner_id = told.id AND t.n = 1 AND t.state = 'open'
     RETURNING t.owner_id)
    SELECT array_agg(decided.owner_id) INTO done FROM decided;
    PERFORM gateway.all_or_none('a transfer is decided', ids, done);

    INSERT INTO gateway.transfer_attempts (owner_id, n, deed, outcome, took_ms)
    SELECT told.id, 1, 'send', 'approved', told.took_ms FROM unnest(ids, tooks_ms) AS told (id, took_ms);

    WITH moved AS (
        UPDATE gateway.payments p
           SET state = 'succeeded', sequence = 2, updated_at = known.at
          FROM unnest(partner_ids, ids, succeed_together.at) AS known (partner_id, id, at)
         WHERE p.partner_id = known.partner_id AND p.id = known.id AND p.state = 'processing' AND p.sequence = 1
     RETURNING p.id)
    SELECT array_agg(moved.id) INTO done FROM moved;
    PERFORM gateway.all_or_none('a payment is elsewhere', ids, done);

    IF cardinality(discounted) > 0 THEN
        done := merchants.redeem_offers_together(discounted_partners, discounted, discounted_by);
        PERFORM gateway.all_or_none('a discount was released', discounted, done);
    END IF;
    PERFORM webhooks.publish(tenants, event_ids, types, object_ids, sequences, merchant_ids, store_ids,
                             succeed_together.occurred_at, succeed_together.expires_at, bodies);
END
$$;
