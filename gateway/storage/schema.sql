-- What the migrations add up to; written by `make schema`, and a test fails when it is stale.

CREATE SCHEMA gateway;

COMMENT ON SCHEMA gateway IS 'Floor 4: idempotency keys, payments and transfers.';

CREATE SCHEMA merchants;

CREATE SCHEMA qr;

COMMENT ON SCHEMA qr IS 'Codes that were issued: what a phone shows and a till scans.';

CREATE SCHEMA webhooks;

CREATE TYPE gateway.claimed_key AS (
	mine boolean,
	fingerprint bytea,
	resource_id text,
	sealed_secret bytea,
	age_s double precision
);

COMMENT ON TYPE gateway.claimed_key IS 'mine: go on and create. Otherwise what the first request left.';

CREATE FUNCTION gateway.accept_together(key_tenants text[], key_operations text[], keys text[], fingerprints bytea[], client_ids text[], client_keys text[], proven_s bigint[], proofs bytea[], code_hashes bytea[], most_of_merchant integer, most_of_terminal integer, applied jsonb, bounds jsonb, days date[], tiers text[], amounts_minor bigint[], limit_tiers text[], limit_currencies text[], limits_minor bigint[], partner_ids text[], ids text[], merchant_ids text[], store_ids text[], terminal_ids text[], order_nos text[], currencies text[], orders_minor bigint[], discounts_minor bigint[], fees_minor bigint[], issuers text[], payer_ids text[], terms text[], instructions text[], give_up_after_s integer[], look_after_s double precision, OUT at timestamp with time zone, OUT offer_ids text[], OUT lefts_minor bigint[]) RETURNS record
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET lock_timeout TO '500ms'
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

CREATE FUNCTION gateway.all_or_none(what text, wanted text[], done text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF COALESCE(cardinality(done), 0) < cardinality(wanted) THEN
        RAISE EXCEPTION '%', what USING ERRCODE = 'GW001', DETAIL = (
            SELECT json_agg(one)::text FROM unnest(wanted) AS one WHERE (one = ANY (done)) IS NOT TRUE);
    END IF;
END
$$;

CREATE FUNCTION gateway.claim_key(the_tenant text, the_operation text, the_key text, the_fingerprint bytea, the_resource_id text) RETURNS gateway.claimed_key
    LANGUAGE plpgsql
    AS $$
DECLARE
    found_row gateway.claimed_key;
BEGIN
    LOOP
        INSERT INTO gateway.idempotency_keys (tenant, operation, key, fingerprint, resource_id)
        VALUES (the_tenant, the_operation, the_key, the_fingerprint, the_resource_id)
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN (true, the_fingerprint, the_resource_id, NULL, 0)::gateway.claimed_key;
        END IF;
        SELECT false, k.fingerprint, k.resource_id, k.sealed_secret,
               extract(epoch FROM clock_timestamp() - k.claimed_at)
          INTO found_row
          FROM gateway.idempotency_keys AS k
         WHERE k.tenant = the_tenant AND k.operation = the_operation AND k.key = the_key;
        IF FOUND THEN
            RETURN found_row;
        END IF;
        -- Swept between the two statements: the key is free again.
    END LOOP;
END $$;

CREATE FUNCTION gateway.read_for_accept(partners text[], merchants text[], terminals text[], stores text[], newest bytea[], before bytea[]) RETURNS TABLE(place bigint, merchant_status text, partner_status text, kind text, short_name text, city text, mcc text, merchant_number text, currency text, fee_basis_points integer, payment_limit_minor bigint, offers_version bigint, store_id text, store_name text, store_status text, terminal_id text, terminal_label text, terminal_status text, merchant_id text, code_hash bytea, issuer text, payer_id text, person_id text, segments text[], factors smallint, certificate boolean)
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
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

CREATE FUNCTION gateway.succeed_and_meet(partner_ids text[], ids text[], core_references text[], tooks_ms integer[], at timestamp with time zone[], discounted_partners text[], discounted text[], discounted_by text[], tenants text[], event_ids text[], types text[], object_ids text[], sequences bigint[], merchant_ids text[], store_ids text[], occurred_at timestamp with time zone[], expires_at timestamp with time zone[], bodies text[], people text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM gateway.succeed_together(partner_ids, ids, core_references, tooks_ms, at, discounted_partners,
                                     discounted, discounted_by, tenants, event_ids, types, object_ids,
                                     sequences, merchant_ids, store_ids, occurred_at, expires_at, bodies);
    PERFORM merchants.meet_customers(partner_ids, people, ids);
END
$$;

CREATE FUNCTION gateway.succeed_together(partner_ids text[], ids text[], core_references text[], tooks_ms integer[], at timestamp with time zone[], discounted_partners text[], discounted text[], discounted_by text[], tenants text[], event_ids text[], types text[], object_ids text[], sequences bigint[], merchant_ids text[], store_ids text[], occurred_at timestamp with time zone[], expires_at timestamp with time zone[], bodies text[]) RETURNS void
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
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

CREATE FUNCTION merchants.adopt_offer_bounds(partner text, offer text, total_minor bigint, lacking text[], today date) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION merchants.caller_status(client text, key text) RETURNS text
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('client:' || client, 0));
    RETURN merchants.peek_caller_status(client, key);
END $$;

CREATE FUNCTION merchants.count_coupon(partner text, offer text, the_person text, number integer, copies bigint, per_person bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION merchants.forget_proofs() RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    slot   integer := (extract(epoch FROM clock_timestamp())::bigint / 120 + 2) % 4;
    filled boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM merchants.used_proofs_%s)', slot) INTO filled;
    IF filled THEN
        EXECUTE format('TRUNCATE merchants.used_proofs_%s', slot);
    END IF;
    RETURN filled;
END $$;

CREATE FUNCTION merchants.hold_offer_counters(partner text, bounds jsonb) RETURNS TABLE(offer_id text, scope text, taken_minor bigint, uses bigint)
    LANGUAGE sql
    AS $$
    INSERT INTO merchants.offer_counters AS counter
           (partner_id, offer_id, scope, key, taken_minor, uses, limit_minor, limit_uses)
    SELECT partner, bound.offer_id, bound.scope, bound.key, 0, 0, bound.limit_minor, bound.limit_uses
      FROM jsonb_to_recordset(bounds) AS bound (
           offer_id text, scope text, key text, limit_minor bigint, limit_uses bigint)
     ORDER BY bound.offer_id COLLATE "C", bound.scope COLLATE "C", bound.key COLLATE "C"
    ON CONFLICT (partner_id, offer_id, scope, key) DO UPDATE SET uses = counter.uses
    RETURNING counter.offer_id, counter.scope, counter.taken_minor, counter.uses
$$;

CREATE FUNCTION merchants.hold_rights(the_person text) RETURNS void
    LANGUAGE sql
    AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('merchants.rights ' || the_person, 0))
$$;

CREATE FUNCTION merchants.lock_client(client text) RETURNS void
    LANGUAGE sql
    AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('client:' || client, 0))
$$;

CREATE FUNCTION merchants.meet_customers(partners text[], people text[], payments text[]) RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO merchants.customers AS known (owner, person, payment_id, paid, again)
    SELECT owner, person, min(payment), true, count(*) > 1
      FROM (SELECT * FROM unnest(partners, people, payments)
            UNION ALL SELECT 'wallet', * FROM unnest(people, payments)) AS met (owner, person, payment)
     GROUP BY owner, person ORDER BY owner COLLATE "C", person COLLATE "C"
        ON CONFLICT (owner, person) DO UPDATE
       SET paid = known.paid OR known.payment_id = ANY (payments),
           again = known.again OR excluded.again OR known.payment_id <> excluded.payment_id
     WHERE NOT known.paid AND known.payment_id = ANY (payments)
        OR NOT known.again AND (excluded.again OR known.payment_id <> excluded.payment_id)
$$;

CREATE FUNCTION merchants.note_status_since() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.status_since := clock_timestamp();
    RETURN NEW;
END $$;

CREATE FUNCTION merchants.paying_context(partner text, merchant text, terminal text, store text) RETURNS TABLE(merchant_id text, merchant_status text, partner_status text, kind text, short_name text, city text, mcc text, merchant_number text, currency text, fee_basis_points integer, payment_limit_minor bigint, offers_version bigint, store_id text, store_name text, store_status text, terminal_id text, terminal_label text, terminal_status text)
    LANGUAGE sql STABLE
    AS $$
    SELECT m.id, m.status, p.status,
           m.kind, m.short_name, m.city, m.mcc, m.merchant_number, m.currency,
           COALESCE(t.fee_basis_points, s.fee_basis_points, m.fee_basis_points),
           LEAST(p.payment_limit_minor, m.payment_limit_minor, s.payment_limit_minor, t.payment_limit_minor),
           p.offers_version,
           s.id, s.name, s.status, t.id, t.label, t.status
      FROM merchants.merchants m
      JOIN merchants.merchants p ON p.partner_id = m.partner_id AND p.id = m.partner_id
      LEFT JOIN merchants.terminals t
        ON t.partner_id = m.partner_id AND t.id = terminal AND t.merchant_id = m.id
      LEFT JOIN merchants.stores s
        ON s.partner_id = m.partner_id AND s.id = COALESCE(t.store_id, store) AND s.merchant_id = m.id
     WHERE m.partner_id = partner AND m.id = merchant
$$;

CREATE FUNCTION merchants.peek_caller_status(client text, key text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    status text;
BEGIN
    IF starts_with(key, 'ses_') THEN
        SELECT CASE
                   WHEN c.revoked_at IS NOT NULL THEN 'client_revoked'
                   WHEN s.revoked_at IS NOT NULL OR s.expires_at <= clock_timestamp() THEN 'session_ended'
                   ELSE 'live'
               END
          INTO status
          FROM merchants.clients c
          JOIN merchants.operator_sessions s ON s.client_id = c.client_id AND s.session_id = key
         WHERE c.client_id = client;
        RETURN COALESCE(status, 'unknown');
    END IF;
    SELECT CASE
               WHEN c.revoked_at IS NOT NULL THEN 'client_revoked'
               WHEN k.revoked_at IS NOT NULL THEN 'key_revoked'
               WHEN t.status <> 'active' THEN 'terminal_retired'
               ELSE 'live'
           END
      INTO status
      FROM merchants.clients c
      JOIN merchants.client_keys k ON k.client_id = c.client_id AND k.key_id = key
      LEFT JOIN merchants.terminals t ON t.partner_id = c.partner_id AND t.id = c.terminal_id
     WHERE c.client_id = client;
    RETURN COALESCE(status, 'unknown');
END $$;

CREATE FUNCTION merchants.redeem_offers_together(partners text[], payments text[], offers text[]) RETURNS text[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    redeemed text[];
BEGIN
    WITH done AS (
        UPDATE merchants.offer_reservations r SET state = 'redeemed', settled_at = now()
          FROM unnest(partners, payments, offers) AS meant (partner, payment, offer)
         WHERE r.partner_id = meant.partner AND r.payment_id = meant.payment AND r.offer_id = meant.offer
           AND r.state = 'reserved'
     RETURNING r.payment_id)
    SELECT array_agg(done.payment_id) INTO redeemed FROM done;
    RETURN redeemed;
END
$$;

CREATE FUNCTION merchants.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% only grows', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION merchants.refuse_deciding_alone() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- Two at once would each be the only one.
    PERFORM pg_advisory_xact_lock(hashtextextended('operator_proposals', 0));
    IF NEW.proposed_by <> 'cli_00000000000070008000000000000000'
       OR EXISTS (SELECT FROM merchants.clients
                   WHERE kind = 'operator' AND 'approver' = ANY (roles)
                     AND client_id <> NEW.proposed_by) THEN
        RAISE check_violation USING MESSAGE = 'another approver has to confirm an operator',
            SCHEMA = 'merchants', TABLE = 'operator_proposals', CONSTRAINT = 'operator_proposals_two_people';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION merchants.refuse_operator_of_one() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.external_subject IS NULL
       AND NEW.client_id <> 'cli_00000000000070008000000000000000'
       AND NOT EXISTS (SELECT FROM merchants.operator_proposals
                        WHERE client_id = NEW.client_id AND decided_by IS NOT NULL
                          AND roles @> NEW.roles AND roles <@ NEW.roles) THEN
        RAISE check_violation USING MESSAGE = 'an operator is proposed by one and confirmed by another',
            SCHEMA = 'merchants', TABLE = 'clients', CONSTRAINT = 'clients_operator_of_two';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION merchants.refuse_proposing_alone() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- The same lock as for operators: two at once would each be the only one.
    PERFORM pg_advisory_xact_lock(hashtextextended('operator_proposals', 0));
    IF NEW.kind <> 'wallet'
       OR NEW.proposed_by <> 'cli_00000000000070008000000000000000'
       OR EXISTS (SELECT FROM merchants.clients
                   WHERE kind = 'operator' AND 'approver' = ANY (roles)
                     AND client_id <> NEW.proposed_by) THEN
        RAISE check_violation USING MESSAGE = 'another approver has to confirm it',
            SCHEMA = 'merchants', TABLE = 'proposals', CONSTRAINT = 'proposals_two_people';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION merchants.refuse_reset_of_one() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM merchants.proposals
                    WHERE id = NEW.reset_id AND kind = 'key_reset' AND accepted AND client_id = NEW.client_id) THEN
        RAISE check_violation USING MESSAGE = 'a key reset is proposed by one and confirmed by another',
            SCHEMA = 'merchants', TABLE = 'key_enrolments', CONSTRAINT = 'key_enrolments_of_two';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION merchants.refuse_wallet_of_one() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM merchants.proposals
                    WHERE client_id = NEW.client_id AND kind = 'wallet' AND accepted
                      AND content ->> 'issuer' = NEW.issuer) THEN
        RAISE check_violation USING MESSAGE = 'a wallet is proposed by one and confirmed by another',
            SCHEMA = 'merchants', TABLE = 'clients', CONSTRAINT = 'clients_wallet_of_two';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION merchants.reserve_offers(partner text, payment text, merchant text, store text, person text, currency text, order_minor bigint, applied jsonb, bounds jsonb) RETURNS text
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION merchants.reserve_offers_together(applied jsonb, bounds jsonb, OUT offer_ids text[], OUT lefts_minor bigint[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION merchants.reserve_rights(partner text, payment text, the_person text, wanted_coupons text[], firsts_with text[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION merchants.return_rights(partner text, payment text, the_person text, coupon_offers text[], firsts boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE merchants.coupons SET state = 'held', payment_id = NULL, updated_at = now()
     WHERE partner_id = partner AND payment_id = payment AND offer_id = ANY (coupon_offers);
    IF firsts THEN
        DELETE FROM merchants.customers
         WHERE owner IN (partner, 'wallet') AND person = the_person AND payment_id = payment AND NOT again;
        UPDATE merchants.customers SET paid = true
         WHERE owner IN (partner, 'wallet') AND person = the_person AND payment_id = payment AND NOT paid;
    END IF;
END
$$;

CREATE FUNCTION merchants.return_to_offer_counters(partner text, payment text, offers text[], minors bigint[], returned_uses bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    the_person text;
    coupon_offers text[];
    firsts boolean;
BEGIN
    PERFORM
       FROM merchants.offer_reservations r
      CROSS JOIN unnest(r.scopes, r.keys) AS took (scope, key)
       JOIN merchants.offer_counters c
         ON c.partner_id = partner AND c.offer_id = r.offer_id AND c.scope = took.scope AND c.key = took.key
      WHERE r.partner_id = partner AND r.payment_id = payment AND r.offer_id = ANY (offers)
      ORDER BY c.offer_id, c.scope, c.key
        FOR UPDATE OF c;

    UPDATE merchants.offer_counters c
       SET taken_minor = c.taken_minor - back.minor, uses = c.uses - back.uses
      FROM unnest(offers, minors, returned_uses) AS back (offer_id, minor, uses)
      JOIN merchants.offer_reservations r
        ON r.partner_id = partner AND r.payment_id = payment AND r.offer_id = back.offer_id
     CROSS JOIN unnest(r.scopes, r.keys) AS took (scope, key)
     WHERE c.partner_id = partner AND c.offer_id = back.offer_id AND c.scope = took.scope AND c.key = took.key;

    SELECT min(r.person_id), COALESCE(array_agg(r.offer_id) FILTER (WHERE r.rights = 'coupon'), '{}'),
           bool_or(r.rights = 'first')
      INTO the_person, coupon_offers, firsts
      FROM unnest(offers, returned_uses) AS back (offer_id, uses)
      JOIN merchants.offer_reservations r
        ON r.partner_id = partner AND r.payment_id = payment AND r.offer_id = back.offer_id
     WHERE back.uses > 0 AND r.rights IS NOT NULL;
    IF the_person IS NOT NULL THEN
        PERFORM merchants.return_rights(partner, payment, the_person, coupon_offers, firsts);
    END IF;
END
$$;

CREATE FUNCTION merchants.uncounted(partner text, offer text, lacking text[], today date) RETURNS TABLE(payment_id text, scope text, key text, minor bigint, uses integer)
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION merchants.use_proof(issued_at_s bigint, proof bytea) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO merchants.used_proofs (slot, digest) VALUES ((issued_at_s / 120 % 4)::smallint, proof)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

CREATE FUNCTION qr.owner_of_code(newest bytea, before bytea) RETURNS TABLE(code_hash bytea, issuer text, payer_id text, person_id text, segments text[], factors smallint, certificate boolean)
    LANGUAGE sql STABLE
    AS $$
    SELECT c.code_hash, c.issuer, c.payer_id, c.person_id, c.segments, c.factors, c.certificate
      FROM qr.payment_codes c
     WHERE c.code_hash IN (newest, before) AND c.used_at IS NULL AND c.expires_at > clock_timestamp()
$$;

CREATE FUNCTION qr.redeem_together(code_hashes bytea[], payment_ids text[], merchants text[], terminals text[], most_of_merchant integer, most_of_terminal integer) RETURNS text[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    redeemed text[];
BEGIN
    WITH held AS (
        SELECT c.code_hash, asked.payment_id
          FROM unnest(code_hashes, payment_ids, merchants, terminals)
               AS asked (code_hash, payment_id, merchant, terminal)
          JOIN qr.payment_codes c ON c.code_hash = asked.code_hash
         WHERE c.used_at IS NULL AND c.expires_at > clock_timestamp()
           AND NOT EXISTS (SELECT FROM qr.wrong_codes AS wrong
                            WHERE (wrong.subject = asked.merchant AND wrong.count >= most_of_merchant
                                   OR wrong.subject = asked.terminal AND wrong.count >= most_of_terminal)
                              AND wrong.window_ends_at > clock_timestamp())
           FOR UPDATE OF c SKIP LOCKED
    ), used AS (
        UPDATE qr.payment_codes c SET used_at = clock_timestamp(), payment_id = held.payment_id
          FROM held WHERE c.code_hash = held.code_hash
     RETURNING c.payment_id
    )
    SELECT array_agg(used.payment_id) INTO redeemed FROM used;
    RETURN redeemed;
END
$$;

CREATE FUNCTION webhooks.claim(tenants text[], endpoint_ids text[], most integer, lease_s double precision, breaker_failures integer, looked_at integer) RETURNS TABLE(tenant text, id text, endpoint_id text, fence integer, failures integer, replay boolean, in_order boolean, event_id text, body text, url text, signatures text[], retry_waits_s double precision[], secrets bytea[])
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
    locked_tenants text[];
    locked text[];
BEGIN
    SELECT array_agg(held.tenant), array_agg(held.endpoint_id) INTO locked_tenants, locked
      FROM (SELECT h.tenant, h.endpoint_id
              FROM unnest(tenants, endpoint_ids) WITH ORDINALITY AS walked (tenant, endpoint_id, place)
              JOIN webhooks.endpoint_health h USING (tenant, endpoint_id)
              JOIN webhooks.endpoints e ON e.tenant = h.tenant AND e.id = h.endpoint_id
             WHERE e.disabled_reason IS NULL
             ORDER BY walked.place
             -- No more than can get something: what we hold, other workers walk past.
             LIMIT most
               FOR UPDATE OF h SKIP LOCKED) AS held;
    IF locked IS NULL THEN
        RETURN;
    END IF;
    PERFORM webhooks.expire(locked_tenants, locked);

    RETURN QUERY
    WITH ready AS MATERIALIZED (
        SELECT held.place, e.tenant, e.id, e.url, e.signatures, e.retry_waits_s, e.rate_per_s, bucket.tokens,
               GREATEST(0, LEAST(webhooks.slots(e, h, breaker_failures) - busy.sends, floor(bucket.tokens))) AS free,
               -- By the rows and not by the wish, which may have been changed while they waited.
               COALESCE((
                   SELECT true FROM webhooks.deliveries d
                    WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.object_id IS NOT NULL
                      AND NOT d.replay AND d.state IN ('pending', 'sending')
                    ORDER BY d.object_id LIMIT 1), false) AS in_order
          FROM unnest(locked_tenants, locked) WITH ORDINALITY AS held (tenant, endpoint_id, place)
          JOIN webhooks.endpoints e ON e.tenant = held.tenant AND e.id = held.endpoint_id
          JOIN webhooks.endpoint_health h ON h.tenant = e.tenant AND h.endpoint_id = e.id
         CROSS JOIN LATERAL (
               SELECT count(*) AS sends FROM webhooks.deliveries d
                WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.state = 'sending') AS busy
         CROSS JOIN LATERAL (SELECT webhooks.tokens(e, h) AS tokens) AS bucket
         WHERE e.disabled_reason IS NULL
    ), share AS MATERIALIZED (
        SELECT GREATEST(1, most / GREATEST(1, count(*))) AS each FROM ready WHERE ready.free > 0
    ), any_order AS (
        SELECT d.tenant, d.id
          FROM (SELECT * FROM ready ORDER BY ready.place) AS ready CROSS JOIN share
         CROSS JOIN LATERAL (
               SELECT d.tenant, d.id FROM webhooks.deliveries d
                WHERE d.tenant = ready.tenant AND d.endpoint_id = ready.id
                  AND d.state = 'pending' AND d.due_at <= now()
                  AND (d.expires_at IS NULL OR d.replay OR d.expires_at > now())
                ORDER BY d.due_at
                LIMIT LEAST(ready.free, share.each)
                  FOR UPDATE SKIP LOCKED) AS d
         WHERE NOT ready.in_order
         LIMIT most
    ), strict_order AS (
        SELECT d.tenant, d.id
          FROM (SELECT * FROM ready ORDER BY ready.place) AS ready CROSS JOIN share
         CROSS JOIN LATERAL (
               -- No further than was looked at for parking: behind it there may be a million that are blocked.
               -- Without locks: whoever moves what is pending here holds the endpoint's health row, as we do.
               SELECT d.tenant, d.id
                 FROM (SELECT o.* FROM webhooks.deliveries o
                        WHERE o.tenant = ready.tenant AND o.endpoint_id = ready.id
                          AND o.state = 'pending' AND o.due_at <= now()
                        ORDER BY o.due_at
                        LIMIT looked_at) AS d
                WHERE (d.expires_at IS NULL OR d.replay OR d.expires_at > now())
                  AND (d.object_id IS NULL OR d.replay OR NOT EXISTS (
                       SELECT FROM webhooks.deliveries earlier
                        WHERE earlier.tenant = d.tenant AND earlier.endpoint_id = d.endpoint_id
                          AND earlier.object_id = d.object_id AND NOT earlier.replay
                          AND earlier.state IN ('pending', 'sending')
                          AND (earlier.sequence, earlier.event_id) < (d.sequence, d.event_id)))
                ORDER BY d.due_at
                LIMIT LEAST(ready.free, share.each)) AS d
         WHERE ready.in_order
         LIMIT most
    ), claimed AS (
        UPDATE webhooks.deliveries d
           SET state = 'sending', due_at = now() + lease_s * interval '1 second', fence = d.fence + 1
          FROM (SELECT * FROM any_order UNION ALL SELECT * FROM strict_order LIMIT most) AS chosen
         WHERE d.tenant = chosen.tenant AND d.id = chosen.id
     RETURNING d.*
    ), spent AS (
        UPDATE webhooks.endpoint_health h
           SET tokens = ready.tokens - taken.sends, tokens_at = GREATEST(now(), h.tokens_at)
          FROM ready,
               (SELECT c.tenant, c.endpoint_id, count(*) AS sends FROM claimed c GROUP BY 1, 2) AS taken
         WHERE ready.rate_per_s IS NOT NULL
           AND h.tenant = ready.tenant AND h.endpoint_id = ready.id
           AND taken.tenant = ready.tenant AND taken.endpoint_id = ready.id
    )
    SELECT c.tenant, c.id, c.endpoint_id, c.fence, c.failures, c.replay,
           c.object_id IS NOT NULL AND NOT c.replay,
           c.event_id, v.body, ready.url, ready.signatures, ready.retry_waits_s,
           ARRAY(SELECT s.sealed FROM webhooks.secrets s
                  WHERE s.tenant = c.tenant AND s.endpoint_id = c.endpoint_id
                    AND (s.expires_at IS NULL OR s.expires_at > now())
                  ORDER BY s.created_at DESC)
      FROM claimed c
      JOIN ready ON ready.tenant = c.tenant AND ready.id = c.endpoint_id
      JOIN webhooks.events v ON v.tenant = c.tenant AND v.id = c.event_id;
END
$$;

CREATE FUNCTION webhooks.claim_next(after_tenant text, after_endpoint_id text, walk_most integer, most integer, lease_s double precision, breaker_failures integer, looked_at integer) RETURNS TABLE(walked bigint, walked_to_tenant text, walked_to_endpoint_id text, parked bigint, tenant text, id text, endpoint_id text, fence integer, failures integer, replay boolean, in_order boolean, event_id text, body text, url text, signatures text[], retry_waits_s double precision[], secrets bytea[])
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
    due_tenants text[];
    due text[];
    line_tenants text[];
    line text[];
BEGIN
    walked := 0;
    parked := 0;
    IF most <= 0 THEN
        RETURN;
    END IF;
    WITH RECURSIVE walk (tenant, endpoint_id) AS (
        (SELECT d.tenant, d.endpoint_id FROM webhooks.deliveries d
          WHERE d.state = 'pending' AND (d.tenant, d.endpoint_id) > (after_tenant, after_endpoint_id)
          ORDER BY d.tenant, d.endpoint_id LIMIT 1)
        UNION ALL
        SELECT next.tenant, next.endpoint_id
          FROM walk
         CROSS JOIN LATERAL (
               SELECT d.tenant, d.endpoint_id FROM webhooks.deliveries d
                WHERE d.state = 'pending' AND (d.tenant, d.endpoint_id) > (walk.tenant, walk.endpoint_id)
                ORDER BY d.tenant, d.endpoint_id LIMIT 1) AS next
    ), stepped AS MATERIALIZED (
        -- LIMIT and not EXISTS, which the planner may answer by hashing every row that waits.
        SELECT walk.tenant, walk.endpoint_id, COALESCE((
                   SELECT true FROM webhooks.deliveries d
                    WHERE d.tenant = walk.tenant AND d.endpoint_id = walk.endpoint_id
                      AND d.state = 'pending' AND d.due_at <= now()
                    ORDER BY d.due_at LIMIT 1), false) AND COALESCE((
                   -- A first look without locks, so that those that can take nothing now cost the others little.
                   SELECT webhooks.tokens(e, h) >= 1
                          AND (SELECT count(*) FROM (
                                   SELECT FROM webhooks.deliveries d
                                    WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.state = 'sending'
                                    LIMIT e.concurrency) AS sends)
                              < webhooks.slots(e, h, breaker_failures)
                     FROM webhooks.endpoints e
                     JOIN webhooks.endpoint_health h ON h.tenant = e.tenant AND h.endpoint_id = e.id
                    WHERE e.tenant = walk.tenant AND e.id = walk.endpoint_id), false) AS due, COALESCE((
                   SELECT true FROM webhooks.deliveries d
                    WHERE d.tenant = walk.tenant AND d.endpoint_id = walk.endpoint_id AND d.object_id IS NOT NULL
                      AND NOT d.replay AND d.state IN ('pending', 'sending')
                    ORDER BY d.object_id LIMIT 1), false) AS in_order
          FROM walk LIMIT walk_most
    )
    -- Each in its own order: an aggregate that asks for another would sort what these get as well.
    SELECT count(*), max(s.tenant), (array_agg(s.endpoint_id ORDER BY s.tenant, s.endpoint_id))[count(*)],
           array_agg(s.tenant ORDER BY s.tenant, s.endpoint_id) FILTER (WHERE s.due),
           array_agg(s.endpoint_id ORDER BY s.tenant, s.endpoint_id) FILTER (WHERE s.due),
           array_agg(s.tenant ORDER BY s.tenant, s.endpoint_id) FILTER (WHERE s.due AND s.in_order),
           array_agg(s.endpoint_id ORDER BY s.tenant, s.endpoint_id) FILTER (WHERE s.due AND s.in_order)
      INTO walked, walked_to_tenant, walked_to_endpoint_id, due_tenants, due, line_tenants, line
      FROM stepped s;
    IF line IS NOT NULL THEN
        parked := webhooks.park(line_tenants, line, looked_at);
    END IF;
    IF due IS NOT NULL THEN
        RETURN QUERY
        SELECT walked, walked_to_tenant, walked_to_endpoint_id, parked, c.*
          FROM webhooks.claim(due_tenants, due, most, lease_s, breaker_failures, looked_at) AS c;
    END IF;
    IF NOT FOUND OR due IS NULL THEN
        RETURN NEXT;
    END IF;
END
$$;

CREATE FUNCTION webhooks.expire(endpoint_tenants text[], endpoint_ids text[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
DECLARE
    tenants text[];
    ids text[];
BEGIN
    WITH past AS (
        SELECT late.tenant, late.id
          FROM unnest(endpoint_tenants, endpoint_ids) AS held (tenant, endpoint_id)
         CROSS JOIN LATERAL (
               SELECT d.tenant, d.id FROM webhooks.deliveries d
                WHERE d.tenant = held.tenant AND d.endpoint_id = held.endpoint_id
                  AND d.state = 'pending' AND NOT d.replay AND d.expires_at <= now()
                LIMIT 100
                  FOR UPDATE SKIP LOCKED) AS late
    ), ended AS (
        UPDATE webhooks.deliveries d SET state = 'expired', finished_at = now()
          FROM past
         WHERE d.tenant = past.tenant AND d.id = past.id
     RETURNING d.tenant, d.id
    )
    SELECT array_agg(ended.tenant), array_agg(ended.id) INTO tenants, ids FROM ended;
    IF ids IS NOT NULL THEN
        PERFORM webhooks.release_next(tenants, ids);
    END IF;
END
$$;

CREATE FUNCTION webhooks.new_delivery_id(event_id text) RETURNS text
    LANGUAGE sql
    AS $$
    SELECT 'dlv_' || lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
        || '7' || substr(random, 1, 3) || '8' || substr(random, 4, 7) || right(event_id, 8)
      FROM md5(gen_random_uuid()::text) AS random
$$;

CREATE FUNCTION webhooks.park(tenants text[], endpoint_ids text[], looked_at integer) RETURNS bigint
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
DECLARE
    locked text[];
    parked bigint;
BEGIN
    SELECT array_agg(held.endpoint_id) INTO locked
      FROM (SELECT h.endpoint_id
              FROM unnest(tenants, endpoint_ids) AS walked (tenant, endpoint_id)
              JOIN webhooks.endpoint_health h USING (tenant, endpoint_id)
               FOR UPDATE OF h SKIP LOCKED) AS held;

    WITH looked AS MATERIALIZED (
        -- Among what is selected, so that it stays one probe of the index for each.
        SELECT oldest.tenant, oldest.id, oldest.object_id IS NOT NULL AND NOT oldest.replay AND EXISTS (
                   SELECT FROM webhooks.deliveries earlier
                    WHERE earlier.tenant = oldest.tenant AND earlier.endpoint_id = oldest.endpoint_id
                      AND earlier.object_id = oldest.object_id AND NOT earlier.replay
                      AND earlier.state IN ('pending', 'sending')
                      AND (earlier.sequence, earlier.event_id) < (oldest.sequence, oldest.event_id)) AS blocked
          FROM unnest(tenants, endpoint_ids) AS walked (tenant, endpoint_id)
         CROSS JOIN LATERAL (
               SELECT d.tenant, d.id, d.endpoint_id, d.object_id, d.sequence, d.event_id, d.replay
                 FROM webhooks.deliveries d
                WHERE d.tenant = walked.tenant AND d.endpoint_id = walked.endpoint_id
                  AND d.state = 'pending' AND d.due_at <= now()
                ORDER BY d.due_at
                LIMIT looked_at) AS oldest
         WHERE walked.endpoint_id = ANY (locked)
    ), blocked AS (
        UPDATE webhooks.deliveries d SET due_at = 'infinity'
          FROM looked
         WHERE d.tenant = looked.tenant AND d.id = looked.id AND looked.blocked
     RETURNING 1
    )
    SELECT count(*) INTO parked FROM blocked;
    RETURN parked;
END
$$;

CREATE FUNCTION webhooks.publish(tenants text[], ids text[], types text[], object_ids text[], sequences bigint[], merchant_ids text[], store_ids text[], occurred_at timestamp with time zone[], expires_at timestamp with time zone[], bodies text[]) RETURNS void
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
#variable_conflict use_column
BEGIN
    WITH new AS (
        INSERT INTO webhooks.events
               (tenant, id, type, object_id, sequence, merchant_id, store_id, occurred_at, expires_at, body)
        SELECT * FROM unnest(tenants, ids, types, object_ids, sequences, merchant_ids, store_ids, publish.occurred_at,
                             publish.expires_at, bodies)
     RETURNING *
    )
    INSERT INTO webhooks.deliveries (tenant, id, endpoint_id, event_id, object_id, sequence, expires_at)
    SELECT new.tenant, webhooks.new_delivery_id(new.id), e.id, new.id,
           CASE WHEN e.strict_order THEN new.object_id END, CASE WHEN e.strict_order THEN new.sequence END,
           new.expires_at
      FROM new JOIN webhooks.endpoints e ON e.tenant = new.tenant
     WHERE (e.event_types = '{}' OR new.type = ANY (e.event_types)
            OR split_part(new.type, '.', 1) || '.*' = ANY (e.event_types))
       AND (e.store_ids = '{}' OR new.store_id = ANY (e.store_ids));
END
$$;

CREATE FUNCTION webhooks.record(tenants text[], ids text[], endpoint_ids text[], fences integer[], states text[], waits_s double precision[], failed integer[], in_order boolean[], started_at timestamp with time zone[], durations_ms integer[], urls text[], request_headers text[], statuses integer[], reasons text[], responses bytea[], breaker_failures integer, breaker_open_s double precision, disable_after_s double precision, OUT moved integer, OUT too_long boolean) RETURNS record
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
#variable_conflict use_column
BEGIN
    moved := 0;
    too_long := false;
    IF cardinality(ids) = 0 THEN
        RETURN;
    END IF;
    -- All of them and not those in order alone: their health is written below, and locks are taken in one order.
    IF true = ANY (in_order) THEN
        PERFORM FROM (SELECT DISTINCT t.tenant, t.endpoint_id FROM unnest(tenants, endpoint_ids) AS t (tenant, endpoint_id)) AS wanted
           JOIN webhooks.endpoint_health h USING (tenant, endpoint_id)
          ORDER BY h.tenant, h.endpoint_id
            FOR UPDATE OF h;
    END IF;

    WITH ended AS MATERIALIZED (
        SELECT t.*, now() + t.wait_s * interval '1 second' AS due_at
          FROM unnest(tenants, ids, fences, states, waits_s, failed, started_at, durations_ms, urls, request_headers,
                      statuses, reasons, responses)
            AS t (tenant, id, fence, state, wait_s, failed, started_at, duration_ms, url, request_headers, status,
                  reason, response)
    ), logged AS (
        INSERT INTO webhooks.attempts
            (tenant, delivery_id, fence, started_at, duration_ms, url, request_headers, status, reason, response)
        SELECT e.tenant, e.id, e.fence, e.started_at, e.duration_ms, e.url, e.request_headers, e.status, e.reason,
               e.response
          FROM ended e
            ON CONFLICT DO NOTHING
    ), moved_on AS (
        UPDATE webhooks.deliveries d
           SET state = CASE WHEN e.state = 'pending' AND NOT d.replay AND d.expires_at <= e.due_at
                            THEN 'expired' ELSE e.state END,
               due_at = e.due_at,
               failures = d.failures + e.failed,
               reason = e.reason,
               finished_at = CASE WHEN e.state <> 'pending' OR (NOT d.replay AND d.expires_at <= e.due_at)
                                  THEN now() END
          FROM ended e
         WHERE d.tenant = e.tenant AND d.id = e.id AND d.fence = e.fence AND d.state = 'sending'
     RETURNING 1
    )
    SELECT count(*) INTO moved FROM moved_on;

    WITH seen AS MATERIALIZED (
        SELECT t.tenant, t.endpoint_id, bool_or(t.state = 'delivered') AS succeeded, sum(t.failed) AS failures
          FROM unnest(tenants, endpoint_ids, states, failed) AS t (tenant, endpoint_id, state, failed)
         -- What went wrong on our side says nothing about an endpoint.
         WHERE t.state = 'delivered' OR t.failed > 0
         GROUP BY 1, 2
    ), held AS MATERIALIZED (
        SELECT h.tenant, h.endpoint_id, h.consecutive_failures + seen.failures AS failures, seen.succeeded
          FROM seen JOIN webhooks.endpoint_health h USING (tenant, endpoint_id)
         WHERE NOT seen.succeeded OR h.consecutive_failures > 0
            OR h.last_success_at IS NULL OR h.last_success_at < now() - interval '5 seconds'
         ORDER BY h.tenant, h.endpoint_id
           FOR UPDATE OF h
    ), noted AS (
        UPDATE webhooks.endpoint_health h
           SET consecutive_failures = CASE WHEN held.succeeded THEN 0 ELSE held.failures END,
               failing_since = CASE WHEN NOT held.succeeded THEN COALESCE(h.failing_since, now()) END,
               open_until = CASE WHEN NOT held.succeeded AND held.failures >= breaker_failures
                                 THEN now() + breaker_open_s * interval '1 second' END,
               last_success_at = CASE WHEN held.succeeded THEN now() ELSE h.last_success_at END,
               last_failure_at = CASE WHEN held.succeeded THEN h.last_failure_at ELSE now() END
          FROM held
         WHERE h.tenant = held.tenant AND h.endpoint_id = held.endpoint_id
     RETURNING h.failing_since < now() - disable_after_s * interval '1 second' AS too_long
    )
    SELECT COALESCE(bool_or(noted.too_long), false) INTO too_long FROM noted;

    IF true = ANY (in_order) THEN
        PERFORM webhooks.release_next(array_agg(t.tenant), array_agg(t.id))
           FROM unnest(tenants, ids, in_order) AS t (tenant, id, in_order)
          WHERE t.in_order;
    END IF;
END
$$;

CREATE FUNCTION webhooks.release_next(tenants text[], ids text[]) RETURNS void
    LANGUAGE sql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
    UPDATE webhooks.deliveries next SET due_at = now()
      FROM (SELECT DISTINCT d.tenant, d.endpoint_id, d.object_id
              FROM unnest(tenants, ids) AS ended (tenant, id)
              JOIN webhooks.deliveries d USING (tenant, id)
             WHERE d.object_id IS NOT NULL) AS line
     CROSS JOIN LATERAL (
           SELECT d.tenant, d.id, d.due_at FROM webhooks.deliveries d
            WHERE d.tenant = line.tenant AND d.endpoint_id = line.endpoint_id AND d.object_id = line.object_id
              AND NOT d.replay AND d.state IN ('pending', 'sending')
            ORDER BY d.sequence, d.event_id
            LIMIT 1) AS head
     WHERE next.tenant = head.tenant AND next.id = head.id AND head.due_at = 'infinity'
$$;

CREATE TABLE webhooks.endpoint_health (
    tenant text NOT NULL COLLATE pg_catalog."C",
    endpoint_id text NOT NULL COLLATE pg_catalog."C",
    consecutive_failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    open_until timestamp with time zone,
    last_success_at timestamp with time zone,
    last_failure_at timestamp with time zone,
    tokens double precision DEFAULT 0 NOT NULL,
    tokens_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (fillfactor='50');

COMMENT ON TABLE webhooks.endpoint_health IS 'What deliveries taught us about an endpoint, apart from what its owner decided; its row is the lock under which an endpoint''s deliveries are claimed.';

COMMENT ON COLUMN webhooks.endpoint_health.failing_since IS 'Since when every attempt has failed; null after a success.';

COMMENT ON COLUMN webhooks.endpoint_health.open_until IS 'The breaker: nothing is sent before, one at a time after.';

CREATE TABLE webhooks.endpoints (
    tenant text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    url text NOT NULL,
    description text NOT NULL,
    event_types text[] NOT NULL,
    store_ids text[] NOT NULL,
    signatures text[] NOT NULL,
    strict_order boolean NOT NULL,
    concurrency integer NOT NULL,
    rate_per_s integer,
    retry_waits_s double precision[],
    disabled_reason text,
    disabled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    told bigint DEFAULT 0 NOT NULL,
    CONSTRAINT endpoints_check CHECK (((disabled_reason IS NULL) = (disabled_at IS NULL))),
    CONSTRAINT endpoints_concurrency_check CHECK (((concurrency >= 1) AND (concurrency <= 100))),
    CONSTRAINT endpoints_disabled_reason_check CHECK ((disabled_reason = ANY (ARRAY['by_partner'::text, 'gone'::text, 'failing'::text]))),
    CONSTRAINT endpoints_rate_per_s_check CHECK (((rate_per_s >= 1) AND (rate_per_s <= 10000))),
    CONSTRAINT endpoints_signatures_check CHECK (((signatures <@ '{v1,v1a}'::text[]) AND (cardinality(signatures) > 0)))
);

COMMENT ON TABLE webhooks.endpoints IS 'Where a tenant wants its events. A disabled one still collects its deliveries, for recovery.';

COMMENT ON COLUMN webhooks.endpoints.event_types IS 'Types or <object>.*; empty takes all.';

COMMENT ON COLUMN webhooks.endpoints.store_ids IS 'Only events of these stores; empty takes all.';

COMMENT ON COLUMN webhooks.endpoints.strict_order IS 'Events of one object are sent one after another, each after the one before it is final.';

COMMENT ON COLUMN webhooks.endpoints.rate_per_s IS 'Most attempts a second, as a token bucket; null is unbounded.';

COMMENT ON COLUMN webhooks.endpoints.retry_waits_s IS 'Waits between attempts in place of the published schedule.';

COMMENT ON COLUMN webhooks.endpoints.told IS 'The `sequence` of the last event about the endpoint itself: a test, or that it was disabled.';

CREATE FUNCTION webhooks.slots(e webhooks.endpoints, h webhooks.endpoint_health, breaker_failures integer) RETURNS integer
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE WHEN e.disabled_reason IS NOT NULL OR h.open_until > now() THEN 0
                WHEN h.consecutive_failures >= breaker_failures THEN 1
                WHEN h.last_success_at > now() - interval '1 minute' THEN e.concurrency
                ELSE LEAST(e.concurrency, 8) END
$$;

CREATE FUNCTION webhooks.tokens(e webhooks.endpoints, h webhooks.endpoint_health) RETURNS double precision
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE WHEN e.rate_per_s IS NULL THEN e.concurrency
                ELSE LEAST(e.rate_per_s, h.tokens + e.rate_per_s
                           * GREATEST(0, extract(epoch FROM now() - h.tokens_at)::double precision)) END
$$;

CREATE TABLE gateway.checkout_sessions (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    store_id text COLLATE pg_catalog."C",
    terminal_id text COLLATE pg_catalog."C",
    client_id text NOT NULL COLLATE pg_catalog."C",
    merchant_order_no text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'open'::text NOT NULL,
    reason text,
    sequence integer DEFAULT 1 NOT NULL,
    currency text NOT NULL,
    order_minor bigint NOT NULL,
    payment_id text NOT NULL COLLATE pg_catalog."C",
    attempts smallint DEFAULT 1 NOT NULL,
    terms jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT checkout_sessions_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT checkout_sessions_end_once CHECK (((state = 'open'::text) = (ended_at IS NULL))),
    CONSTRAINT checkout_sessions_order_minor_check CHECK ((order_minor > 0)),
    CONSTRAINT checkout_sessions_say_why_they_expired CHECK (((state = 'expired'::text) = (reason IS NOT NULL))),
    CONSTRAINT checkout_sessions_state_check CHECK ((state = ANY (ARRAY['open'::text, 'completed'::text, 'expired'::text])))
);

COMMENT ON TABLE gateway.checkout_sessions IS 'An online order while it is being paid. Completed if and only if its latest attempt succeeded.';

COMMENT ON COLUMN gateway.checkout_sessions.sequence IS 'Counts changes; the sequence of the events about this session.';

COMMENT ON COLUMN gateway.checkout_sessions.payment_id IS 'The latest attempt; those before it failed.';

COMMENT ON COLUMN gateway.checkout_sessions.terms IS 'What the page shows and where it leads back to: lines, description, addresses, the shop''s own reference.';

CREATE TABLE gateway.credits (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    payment_id text NOT NULL COLLATE pg_catalog."C",
    offer_id text NOT NULL COLLATE pg_catalog."C",
    form text NOT NULL,
    unit text NOT NULL COLLATE pg_catalog."C",
    issuer text NOT NULL,
    payer_id text NOT NULL COLLATE pg_catalog."C",
    accounts text[] NOT NULL,
    amounts bigint[] NOT NULL,
    state text DEFAULT 'owed'::text NOT NULL,
    claimed bigint DEFAULT 0 NOT NULL,
    to_take bigint[] NOT NULL,
    taken bigint[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT credits_form_check CHECK ((form = ANY (ARRAY['cashback'::text, 'points'::text]))),
    CONSTRAINT credits_state_check CHECK ((state = ANY (ARRAY['owed'::text, 'given'::text])))
);

COMMENT ON TABLE gateway.credits IS 'Cashback and points that a payment earned: given once, taken back as it is refunded.';

COMMENT ON COLUMN gateway.credits.accounts IS 'Who gives it; amounts, to_take and taken stand in the same order.';

COMMENT ON COLUMN gateway.credits.claimed IS 'Of points: what refunds take from the wallet, those under way included.';

COMMENT ON COLUMN gateway.credits.to_take IS 'What is to come back from the wallet in all, by transfers of their own.';

COMMENT ON COLUMN gateway.credits.taken IS 'What of it has come.';

CREATE TABLE gateway.ended_visits (
    client_id text NOT NULL COLLATE pg_catalog."C",
    visit_id text NOT NULL COLLATE pg_catalog."C",
    expires_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE gateway.ended_visits IS 'Visits of consoles that somebody signed out of before their hours were over. The client''s rows.';

COMMENT ON COLUMN gateway.ended_visits.expires_at IS 'When the visit''s cookie would have ended by itself; the row is not needed after that.';

CREATE TABLE gateway.idempotency_keys (
    tenant text NOT NULL COLLATE pg_catalog."C",
    operation text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea NOT NULL,
    resource_id text NOT NULL COLLATE pg_catalog."C",
    sealed_secret bytea,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_fingerprint_check CHECK ((octet_length(fingerprint) = 32))
);

COMMENT ON COLUMN gateway.idempotency_keys.tenant IS 'Owner: the authenticated partner, issuer or client; anonymous callers are known by their request.';

COMMENT ON COLUMN gateway.idempotency_keys.fingerprint IS 'SHA-256 of method, actual path, query and canonical body.';

COMMENT ON COLUMN gateway.idempotency_keys.resource_id IS 'What the deed made; a repeat answers it as it is now.';

COMMENT ON COLUMN gateway.idempotency_keys.sealed_secret IS 'A one-time secret, encrypted; shown again for ten minutes, then dropped.';

CREATE TABLE gateway.payer_days (
    issuer text NOT NULL,
    payer_id text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    tier text NOT NULL,
    currency text NOT NULL,
    taken_minor bigint NOT NULL,
    CONSTRAINT payer_days_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT payer_days_taken_minor_check CHECK ((taken_minor >= 0)),
    CONSTRAINT payer_days_tier_check CHECK ((tier = ANY (ARRAY['static'::text, 'tier_c'::text, 'tier_b'::text, 'tier_a'::text])))
)
WITH (fillfactor='70');

COMMENT ON TABLE gateway.payer_days IS 'Exact under concurrency: a payment adds to its row in accept, by a conditional update; one that ends uncharged takes its part off again.';

COMMENT ON COLUMN gateway.payer_days.day IS 'Of Asia/Shanghai, as of the accept; a payment that ends later gives back to the day it was counted in.';

COMMENT ON COLUMN gateway.payer_days.taken_minor IS 'What was charged or may still be. Refunds give nothing back: the payment was made.';

CREATE TABLE gateway.payments (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    store_id text COLLATE pg_catalog."C",
    terminal_id text COLLATE pg_catalog."C",
    client_id text NOT NULL COLLATE pg_catalog."C",
    merchant_order_no text NOT NULL COLLATE pg_catalog."C",
    direction text NOT NULL,
    state text NOT NULL,
    reason text,
    sequence integer DEFAULT 1 NOT NULL,
    cancel_accepted boolean DEFAULT false NOT NULL,
    currency text NOT NULL,
    order_minor bigint NOT NULL,
    discount_minor bigint DEFAULT 0 NOT NULL,
    fee_minor bigint DEFAULT 0 NOT NULL,
    issuer text,
    payer_id text COLLATE pg_catalog."C",
    refunded_order_minor bigint DEFAULT 0 NOT NULL,
    refunded_paid_minor bigint DEFAULT 0 NOT NULL,
    refunded_legs bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    terms jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    failed boolean GENERATED ALWAYS AS ((state = ANY (ARRAY['declined'::text, 'expired'::text]))) STORED NOT NULL,
    lapses boolean GENERATED ALWAYS AS ((state = ANY (ARRAY['requires_payer'::text, 'requires_confirmation'::text, 'authorized'::text]))) STORED NOT NULL,
    CONSTRAINT payments_check CHECK (((discount_minor >= 0) AND (discount_minor <= order_minor))),
    CONSTRAINT payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT payments_direction_check CHECK ((direction = ANY (ARRAY['consumer_presented'::text, 'merchant_presented'::text, 'store_code'::text]))),
    CONSTRAINT payments_fee_minor_check CHECK ((fee_minor >= 0)),
    CONSTRAINT payments_order_minor_check CHECK ((order_minor >= 0)),
    CONSTRAINT payments_refund_at_most_the_order CHECK (((refunded_order_minor >= 0) AND (refunded_order_minor <= order_minor))),
    CONSTRAINT payments_refund_at_most_what_was_paid CHECK (((refunded_paid_minor >= 0) AND (refunded_paid_minor <= (order_minor - discount_minor)))),
    CONSTRAINT payments_state_check CHECK ((state = ANY (ARRAY['requires_payer'::text, 'requires_confirmation'::text, 'processing'::text, 'authorized'::text, 'capturing'::text, 'reversing'::text, 'succeeded'::text, 'declined'::text, 'expired'::text, 'canceled'::text, 'reversed'::text])))
)
WITH (fillfactor='50');

COMMENT ON TABLE gateway.payments IS 'One attempt to pay one order. A cancel that arrives before its order is a row too: canceled, with no amount.';

COMMENT ON COLUMN gateway.payments.sequence IS 'Counts changes; the sequence of the events about this payment.';

COMMENT ON COLUMN gateway.payments.cancel_accepted IS 'The merchant was told that the payer ends uncharged: whatever the core said late is given back.';

COMMENT ON COLUMN gateway.payments.refunded_order_minor IS 'In order amount, refunds that are still pending included.';

COMMENT ON COLUMN gateway.payments.refunded_paid_minor IS 'The payer''s part of it.';

COMMENT ON COLUMN gateway.payments.refunded_legs IS 'What went back over each leg of terms.legs; empty before the first refund.';

COMMENT ON COLUMN gateway.payments.terms IS 'What was agreed: the payer''s facts, the legs, the offers, what the receipt prints. Written at accept.';

COMMENT ON COLUMN gateway.payments.failed IS 'The order may be paid by another attempt.';

COMMENT ON COLUMN gateway.payments.lapses IS 'Somebody has to do something before it expires.';

CREATE TABLE gateway.points_accounts (
    issuer text NOT NULL,
    payer_id text NOT NULL COLLATE pg_catalog."C",
    unit text NOT NULL COLLATE pg_catalog."C",
    points bigint DEFAULT 0 NOT NULL
);

COMMENT ON TABLE gateway.points_accounts IS 'Points that a payer has not spent or had taken back, as far as they came through us; below zero is owed.';

CREATE TABLE gateway.refunds (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    payment_id text NOT NULL COLLATE pg_catalog."C",
    merchant_refund_no text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL,
    reason text,
    note text,
    automatic boolean DEFAULT false NOT NULL,
    order_minor bigint NOT NULL,
    paid_minor bigint NOT NULL,
    funded_minor bigint NOT NULL,
    fee_minor bigint NOT NULL,
    legs bigint[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    credits_back jsonb DEFAULT '[]'::jsonb NOT NULL,
    deducted_minor bigint DEFAULT 0 NOT NULL,
    CONSTRAINT refunds_check CHECK (((deducted_minor >= 0) AND (deducted_minor <= paid_minor))),
    CONSTRAINT refunds_fee_minor_check CHECK ((fee_minor >= 0)),
    CONSTRAINT refunds_funded_minor_check CHECK ((funded_minor >= 0)),
    CONSTRAINT refunds_order_minor_check CHECK ((order_minor > 0)),
    CONSTRAINT refunds_paid_minor_check CHECK ((paid_minor >= 0)),
    CONSTRAINT refunds_state_check CHECK ((state = ANY (ARRAY['processing'::text, 'succeeded'::text, 'failed'::text])))
);

COMMENT ON COLUMN gateway.refunds.automatic IS 'Made by us: the core debited after we had promised that it would not.';

COMMENT ON COLUMN gateway.refunds.legs IS 'What goes back over each leg of the payment, in the order of its legs.';

COMMENT ON COLUMN gateway.refunds.credits_back IS 'What it takes of cashback, points and waived fees, and from where.';

COMMENT ON COLUMN gateway.refunds.deducted_minor IS 'Of the payer''s part: cashback, and points spent already, which go to who funded them.';

CREATE UNLOGGED TABLE gateway.replicas (
    id uuid NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE gateway.replicas IS 'The bank owns it. A replica says every few seconds that it was asked something.';

CREATE TABLE gateway.return_origins (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    origins text[] NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT return_origins_origins_check CHECK ((cardinality(origins) <= 20))
);

COMMENT ON TABLE gateway.return_origins IS 'Where a merchant''s checkout pages may send a browser to: a key that asks for payments cannot choose another place.';

CREATE TABLE gateway.scans (
    issuer text NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    payer_id text NOT NULL COLLATE pg_catalog."C",
    partner_id text NOT NULL COLLATE pg_catalog."C",
    payment_id text NOT NULL COLLATE pg_catalog."C",
    payer jsonb NOT NULL,
    quote text NOT NULL,
    payable_minor bigint NOT NULL,
    declined boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE gateway.scans IS 'What one payer was shown of one order. It binds nobody: a hundred may scan, the first confirm is bound.';

CREATE TABLE gateway.store_scans (
    issuer text NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    payer jsonb NOT NULL,
    partner_id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    store_id text NOT NULL COLLATE pg_catalog."C",
    terminal_id text COLLATE pg_catalog."C",
    store_code_id text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE gateway.store_scans IS 'Who scanned which sticker. A payer pays by such a view for some minutes; it binds and reserves nothing.';

CREATE TABLE gateway.terminal_counters (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    terminal_id text NOT NULL COLLATE pg_catalog."C",
    latest bigint NOT NULL
)
WITH (fillfactor='70');

COMMENT ON TABLE gateway.terminal_counters IS 'The row is held from the number''s drawing to the commit, which is what makes the numbers commit in order.';

CREATE TABLE gateway.terminal_payments (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    terminal_id text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    payment_id text NOT NULL COLLATE pg_catalog."C"
);

COMMENT ON TABLE gateway.terminal_payments IS 'What a till has not asked for itself, numbered without gaps in the order of commits: who has seen a number has seen all before it.';

CREATE TABLE gateway.till_refund_days (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    terminal_id text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    currency text NOT NULL,
    taken_minor bigint NOT NULL,
    CONSTRAINT till_refund_days_taken_minor_check CHECK ((taken_minor >= 0))
)
WITH (fillfactor='70');

COMMENT ON TABLE gateway.till_refund_days IS 'What a till has given back by itself on a day of Asia/Shanghai, in order amount; refunds that failed included, for somebody tried.';

CREATE TABLE gateway.till_refunds_counted (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    terminal_id text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    refund_id text NOT NULL COLLATE pg_catalog."C"
);

COMMENT ON TABLE gateway.till_refunds_counted IS 'Which refunds a till''s day has counted already; tried again on another day, a refund counts in that day as well.';

CREATE TABLE gateway.transfer_attempts (
    owner_id text NOT NULL COLLATE pg_catalog."C",
    n integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    deed text NOT NULL,
    outcome text NOT NULL,
    detail text,
    took_ms integer NOT NULL,
    CONSTRAINT transfer_attempts_deed_check CHECK ((deed = ANY (ARRAY['send'::text, 'query'::text, 'reverse'::text])))
);

COMMENT ON TABLE gateway.transfer_attempts IS 'Every call to a core and what came of it, for the operators'' queue.';

CREATE TABLE gateway.transfers (
    owner_id text NOT NULL COLLATE pg_catalog."C",
    n integer NOT NULL,
    partner_id text NOT NULL COLLATE pg_catalog."C",
    purpose text NOT NULL,
    state text NOT NULL,
    instruction jsonb NOT NULL,
    outcome text,
    reason text,
    core_reference text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone NOT NULL,
    give_up_at timestamp with time zone,
    leased_until timestamp with time zone DEFAULT now() NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    final_at timestamp with time zone,
    CONSTRAINT transfers_final_has_an_outcome CHECK (((state = 'final'::text) = (outcome IS NOT NULL))),
    CONSTRAINT transfers_n_check CHECK ((n > 0)),
    CONSTRAINT transfers_state_check CHECK ((state = ANY (ARRAY['open'::text, 'undoing'::text, 'final'::text])))
);

COMMENT ON TABLE gateway.transfers IS 'Instructions to wallet cores. The id a core sees is owner_id.n; n moves on only after a final answer to n - 1.';

COMMENT ON COLUMN gateway.transfers.state IS 'open: an answer to sending or querying decides. undoing: only the answer to a reversal does. final: decided.';

COMMENT ON COLUMN gateway.transfers.due_at IS 'When the resolver looks at it next.';

COMMENT ON COLUMN gateway.transfers.give_up_at IS 'When the merchant wants it undone if it is not decided by then.';

COMMENT ON COLUMN gateway.transfers.fence IS 'Counts leases, so that a worker that was away cannot act on an old one.';

CREATE TABLE gateway.velocity (
    subject text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    payment_id text NOT NULL COLLATE pg_catalog."C",
    order_minor bigint NOT NULL
);

COMMENT ON TABLE gateway.velocity IS 'The pace of payers, terminals and merchants that a velocity rule watches; empty where no rule is set. Rows are only added, so that payments of one merchant do not wait for each other.';

COMMENT ON COLUMN gateway.velocity.subject IS 'A terminal''s or merchant''s id, or a payer as issuer:id; it names its owner.';

CREATE TABLE gateway.velocity_hits (
    no bigint NOT NULL,
    partner_id text NOT NULL COLLATE pg_catalog."C",
    payment_id text NOT NULL COLLATE pg_catalog."C",
    rule text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    measured bigint NOT NULL,
    rule_limit bigint NOT NULL,
    window_s integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT velocity_hits_action_check CHECK ((action = ANY (ARRAY['decline'::text, 'step_up'::text])))
);

COMMENT ON TABLE gateway.velocity_hits IS 'Which rule fired on which payment: for operators, never for its payer or merchant.';

ALTER TABLE gateway.velocity_hits ALTER COLUMN no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME gateway.velocity_hits_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE merchants.activation_codes (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    terminal_id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    store_id text NOT NULL COLLATE pg_catalog."C",
    selector_hash bytea NOT NULL,
    code_hash bytea NOT NULL,
    tries_left smallint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    client_id text COLLATE pg_catalog."C",
    scopes text[] NOT NULL,
    CONSTRAINT activation_codes_tries_left_check CHECK ((tries_left >= 0))
);

COMMENT ON TABLE merchants.activation_codes IS 'The latest code of each till, as keyed hashes: its first half finds the row, so that wrong second halves can be counted.';

COMMENT ON COLUMN merchants.activation_codes.client_id IS 'Set once used: the same code with the same key answers the same client again, should the answer have been lost.';

COMMENT ON COLUMN merchants.activation_codes.scopes IS 'What the till will be given: a till''s scopes, so far as the client that made the code had them itself.';

CREATE TABLE merchants.agreement_texts (
    sha256 bytea NOT NULL,
    version text NOT NULL,
    body text NOT NULL,
    first_seen timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT agreement_texts_sha256_check CHECK ((length(sha256) = 32))
);

COMMENT ON TABLE merchants.agreement_texts IS 'Every text of the agreement that was ever signed, word for word. The bank''s rows.';

CREATE TABLE merchants.agreements (
    application_id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text COLLATE pg_catalog."C",
    text_sha256 bytea NOT NULL,
    signer bytea,
    client_id text NOT NULL COLLATE pg_catalog."C",
    key_id text NOT NULL COLLATE pg_catalog."C",
    signed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

COMMENT ON TABLE merchants.agreements IS 'Who signed which text, with which key. Kept as long as the merchant and its retention time.';

COMMENT ON COLUMN merchants.agreements.signer IS 'Name and office of the signer and the JWS as it came, sealed for the application''s id; null once erased.';

CREATE TABLE merchants.applications (
    id text NOT NULL COLLATE pg_catalog."C",
    applicant_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    status text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    particulars bytea NOT NULL,
    credit_code text COLLATE pg_catalog."C",
    reason text DEFAULT ''::text NOT NULL,
    fee_basis_points integer,
    payment_limit_minor bigint,
    reviewer_id text COLLATE pg_catalog."C",
    approver_id text COLLATE pg_catalog."C",
    merchant_id text COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    submitted_at timestamp with time zone,
    decided_at timestamp with time zone,
    questions jsonb DEFAULT '[]'::jsonb NOT NULL,
    round integer DEFAULT 0 NOT NULL,
    steps text[] DEFAULT '{}'::text[] NOT NULL,
    status_since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    override_by text COLLATE pg_catalog."C",
    override_reason text,
    bulk_id text COLLATE pg_catalog."C",
    erased_at timestamp with time zone,
    CONSTRAINT applications_approved_by_somebody CHECK (((status <> ALL (ARRAY['approved'::text, 'active'::text])) OR ((approver_id IS NOT NULL) AND (merchant_id IS NOT NULL)))),
    CONSTRAINT applications_fee_basis_points_check CHECK (((fee_basis_points >= 0) AND (fee_basis_points <= 1000))),
    CONSTRAINT applications_kind_check CHECK ((kind = ANY (ARRAY['supermarket'::text, 'mall'::text, 'tenant'::text, 'platform'::text, 'seller'::text]))),
    CONSTRAINT applications_override_two_people CHECK (((override_by IS NULL) OR (approver_id IS NULL) OR (override_by <> approver_id))),
    CONSTRAINT applications_payment_limit_minor_check CHECK ((payment_limit_minor > 0)),
    CONSTRAINT applications_reviewed_with_terms CHECK (((status <> 'under_review'::text) OR ((reviewer_id IS NOT NULL) AND (fee_basis_points IS NOT NULL)))),
    CONSTRAINT applications_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'submitted'::text, 'under_review'::text, 'needs_more_info'::text, 'to_be_verified'::text, 'to_be_signed'::text, 'approved'::text, 'active'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text]))),
    CONSTRAINT applications_steps_check CHECK ((steps <@ ARRAY['verify_account'::text, 'sign'::text])),
    CONSTRAINT applications_two_people CHECK (((approver_id IS NULL) OR ((reviewer_id IS NOT NULL) AND (reviewer_id <> approver_id))))
);

COMMENT ON TABLE merchants.applications IS 'A request to become a merchant. The bank''s rows (partner number 0), for the bank reviews them all.';

COMMENT ON COLUMN merchants.applications.applicant_id IS 'Who may see it: the partner that applies for a sub-merchant; before approval the applicant''s own client, then the partner it became.';

COMMENT ON COLUMN merchants.applications.version IS 'Counts changes of state; the sequence of the events about this application.';

COMMENT ON COLUMN merchants.applications.particulars IS 'All that was declared (licence, people, contacts, accounts, scenes) as JSON, sealed for the application''s id.';

COMMENT ON COLUMN merchants.applications.credit_code IS 'Copied out of the sealed particulars, to find duplicates by.';

COMMENT ON COLUMN merchants.applications.reason IS 'What the operator or applicant said at the last change of state.';

COMMENT ON COLUMN merchants.applications.fee_basis_points IS 'Proposed by the reviewer, with the payment limit; the approver confirms the very same.';

COMMENT ON COLUMN merchants.applications.questions IS 'What the bank asked in the last round: a list of {pointer, note}; empty once it was submitted again.';

COMMENT ON COLUMN merchants.applications.round IS 'Counts the rounds in which the bank asked for more.';

COMMENT ON COLUMN merchants.applications.steps IS 'What is left after the approval: verify_account, sign.';

COMMENT ON COLUMN merchants.applications.status_since IS 'PostgreSQL''s clock at the last change of status; expiry counts from it.';

COMMENT ON COLUMN merchants.applications.override_by IS 'The reviewer who saw that a credit code is right although it breaks GB 32100-2015 (issued before the standard).';

COMMENT ON COLUMN merchants.applications.bulk_id IS 'The bulk file it came in, which is reviewed as one case.';

COMMENT ON COLUMN merchants.applications.erased_at IS 'When the retention job took what is personal out of it.';

CREATE TABLE merchants.assertion_jtis (
    client_id text NOT NULL COLLATE pg_catalog."C",
    jti text NOT NULL COLLATE pg_catalog."C",
    expires_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE merchants.assertion_jtis IS 'Assertions that have been used, until they expire: one works once, on whichever replica it arrives.';

CREATE TABLE merchants.audit (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL COLLATE pg_catalog."C",
    deed text NOT NULL,
    object_id text NOT NULL COLLATE pg_catalog."C",
    partner_id text COLLATE pg_catalog."C",
    reason text NOT NULL,
    facts jsonb NOT NULL
);

COMMENT ON TABLE merchants.audit IS 'Who did what to whose record and why. Rows are only added; partner_id is null for the bank''s own.';

ALTER TABLE merchants.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME merchants.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE merchants.bulk_lines (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    bulk_id text NOT NULL COLLATE pg_catalog."C",
    line integer NOT NULL,
    reference text DEFAULT ''::text NOT NULL,
    application_id text COLLATE pg_catalog."C",
    faults jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT bulk_lines_application_or_faults CHECK (((application_id IS NULL) = (faults <> '[]'::jsonb)))
);

COMMENT ON TABLE merchants.bulk_lines IS 'What became of each line: its application, or every fault with its field.';

CREATE TABLE merchants.bulk_pieces (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    bulk_id text NOT NULL COLLATE pg_catalog."C",
    first integer NOT NULL,
    rows bytea NOT NULL
);

COMMENT ON TABLE merchants.bulk_pieces IS 'The file''s lines until they were read, some at a time, sealed for the bulk''s id.';

CREATE TABLE merchants.bulks (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    format text NOT NULL,
    state text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    lines integer NOT NULL,
    read integer DEFAULT 0 NOT NULL,
    faulty integer DEFAULT 0 NOT NULL,
    admitted integer DEFAULT 0 NOT NULL,
    refused integer DEFAULT 0 NOT NULL,
    after_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    uploaded_by text NOT NULL COLLATE pg_catalog."C",
    reviewer_id text COLLATE pg_catalog."C",
    approver_id text COLLATE pg_catalog."C",
    fee_basis_points integer,
    payment_limit_minor bigint,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    erased_at timestamp with time zone,
    CONSTRAINT bulks_admitted_by_somebody CHECK (((state <> 'admitting'::text) OR (approver_id IS NOT NULL))),
    CONSTRAINT bulks_fee_basis_points_check CHECK (((fee_basis_points >= 0) AND (fee_basis_points <= 1000))),
    CONSTRAINT bulks_format_check CHECK ((format = ANY (ARRAY['csv'::text, 'jsonl'::text]))),
    CONSTRAINT bulks_kind_check CHECK ((kind = ANY (ARRAY['tenant'::text, 'seller'::text]))),
    CONSTRAINT bulks_payment_limit_minor_check CHECK ((payment_limit_minor > 0)),
    CONSTRAINT bulks_state_check CHECK ((state = ANY (ARRAY['reading'::text, 'checked'::text, 'under_review'::text, 'admitting'::text, 'done'::text, 'rejected'::text]))),
    CONSTRAINT bulks_two_people CHECK (((approver_id IS NULL) OR ((reviewer_id IS NOT NULL) AND (reviewer_id <> approver_id))))
);

COMMENT ON TABLE merchants.bulks IS 'A file of sub-merchants: read line by line, reviewed as one case, admitted by the operators'' two signatures on each.';

COMMENT ON COLUMN merchants.bulks.read IS 'Lines that have their result; a restarted worker goes on behind them.';

COMMENT ON COLUMN merchants.bulks.after_id IS 'The last application that was admitted or refused; a restarted worker goes on behind it.';

COMMENT ON COLUMN merchants.bulks.erased_at IS 'When the retention job took the partner''s own references out of its lines.';

CREATE TABLE merchants.change_requests (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    sections text[] NOT NULL,
    changes bytea,
    record_version integer NOT NULL,
    requested_by text NOT NULL COLLATE pg_catalog."C",
    reviewer_id text COLLATE pg_catalog."C",
    approver_id text COLLATE pg_catalog."C",
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    decided_at timestamp with time zone,
    erased_at timestamp with time zone,
    place_id text COLLATE pg_catalog."C",
    CONSTRAINT change_requests_approved_by_somebody CHECK (((status <> 'approved'::text) OR (approver_id IS NOT NULL))),
    CONSTRAINT change_requests_status_check CHECK ((status = ANY (ARRAY['submitted'::text, 'under_review'::text, 'approved'::text, 'rejected'::text, 'withdrawn'::text]))),
    CONSTRAINT change_requests_two_people CHECK (((approver_id IS NULL) OR ((reviewer_id IS NOT NULL) AND (reviewer_id <> approver_id) AND (requested_by <> approver_id))))
);

COMMENT ON TABLE merchants.change_requests IS 'A wish to change what is live: a partner''s, or an operator''s for fee and limit. Nothing changes until it is approved.';

COMMENT ON COLUMN merchants.change_requests.changes IS 'The sections as they shall be, as JSON, sealed for the request''s id; null once erased.';

COMMENT ON COLUMN merchants.change_requests.record_version IS 'Of the merchant''s record when it was asked for.';

COMMENT ON COLUMN merchants.change_requests.place_id IS 'The store or terminal whose fee and limit shall change; null where it is the merchant itself.';

CREATE TABLE merchants.client_keys (
    key_id text NOT NULL COLLATE pg_catalog."C",
    client_id text NOT NULL COLLATE pg_catalog."C",
    purpose text NOT NULL,
    slot smallint NOT NULL,
    algorithm text NOT NULL,
    jwk jsonb NOT NULL,
    thumbprint text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT client_keys_algorithm_check CHECK ((algorithm = ANY (ARRAY['EdDSA'::text, 'ES256'::text, 'PS256'::text]))),
    CONSTRAINT client_keys_purpose_check CHECK ((purpose = ANY (ARRAY['assertion'::text, 'agreement'::text]))),
    CONSTRAINT client_keys_slot_check CHECK ((slot = ANY (ARRAY[1, 2])))
);

COMMENT ON TABLE merchants.client_keys IS 'Public keys our clients uploaded; never fetched from anywhere. The algorithm is the key''s, never the message''s.';

COMMENT ON COLUMN merchants.client_keys.thumbprint IS 'RFC 7638, SHA-256, base64url.';

CREATE TABLE merchants.clients (
    client_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    name text NOT NULL,
    partner_id text COLLATE pg_catalog."C",
    merchant_id text COLLATE pg_catalog."C",
    store_id text COLLATE pg_catalog."C",
    terminal_id text COLLATE pg_catalog."C",
    application_id text COLLATE pg_catalog."C",
    issuer text COLLATE pg_catalog."C",
    scopes text[] NOT NULL,
    roles text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    revoked_at timestamp with time zone,
    dpop_bound_access_tokens boolean DEFAULT false NOT NULL,
    external_subject text COLLATE pg_catalog."C",
    CONSTRAINT clients_check CHECK (
CASE kind
    WHEN 'partner'::text THEN ((num_nonnulls(partner_id, merchant_id) = 2) AND (num_nonnulls(store_id, terminal_id, issuer) = 0))
    WHEN 'terminal'::text THEN ((num_nonnulls(partner_id, merchant_id, store_id, terminal_id) = 4) AND (num_nonnulls(application_id, issuer) = 0))
    WHEN 'wallet'::text THEN ((issuer IS NOT NULL) AND (num_nonnulls(partner_id, merchant_id, store_id, terminal_id, application_id) = 0))
    WHEN 'operator'::text THEN ((cardinality(roles) > 0) AND (num_nonnulls(partner_id, merchant_id, store_id, terminal_id, application_id, issuer) = 0))
    WHEN 'applicant'::text THEN ((application_id IS NOT NULL) AND (num_nonnulls(partner_id, merchant_id, store_id, terminal_id, issuer) = 0))
    ELSE NULL::boolean
END),
    CONSTRAINT clients_check1 CHECK (((kind = 'operator'::text) OR (cardinality(roles) = 0))),
    CONSTRAINT clients_check2 CHECK (((external_subject IS NULL) OR (kind = 'operator'::text))),
    CONSTRAINT clients_kind_check CHECK ((kind = ANY (ARRAY['partner'::text, 'terminal'::text, 'wallet'::text, 'operator'::text, 'applicant'::text]))),
    CONSTRAINT clients_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT clients_roles_check CHECK ((roles <@ ARRAY['reviewer'::text, 'approver'::text, 'risk'::text, 'auditor'::text]))
);

COMMENT ON TABLE merchants.clients IS 'A principal that signs in with its own key: a partner''s server, a till, a wallet backend, an operator, an applicant.';

COMMENT ON COLUMN merchants.clients.dpop_bound_access_tokens IS 'RFC 9449, section 5.2: this client gets no token that works without a proof of possession.';

COMMENT ON COLUMN merchants.clients.external_subject IS 'Issuer and `sub` at the bank''s identity provider: one person is one client, so two pairs of eyes are two people.';

CREATE TABLE merchants.coupons (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    offer_id text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    issuer text NOT NULL,
    payer_id text NOT NULL COLLATE pg_catalog."C",
    person text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL,
    payment_id text COLLATE pg_catalog."C",
    points bigint,
    unit text COLLATE pg_catalog."C",
    good_until timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT coupons_state_check CHECK ((state = ANY (ARRAY['awaits_points'::text, 'held'::text, 'used'::text, 'refused'::text]))),
    CONSTRAINT coupons_with_a_payment CHECK (((state = 'used'::text) = (payment_id IS NOT NULL)))
);

COMMENT ON TABLE merchants.coupons IS 'Claimed coupons. Pushed ones have no row: everybody in the segment holds one.';

COMMENT ON COLUMN merchants.coupons.points IS 'What it cost its claimer, of this unit; until the core took them it awaits_points.';

CREATE TABLE merchants.customers (
    owner text NOT NULL COLLATE pg_catalog."C",
    person text NOT NULL COLLATE pg_catalog."C",
    payment_id text NOT NULL COLLATE pg_catalog."C",
    paid boolean NOT NULL,
    again boolean DEFAULT false NOT NULL,
    met_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE merchants.customers IS 'Who paid a partner, or with a wallet, for the first time, and by which payment; it is what "first" means.';

COMMENT ON COLUMN merchants.customers.owner IS 'A partner''s id, or ''wallet'' for the issuer that the person carries.';

COMMENT ON COLUMN merchants.customers.paid IS 'False while a payment under way holds the right to a first purchase.';

COMMENT ON COLUMN merchants.customers.again IS 'They paid by another payment too: a refund of the first gives no right back.';

CREATE TABLE merchants.documents (
    subject_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    media_type text NOT NULL,
    size_bytes integer NOT NULL,
    sha256 bytea NOT NULL,
    content bytea,
    round integer NOT NULL,
    uploaded_by text NOT NULL COLLATE pg_catalog."C",
    uploaded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    replaced_at timestamp with time zone,
    erased_at timestamp with time zone,
    page smallint DEFAULT 1 NOT NULL,
    CONSTRAINT documents_content_until_erased CHECK (((content IS NULL) = (erased_at IS NOT NULL))),
    CONSTRAINT documents_kind_check CHECK ((kind = ANY (ARRAY['business_licence'::text, 'representative_id'::text, 'owner_id'::text, 'bank_account'::text, 'store_photo'::text, 'qualification'::text, 'agreement'::text, 'other'::text]))),
    CONSTRAINT documents_media_type_check CHECK ((media_type = ANY (ARRAY['image/jpeg'::text, 'image/png'::text, 'application/pdf'::text]))),
    CONSTRAINT documents_page_check CHECK (((page >= 1) AND (page <= 20))),
    CONSTRAINT documents_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT documents_size_bytes_check CHECK ((size_bytes > 0))
);

COMMENT ON TABLE merchants.documents IS 'Pictures and PDFs of an application or a change request. Replaced ones stay for the trail until the retention job.';

COMMENT ON COLUMN merchants.documents.sha256 IS 'Of the bytes as they were uploaded, so that an applicant recognises its file.';

COMMENT ON COLUMN merchants.documents.content IS 'Re-encoded, then sealed for the document''s id; null once erased.';

COMMENT ON COLUMN merchants.documents.page IS 'Papers of one kind: the two sides of an identity card, one owner''s after another''s, the pages of a permit.';

CREATE TABLE merchants.key_enrolments (
    reset_id text NOT NULL COLLATE pg_catalog."C",
    client_id text NOT NULL COLLATE pg_catalog."C",
    code_hashes bytea[] NOT NULL,
    tries_left smallint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    key_id text COLLATE pg_catalog."C",
    CONSTRAINT key_enrolments_code_hashes_check CHECK ((cardinality(code_hashes) = 2)),
    CONSTRAINT key_enrolments_tries_left_check CHECK ((tries_left >= 0))
);

COMMENT ON TABLE merchants.key_enrolments IS 'The code by which a client that lost its keys uploads a new one, once; it has the owner of the client.';

COMMENT ON COLUMN merchants.key_enrolments.code_hashes IS 'Keyed hashes of its two halves, each of which one of the two operators was shown.';

COMMENT ON COLUMN merchants.key_enrolments.key_id IS 'Set once used: the same code with the same key answers the same again, should the answer have been lost.';

CREATE SEQUENCE merchants.merchant_number
    START WITH 10000000000001
    INCREMENT BY 1
    MINVALUE 10000000000001
    MAXVALUE 99999999999999
    CACHE 1;

CREATE TABLE merchants.merchant_records (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    particulars bytea,
    version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    erased_at timestamp with time zone
);

COMMENT ON COLUMN merchants.merchant_records.particulars IS 'As in merchants.applications, sealed for the merchant''s id.';

COMMENT ON COLUMN merchants.merchant_records.version IS 'Counts changes; a change request that was made against an older one is refused.';

CREATE TABLE merchants.merchants (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    application_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    status text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    merchant_number text NOT NULL COLLATE pg_catalog."C",
    credit_code text NOT NULL COLLATE pg_catalog."C",
    licence_name text NOT NULL,
    short_name text NOT NULL,
    city text NOT NULL,
    mcc text NOT NULL,
    currency text NOT NULL,
    fee_basis_points integer NOT NULL,
    payment_limit_minor bigint,
    settlement_account bytea,
    settlement_last_four text NOT NULL,
    offers_version bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT merchants_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT merchants_fee_basis_points_check CHECK (((fee_basis_points >= 0) AND (fee_basis_points <= 1000))),
    CONSTRAINT merchants_kind_check CHECK ((kind = ANY (ARRAY['supermarket'::text, 'mall'::text, 'tenant'::text, 'platform'::text, 'seller'::text]))),
    CONSTRAINT merchants_mcc_check CHECK ((mcc ~ '^[0-9]{4}$'::text)),
    CONSTRAINT merchants_merchant_number_check CHECK ((merchant_number ~ '^[0-9]{15}$'::text)),
    CONSTRAINT merchants_partner_or_sub_merchant CHECK (((partner_id = id) = (kind <> ALL (ARRAY['tenant'::text, 'seller'::text])))),
    CONSTRAINT merchants_payment_limit_minor_check CHECK ((payment_limit_minor > 0)),
    CONSTRAINT merchants_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text, 'closed'::text])))
);

COMMENT ON TABLE merchants.merchants IS 'Who is paid. A partner is the row whose id is its own partner_id; its sub-merchants carry its id.';

COMMENT ON COLUMN merchants.merchants.version IS 'Counts changes of state; the sequence of the events about this merchant.';

COMMENT ON COLUMN merchants.merchants.city IS 'As printed in an EMV merchant-presented code (tag 60).';

COMMENT ON COLUMN merchants.merchants.fee_basis_points IS 'Hundredths of a percent of paid plus funded amount.';

COMMENT ON COLUMN merchants.merchants.payment_limit_minor IS 'Largest single payment; null is no limit of this level''s own.';

COMMENT ON COLUMN merchants.merchants.settlement_account IS 'Name, bank, branch and account number as JSON, sealed for the merchant''s id; null once erased.';

COMMENT ON COLUMN merchants.merchants.offers_version IS 'On the partner''s row: raised whenever what is live among its offers changes, so that a cache of them can tell it is stale.';

CREATE TABLE merchants.offer_counters (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    offer_id text NOT NULL COLLATE pg_catalog."C",
    scope text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    taken_minor bigint NOT NULL,
    uses bigint NOT NULL,
    limit_minor bigint,
    limit_uses bigint,
    CONSTRAINT offer_counters_scope_check CHECK ((scope = ANY (ARRAY['total'::text, 'day'::text, 'store'::text, 'person'::text, 'person_day'::text, 'copies'::text, 'claimer'::text]))),
    CONSTRAINT offer_counters_taken_minor_check CHECK ((taken_minor >= 0)),
    CONSTRAINT offer_counters_uses_check CHECK ((uses >= 0))
)
WITH (fillfactor='50');

COMMENT ON TABLE merchants.offer_counters IS 'What is taken of each bound of an offer, reserved and redeemed alike: concluding a payment need not touch it.';

COMMENT ON COLUMN merchants.offer_counters.key IS 'A day, store or person; empty for total, and for sales without a store.';

COMMENT ON COLUMN merchants.offer_counters.limit_minor IS 'The bound as of the latest reservation, for figures.';

CREATE TABLE merchants.offer_funders (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    offer_id text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    funder_id text NOT NULL COLLATE pg_catalog."C",
    accepted_by text COLLATE pg_catalog."C",
    accepted_at timestamp with time zone,
    withdrawn_at timestamp with time zone,
    CONSTRAINT offer_funders_stand_or_not CHECK (((accepted_at IS NULL) OR (withdrawn_at IS NULL)))
);

COMMENT ON TABLE merchants.offer_funders IS 'Third parties that a version would have pay: none pays for what it did not accept under the version''s hash.';

COMMENT ON COLUMN merchants.offer_funders.withdrawn_at IS 'When it took its share of this version back: no payment gets the offer from then on, by this version.';

CREATE TABLE merchants.offer_reservations (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    payment_id text NOT NULL COLLATE pg_catalog."C",
    offer_id text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    state text NOT NULL,
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    store_id text COLLATE pg_catalog."C",
    person_id text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL,
    order_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    returned_minor bigint DEFAULT 0 NOT NULL,
    accounts text[] NOT NULL,
    tenants text[] NOT NULL,
    shares_minor bigint[] NOT NULL,
    shares_returned bigint[] NOT NULL,
    scopes text[] NOT NULL,
    keys text[] NOT NULL,
    refund_returns boolean NOT NULL,
    reserved_at timestamp with time zone DEFAULT now() NOT NULL,
    settled_at timestamp with time zone,
    form text DEFAULT 'discount'::text NOT NULL,
    unit text COLLATE pg_catalog."C",
    rights text,
    CONSTRAINT offer_reservations_check CHECK (((returned_minor >= 0) AND (returned_minor <= discount_minor))),
    CONSTRAINT offer_reservations_discount_minor_check CHECK ((discount_minor > 0)),
    CONSTRAINT offer_reservations_form_check CHECK ((form = ANY (ARRAY['discount'::text, 'cashback'::text, 'points'::text, 'fee_waiver'::text]))),
    CONSTRAINT offer_reservations_rights_check CHECK ((rights = ANY (ARRAY['coupon'::text, 'first'::text]))),
    CONSTRAINT offer_reservations_state_check CHECK ((state = ANY (ARRAY['reserved'::text, 'redeemed'::text, 'released'::text]))),
    CONSTRAINT reservations_settled CHECK (((state = 'reserved'::text) = (settled_at IS NULL))),
    CONSTRAINT reservations_shares CHECK (((cardinality(shares_minor) = cardinality(accounts)) AND (cardinality(tenants) = cardinality(accounts)) AND (cardinality(shares_returned) = cardinality(accounts))))
)
WITH (fillfactor='60');

COMMENT ON TABLE merchants.offer_reservations IS 'An offer''s part in a payment. It has no expiry: only its payment''s transition ends it.';

COMMENT ON COLUMN merchants.offer_reservations.person_id IS 'The natural person, with the issuer that knows them by this id.';

COMMENT ON COLUMN merchants.offer_reservations.discount_minor IS 'What is given, in the form and unit of this row: a discount, cashback or fee in minor units, or points.';

COMMENT ON COLUMN merchants.offer_reservations.returned_minor IS 'What refunds gave back to the funders, the sum of shares_returned.';

COMMENT ON COLUMN merchants.offer_reservations.accounts IS 'The funders'' accounts; tenants and shares stand in the same order.';

COMMENT ON COLUMN merchants.offer_reservations.scopes IS 'With keys: the counters it took from and may give back to.';

COMMENT ON COLUMN merchants.offer_reservations.unit IS 'points:<programme>; null where the order''s currency is meant.';

COMMENT ON COLUMN merchants.offer_reservations.rights IS 'What of the payer''s it used up: a coupon, or the right to a first purchase.';

CREATE TABLE merchants.offer_versions (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    offer_id text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    deal jsonb NOT NULL,
    hash text NOT NULL COLLATE pg_catalog."C",
    made_by text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    partner_accepted_by text COLLATE pg_catalog."C",
    partner_accepted_at timestamp with time zone,
    bank_accepted_by text COLLATE pg_catalog."C",
    bank_accepted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    least_minor bigint DEFAULT 1 NOT NULL,
    CONSTRAINT offer_versions_hash_check CHECK ((hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT offer_versions_made_by_check CHECK ((made_by = ANY (ARRAY['bank'::text, 'partner'::text])))
);

COMMENT ON TABLE merchants.offer_versions IS 'Terms as they were put on the table; never changed, only accepted.';

COMMENT ON COLUMN merchants.offer_versions.deal IS 'merchants.offers.offer.Deal as JSON.';

COMMENT ON COLUMN merchants.offer_versions.hash IS 'What both sides accept: SHA-256 of id, partner, version and deal.';

COMMENT ON COLUMN merchants.offer_versions.starts_on IS 'Copied out of the deal, with ends_on, for what sweeps: days of Asia/Shanghai.';

COMMENT ON COLUMN merchants.offer_versions.least_minor IS 'The least its terms ever give, in what they give; an offer with less left gives nothing any more.';

CREATE TABLE merchants.offers (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL,
    version integer NOT NULL,
    sequence integer DEFAULT 1 NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    paused_by text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    told_80_version integer DEFAULT 0 NOT NULL,
    CONSTRAINT offers_paused_by_check CHECK ((array_to_string(paused_by, ','::text, '?'::text) ~ '^((bank|partner|mer_[^,?]+)(,|$))*$'::text)),
    CONSTRAINT offers_paused_by_somebody CHECK (((state = 'paused'::text) = (cardinality(paused_by) > 0))),
    CONSTRAINT offers_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'proposed'::text, 'countered'::text, 'agreed'::text, 'scheduled'::text, 'live'::text, 'paused'::text, 'exhausted'::text, 'ended'::text]))),
    CONSTRAINT offers_version_check CHECK ((version > 0))
);

COMMENT ON TABLE merchants.offers IS 'An offer''s state and which of its versions counts; the terms are the version''s.';

COMMENT ON COLUMN merchants.offers.sequence IS 'Counts changes of state and version; the sequence of the events about this offer.';

COMMENT ON COLUMN merchants.offers.reason IS 'What whoever changed the state last said.';

COMMENT ON COLUMN merchants.offers.paused_by IS 'Who wants it paused: a side, or a third party that pays. Each pauses at once, and it runs again when nobody wants to.';

COMMENT ON COLUMN merchants.offers.told_80_version IS 'The version of which offer.budget_80 was published.';

CREATE TABLE merchants.operator_proposals (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    roles text[] NOT NULL,
    jwk jsonb NOT NULL,
    proposed_by text NOT NULL COLLATE pg_catalog."C",
    proposed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    decided_by text COLLATE pg_catalog."C",
    decided_at timestamp with time zone,
    client_id text COLLATE pg_catalog."C",
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT operator_proposals_made_by_a_second CHECK (((client_id IS NULL) OR (decided_by IS NOT NULL))),
    CONSTRAINT operator_proposals_two_people CHECK (((decided_by IS NULL) OR (decided_by <> proposed_by)))
);

COMMENT ON TABLE merchants.operator_proposals IS 'Whom one operator wants to let in, until another confirms it or turns it down (client_id stays null).';

COMMENT ON COLUMN merchants.operator_proposals.decided_by IS 'Another operator; `system` where a sandbox''s first operator has nobody yet whom it could ask.';

COMMENT ON COLUMN merchants.operator_proposals.client_id IS 'The operator it has become; null until somebody else confirms it, and for good where it was turned down.';

CREATE TABLE merchants.operator_sessions (
    session_id text NOT NULL COLLATE pg_catalog."C",
    client_id text NOT NULL COLLATE pg_catalog."C",
    sign_in bytea NOT NULL,
    roles text[] NOT NULL,
    signed_in_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT operator_sessions_roles_check CHECK ((cardinality(roles) > 0)),
    CONSTRAINT operator_sessions_session_id_check CHECK ((session_id ~~ 'ses\_%'::text)),
    CONSTRAINT operator_sessions_sign_in_check CHECK ((octet_length(sign_in) = 32))
);

COMMENT ON TABLE merchants.operator_sessions IS 'An operator who has signed in at the bank''s identity provider; stands where a key stands for other clients.';

COMMENT ON COLUMN merchants.operator_sessions.sign_in IS 'Digest of the nonce: a sign-in is completed once.';

CREATE SEQUENCE merchants.partner_number
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE merchants.proposals (
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    client_id text NOT NULL COLLATE pg_catalog."C",
    partner_id text COLLATE pg_catalog."C",
    content jsonb NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    proposed_by text NOT NULL COLLATE pg_catalog."C",
    proposed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    decided_by text COLLATE pg_catalog."C",
    decided_at timestamp with time zone,
    accepted boolean,
    decision_reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT proposals_decided_whole CHECK ((num_nonnulls(decided_by, decided_at, accepted) = ANY (ARRAY[0, 3]))),
    CONSTRAINT proposals_kind_check CHECK ((kind = ANY (ARRAY['wallet'::text, 'key_reset'::text]))),
    CONSTRAINT proposals_two_people CHECK (((decided_by IS NULL) OR (decided_by <> proposed_by)))
);

COMMENT ON TABLE merchants.proposals IS 'What one operator wants to do about a client, until another confirms it or turns it down. The bank''s rows.';

COMMENT ON COLUMN merchants.proposals.client_id IS 'Whom it is about; a wallet''s backend is made under this id.';

COMMENT ON COLUMN merchants.proposals.content IS 'A wallet''s issuer, name and public key; a reset''s half of a code, as a keyed hash.';

COMMENT ON COLUMN merchants.proposals.decided_by IS 'Another operator; `system` for a wallet where a sandbox''s first operator has nobody yet whom it could ask.';

CREATE TABLE merchants.search_index (
    field text NOT NULL,
    hash bytea NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT search_index_field_check CHECK ((field = ANY (ARRAY['document_number'::text, 'account_number'::text, 'phone'::text, 'email'::text])))
);

COMMENT ON TABLE merchants.search_index IS 'Keyed hashes of sealed fields, for exact search by the bank''s people. subject_id is an application or a merchant.';

CREATE TABLE merchants.signing_keys (
    purpose text NOT NULL,
    key_id text NOT NULL COLLATE pg_catalog."C",
    public_key bytea NOT NULL,
    sealed_private_key bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    signs_from timestamp with time zone NOT NULL,
    verifies_until timestamp with time zone,
    CONSTRAINT signing_keys_key_id_check CHECK ((key_id ~ '^[0-9A-Z]{2}$'::text)),
    CONSTRAINT signing_keys_public_key_check CHECK ((length(public_key) = 32)),
    CONSTRAINT signing_keys_purpose_check CHECK ((purpose = ANY (ARRAY['qr'::text, 'store_qr'::text, 'token'::text, 'webhook'::text, 'core'::text, 'checkout'::text])))
);

COMMENT ON TABLE merchants.signing_keys IS 'The gateway''s own Ed25519 keys. The bank owns every row; two characters, as an order code has room for no more.';

COMMENT ON COLUMN merchants.signing_keys.signs_from IS 'Later than created_at, so that every verifier has fetched the key before it meets a signature by it.';

COMMENT ON COLUMN merchants.signing_keys.verifies_until IS 'Set when a newer key takes over: the end of the longest-lived thing this key has signed.';

CREATE TABLE merchants.stores (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    status text DEFAULT 'active'::text NOT NULL,
    name text NOT NULL,
    area_code text NOT NULL,
    address text NOT NULL,
    payment_limit_minor bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    fee_basis_points integer,
    CONSTRAINT stores_area_code_check CHECK ((area_code ~ '^[0-9]{6}$'::text)),
    CONSTRAINT stores_fee_basis_points_check CHECK (((fee_basis_points >= 0) AND (fee_basis_points <= 1000))),
    CONSTRAINT stores_payment_limit_minor_check CHECK ((payment_limit_minor > 0)),
    CONSTRAINT stores_status_check CHECK ((status = ANY (ARRAY['active'::text, 'closed'::text])))
);

COMMENT ON COLUMN merchants.stores.area_code IS 'County by GB/T 2260.';

COMMENT ON COLUMN merchants.stores.fee_basis_points IS 'Null: as the merchant''s.';

CREATE TABLE merchants.terminals (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    store_id text NOT NULL COLLATE pg_catalog."C",
    status text DEFAULT 'active'::text NOT NULL,
    label text NOT NULL,
    payment_limit_minor bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    fee_basis_points integer,
    CONSTRAINT terminals_fee_basis_points_check CHECK (((fee_basis_points >= 0) AND (fee_basis_points <= 1000))),
    CONSTRAINT terminals_payment_limit_minor_check CHECK ((payment_limit_minor > 0)),
    CONSTRAINT terminals_status_check CHECK ((status = ANY (ARRAY['active'::text, 'retired'::text])))
);

COMMENT ON TABLE merchants.terminals IS 'A till as a place in a store. The device that stands there enrols as a client of its own.';

COMMENT ON COLUMN merchants.terminals.fee_basis_points IS 'Null: as the store''s.';

CREATE TABLE merchants.used_proofs (
    slot smallint NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT used_proofs_digest_check CHECK ((octet_length(digest) = 32))
)
PARTITION BY LIST (slot);

COMMENT ON TABLE merchants.used_proofs IS 'DPoP proofs that have been used. The caller owns its row: the digest is over its key and its jti.';

CREATE TABLE merchants.used_proofs_0 (
    slot smallint CONSTRAINT used_proofs_slot_not_null NOT NULL,
    digest bytea CONSTRAINT used_proofs_digest_not_null NOT NULL,
    CONSTRAINT used_proofs_digest_check CHECK ((octet_length(digest) = 32))
);

CREATE TABLE merchants.used_proofs_1 (
    slot smallint CONSTRAINT used_proofs_slot_not_null NOT NULL,
    digest bytea CONSTRAINT used_proofs_digest_not_null NOT NULL,
    CONSTRAINT used_proofs_digest_check CHECK ((octet_length(digest) = 32))
);

CREATE TABLE merchants.used_proofs_2 (
    slot smallint CONSTRAINT used_proofs_slot_not_null NOT NULL,
    digest bytea CONSTRAINT used_proofs_digest_not_null NOT NULL,
    CONSTRAINT used_proofs_digest_check CHECK ((octet_length(digest) = 32))
);

CREATE TABLE merchants.used_proofs_3 (
    slot smallint CONSTRAINT used_proofs_slot_not_null NOT NULL,
    digest bytea CONSTRAINT used_proofs_digest_not_null NOT NULL,
    CONSTRAINT used_proofs_digest_check CHECK ((octet_length(digest) = 32))
);

CREATE TABLE merchants.verifications (
    id text NOT NULL COLLATE pg_catalog."C",
    application_id text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL,
    account_hash bytea NOT NULL,
    sealed bytea,
    tries smallint DEFAULT 0 NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    sent_at timestamp with time zone,
    expires_at timestamp with time zone,
    closed_at timestamp with time zone,
    CONSTRAINT verifications_sent_expires CHECK (((state = 'sent'::text) <= (expires_at IS NOT NULL))),
    CONSTRAINT verifications_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'sent'::text, 'verified'::text, 'failed'::text, 'refused'::text, 'expired'::text, 'dropped'::text]))),
    CONSTRAINT verifications_tries_check CHECK (((tries >= 0) AND (tries <= 3)))
);

COMMENT ON TABLE merchants.verifications IS 'Two small credits to a settlement account whose sum its holder has to name. Owner of the transfers id.1 and id.2.';

COMMENT ON COLUMN merchants.verifications.account_hash IS 'Keyed hash of the account number: tries are bounded by account, whoever applies.';

COMMENT ON COLUMN merchants.verifications.sealed IS 'The two amounts and the beneficiary, sealed for the verification''s id; null once erased.';

CREATE TABLE merchants.wind_downs (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    status text NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    due_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    done_at timestamp with time zone,
    after_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT wind_downs_status_check CHECK ((status = ANY (ARRAY['suspended'::text, 'closed'::text])))
);

COMMENT ON TABLE merchants.wind_downs IS 'Merchants whose unpaid payments, codes and offers the worker still has to end.';

COMMENT ON COLUMN merchants.wind_downs.after_id IS 'The last payment that was looked at in this round, so that one that cannot be ended keeps nobody behind it waiting.';

CREATE TABLE qr.code_credentials (
    id text NOT NULL COLLATE pg_catalog."C",
    issuer text NOT NULL,
    payer_id text NOT NULL,
    person_id text NOT NULL,
    segments text[] NOT NULL,
    factors smallint NOT NULL,
    certificate boolean NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    renewed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT code_credentials_factors_check CHECK (((factors >= 0) AND (factors <= 3)))
);

COMMENT ON TABLE qr.code_credentials IS 'Phones that make payment codes without a network, and whose they are.';

CREATE TABLE qr.credential_numbers (
    number integer NOT NULL,
    credential_id text NOT NULL COLLATE pg_catalog."C",
    sealed_secret bytea NOT NULL,
    issued_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_step bigint DEFAULT 0 NOT NULL,
    wrong_codes smallint DEFAULT 0 NOT NULL,
    payment_id text COLLATE pg_catalog."C",
    CONSTRAINT credential_numbers_number_check CHECK (((number >= 0) AND (number <= 999999999)))
)
WITH (fillfactor='80');

COMMENT ON TABLE qr.credential_numbers IS 'What a phone''s codes begin with; another with every renewal, so that shops cannot follow it.';

COMMENT ON COLUMN qr.credential_numbers.last_step IS 'The minute that paid last: no code of it or before pays again.';

COMMENT ON COLUMN qr.credential_numbers.wrong_codes IS 'Five force the phone online; its payer is never locked out.';

CREATE TABLE qr.order_codes (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    partner_no bigint NOT NULL,
    serial bigint NOT NULL,
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    payment_id text NOT NULL COLLATE pg_catalog."C",
    form text NOT NULL,
    payee_name text NOT NULL,
    payload text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT order_codes_form_check CHECK ((form = ANY (ARRAY['emv'::text, 'link'::text])))
);

COMMENT ON TABLE qr.order_codes IS 'Signed codes that a till or a page shows for one payment.';

COMMENT ON COLUMN qr.order_codes.partner_no IS 'The same owner as partner_id, as the code carries it: a scan knows only this.';

COMMENT ON COLUMN qr.order_codes.payee_name IS 'The merchant as it was named when the code was made, for the caption.';

COMMENT ON COLUMN qr.order_codes.payload IS 'The text as signed; public, it is on a screen.';

CREATE TABLE qr.payment_codes (
    code_hash bytea NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    issuer text NOT NULL,
    payer_id text NOT NULL,
    person_id text NOT NULL,
    segments text[] NOT NULL,
    factors smallint NOT NULL,
    certificate boolean NOT NULL,
    issued_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    payment_id text COLLATE pg_catalog."C",
    CONSTRAINT payment_codes_check CHECK (((used_at IS NULL) = (payment_id IS NULL))),
    CONSTRAINT payment_codes_factors_check CHECK (((factors >= 0) AND (factors <= 3)))
)
WITH (fillfactor='70');

COMMENT ON TABLE qr.payment_codes IS 'One-time codes of a payer, dead after their use or their minute.';

COMMENT ON COLUMN qr.payment_codes.code_hash IS 'HMAC-SHA256 over environment and digits; the code itself is stored nowhere.';

COMMENT ON COLUMN qr.payment_codes.payment_id IS 'The payment that used the code up, whatever became of it.';

CREATE TABLE qr.store_codes (
    partner_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    partner_no bigint NOT NULL,
    serial bigint NOT NULL,
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    store_id text NOT NULL COLLATE pg_catalog."C",
    terminal_id text COLLATE pg_catalog."C",
    payee_name text NOT NULL,
    payload text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    revoked_at timestamp with time zone
);

COMMENT ON TABLE qr.store_codes IS 'Static signed codes of a store or a terminal; good until they are revoked.';

COMMENT ON COLUMN qr.store_codes.partner_no IS 'The same owner as partner_id, as the code carries it: a scan knows only this.';

COMMENT ON COLUMN qr.store_codes.payload IS 'The text as signed; public, it hangs on a wall.';

CREATE TABLE qr.wrong_codes (
    subject text NOT NULL COLLATE pg_catalog."C",
    count integer NOT NULL,
    window_ends_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

COMMENT ON TABLE qr.wrong_codes IS 'Codes nobody issued, counted by the terminal and the merchant that sent them: who guesses is slowed down, and no payer can be locked out by a stranger.';

COMMENT ON COLUMN qr.wrong_codes.subject IS 'A terminal''s or a merchant''s id; it names its partner.';

CREATE TABLE webhooks.attempts (
    tenant text NOT NULL COLLATE pg_catalog."C",
    delivery_id text NOT NULL COLLATE pg_catalog."C",
    fence integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    url text NOT NULL,
    request_headers text NOT NULL,
    status integer,
    reason text NOT NULL,
    response bytea NOT NULL
);

COMMENT ON TABLE webhooks.attempts IS 'The delivery log: every request we made and what came back.';

COMMENT ON COLUMN webhooks.attempts.request_headers IS 'Our signing headers as sent, a JSON object.';

COMMENT ON COLUMN webhooks.attempts.status IS 'HTTP status; null when no answer came.';

COMMENT ON COLUMN webhooks.attempts.response IS 'The first 4 kB of the answer''s body, as received.';

CREATE TABLE webhooks.deleted_endpoints (
    tenant text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    deleted_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE webhooks.deleted_endpoints IS 'The sweeper''s list of endpoints that may have left deliveries behind.';

CREATE TABLE webhooks.deliveries (
    tenant text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    endpoint_id text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'pending'::text NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    fence integer DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    replay boolean DEFAULT false NOT NULL,
    object_id text COLLATE pg_catalog."C",
    sequence bigint,
    expires_at timestamp with time zone,
    reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sending'::text, 'delivered'::text, 'exhausted'::text, 'expired'::text, 'skipped'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_insert_scale_factor='0.1', autovacuum_vacuum_cost_delay='0');

COMMENT ON TABLE webhooks.deliveries IS 'One row and one state per event and endpoint. An endpoint that is deleted leaves its rows to the sweeper.';

COMMENT ON COLUMN webhooks.deliveries.due_at IS 'When a pending delivery may start, or when the lease of one that is being sent is lost; infinity for one that is parked until those before it in strict order have ended.';

COMMENT ON COLUMN webhooks.deliveries.fence IS 'Raised by every claim: an answer is recorded only by the claim that sent for it.';

COMMENT ON COLUMN webhooks.deliveries.failures IS 'Attempts the endpoint failed. What went wrong on our side is not counted.';

COMMENT ON COLUMN webhooks.deliveries.object_id IS 'Set, with the sequence, only where the endpoint asked for strict order.';

COMMENT ON COLUMN webhooks.deliveries.reason IS 'How the last attempt ended.';

CREATE TABLE webhooks.events (
    tenant text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    type text NOT NULL,
    object_id text NOT NULL COLLATE pg_catalog."C",
    sequence bigint NOT NULL,
    merchant_id text COLLATE pg_catalog."C",
    store_id text COLLATE pg_catalog."C",
    occurred_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    body text NOT NULL
);

COMMENT ON TABLE webhooks.events IS 'What happened, as one audience of one tenant may see it: an outbox and, read in order, a feed.';

COMMENT ON COLUMN webhooks.events.tenant IS 'A partner''s id, or issuer:<name> for a wallet''s backend.';

COMMENT ON COLUMN webhooks.events.xid IS 'The transaction that published it. Ids are given before commit, so a reader that remembers the last id alone would lose what commits late; (xid, id) below the oldest running transaction loses nothing. Starts anew in a restored dump.';

COMMENT ON COLUMN webhooks.events.body IS 'The JSON that is signed and sent. Text, not jsonb: every attempt carries the very same bytes.';

CREATE TABLE webhooks.secrets (
    tenant text NOT NULL COLLATE pg_catalog."C",
    endpoint_id text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamp with time zone
);

COMMENT ON TABLE webhooks.secrets IS 'Signing secrets, sealed for the endpoint''s id; all that have not expired sign, which is how one rotates.';

CREATE TABLE webhooks.swept (
    tenant text NOT NULL COLLATE pg_catalog."C",
    xid xid8 NOT NULL,
    event_id text NOT NULL COLLATE pg_catalog."C"
);

COMMENT ON TABLE webhooks.swept IS 'How far the sweeper has come in each tenant''s feed: a reader that stands before it has missed something.';

ALTER TABLE ONLY merchants.used_proofs ATTACH PARTITION merchants.used_proofs_0 FOR VALUES IN ('0');

ALTER TABLE ONLY merchants.used_proofs ATTACH PARTITION merchants.used_proofs_1 FOR VALUES IN ('1');

ALTER TABLE ONLY merchants.used_proofs ATTACH PARTITION merchants.used_proofs_2 FOR VALUES IN ('2');

ALTER TABLE ONLY merchants.used_proofs ATTACH PARTITION merchants.used_proofs_3 FOR VALUES IN ('3');

ALTER TABLE ONLY gateway.checkout_sessions
    ADD CONSTRAINT checkout_sessions_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY gateway.credits
    ADD CONSTRAINT credits_partner_id_payment_id_offer_id_key UNIQUE (partner_id, payment_id, offer_id);

ALTER TABLE ONLY gateway.credits
    ADD CONSTRAINT credits_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY gateway.ended_visits
    ADD CONSTRAINT ended_visits_pkey PRIMARY KEY (client_id, visit_id);

ALTER TABLE ONLY gateway.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant, operation, key);

ALTER TABLE ONLY gateway.payer_days
    ADD CONSTRAINT payer_days_pkey PRIMARY KEY (issuer, payer_id, day, tier, currency);

ALTER TABLE ONLY gateway.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY gateway.points_accounts
    ADD CONSTRAINT points_accounts_pkey PRIMARY KEY (issuer, payer_id, unit);

ALTER TABLE ONLY gateway.refunds
    ADD CONSTRAINT refunds_partner_id_payment_id_merchant_refund_no_key UNIQUE (partner_id, payment_id, merchant_refund_no);

ALTER TABLE ONLY gateway.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY gateway.replicas
    ADD CONSTRAINT replicas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY gateway.return_origins
    ADD CONSTRAINT return_origins_pkey PRIMARY KEY (partner_id, merchant_id);

ALTER TABLE ONLY gateway.scans
    ADD CONSTRAINT scans_pkey PRIMARY KEY (issuer, id);

ALTER TABLE ONLY gateway.store_scans
    ADD CONSTRAINT store_scans_pkey PRIMARY KEY (issuer, id);

ALTER TABLE ONLY gateway.terminal_counters
    ADD CONSTRAINT terminal_counters_pkey PRIMARY KEY (partner_id, terminal_id);

ALTER TABLE ONLY gateway.terminal_payments
    ADD CONSTRAINT terminal_payments_pkey PRIMARY KEY (partner_id, terminal_id, number);

ALTER TABLE ONLY gateway.till_refund_days
    ADD CONSTRAINT till_refund_days_pkey PRIMARY KEY (partner_id, terminal_id, day, currency);

ALTER TABLE ONLY gateway.till_refunds_counted
    ADD CONSTRAINT till_refunds_counted_pkey PRIMARY KEY (partner_id, terminal_id, day, refund_id);

ALTER TABLE ONLY gateway.transfers
    ADD CONSTRAINT transfers_pkey PRIMARY KEY (owner_id, n);

ALTER TABLE ONLY gateway.velocity_hits
    ADD CONSTRAINT velocity_hits_pkey PRIMARY KEY (no);

ALTER TABLE ONLY gateway.velocity
    ADD CONSTRAINT velocity_pkey PRIMARY KEY (subject, currency, at, payment_id);

ALTER TABLE ONLY merchants.activation_codes
    ADD CONSTRAINT activation_codes_pkey PRIMARY KEY (partner_id, terminal_id);

ALTER TABLE ONLY merchants.agreement_texts
    ADD CONSTRAINT agreement_texts_pkey PRIMARY KEY (sha256);

ALTER TABLE ONLY merchants.agreements
    ADD CONSTRAINT agreements_pkey PRIMARY KEY (application_id);

ALTER TABLE ONLY merchants.applications
    ADD CONSTRAINT applications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY merchants.assertion_jtis
    ADD CONSTRAINT assertion_jtis_pkey PRIMARY KEY (client_id, jti);

ALTER TABLE ONLY merchants.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY merchants.bulk_lines
    ADD CONSTRAINT bulk_lines_pkey PRIMARY KEY (partner_id, bulk_id, line);

ALTER TABLE ONLY merchants.bulk_pieces
    ADD CONSTRAINT bulk_pieces_pkey PRIMARY KEY (partner_id, bulk_id, first);

ALTER TABLE ONLY merchants.bulks
    ADD CONSTRAINT bulks_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY merchants.change_requests
    ADD CONSTRAINT change_requests_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY merchants.client_keys
    ADD CONSTRAINT client_keys_client_id_thumbprint_key UNIQUE (client_id, thumbprint);

ALTER TABLE ONLY merchants.client_keys
    ADD CONSTRAINT client_keys_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY merchants.clients
    ADD CONSTRAINT clients_external_subject_key UNIQUE (external_subject);

ALTER TABLE ONLY merchants.clients
    ADD CONSTRAINT clients_pkey PRIMARY KEY (client_id);

ALTER TABLE ONLY merchants.coupons
    ADD CONSTRAINT coupons_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY merchants.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (owner, person);

ALTER TABLE ONLY merchants.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (subject_id, id);

ALTER TABLE ONLY merchants.key_enrolments
    ADD CONSTRAINT key_enrolments_pkey PRIMARY KEY (reset_id);

ALTER TABLE ONLY merchants.merchant_records
    ADD CONSTRAINT merchant_records_pkey PRIMARY KEY (partner_id, merchant_id);

ALTER TABLE ONLY merchants.merchants
    ADD CONSTRAINT merchants_application_id_key UNIQUE (application_id);

ALTER TABLE ONLY merchants.merchants
    ADD CONSTRAINT merchants_merchant_number_key UNIQUE (merchant_number);

ALTER TABLE ONLY merchants.merchants
    ADD CONSTRAINT merchants_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY merchants.offer_counters
    ADD CONSTRAINT offer_counters_pkey PRIMARY KEY (partner_id, offer_id, scope, key);

ALTER TABLE ONLY merchants.offer_funders
    ADD CONSTRAINT offer_funders_pkey PRIMARY KEY (partner_id, offer_id, version, funder_id);

ALTER TABLE ONLY merchants.offer_reservations
    ADD CONSTRAINT offer_reservations_pkey PRIMARY KEY (partner_id, payment_id, offer_id);

ALTER TABLE ONLY merchants.offer_versions
    ADD CONSTRAINT offer_versions_pkey PRIMARY KEY (partner_id, offer_id, version);

ALTER TABLE ONLY merchants.offers
    ADD CONSTRAINT offers_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY merchants.operator_proposals
    ADD CONSTRAINT operator_proposals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY merchants.operator_sessions
    ADD CONSTRAINT operator_sessions_pkey PRIMARY KEY (session_id);

ALTER TABLE ONLY merchants.operator_sessions
    ADD CONSTRAINT operator_sessions_sign_in_key UNIQUE (sign_in);

ALTER TABLE ONLY merchants.proposals
    ADD CONSTRAINT proposals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY merchants.search_index
    ADD CONSTRAINT search_index_pkey PRIMARY KEY (field, hash, subject_id);

ALTER TABLE ONLY merchants.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (purpose, key_id);

ALTER TABLE ONLY merchants.stores
    ADD CONSTRAINT stores_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY merchants.terminals
    ADD CONSTRAINT terminals_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY merchants.used_proofs
    ADD CONSTRAINT used_proofs_pkey PRIMARY KEY (slot, digest);

ALTER TABLE ONLY merchants.used_proofs_0
    ADD CONSTRAINT used_proofs_0_pkey PRIMARY KEY (slot, digest);

ALTER TABLE ONLY merchants.used_proofs_1
    ADD CONSTRAINT used_proofs_1_pkey PRIMARY KEY (slot, digest);

ALTER TABLE ONLY merchants.used_proofs_2
    ADD CONSTRAINT used_proofs_2_pkey PRIMARY KEY (slot, digest);

ALTER TABLE ONLY merchants.used_proofs_3
    ADD CONSTRAINT used_proofs_3_pkey PRIMARY KEY (slot, digest);

ALTER TABLE ONLY merchants.verifications
    ADD CONSTRAINT verifications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY merchants.wind_downs
    ADD CONSTRAINT wind_downs_pkey PRIMARY KEY (partner_id, merchant_id, version);

ALTER TABLE ONLY qr.code_credentials
    ADD CONSTRAINT code_credentials_pkey PRIMARY KEY (id);

ALTER TABLE ONLY qr.credential_numbers
    ADD CONSTRAINT credential_numbers_pkey PRIMARY KEY (number);

ALTER TABLE ONLY qr.order_codes
    ADD CONSTRAINT order_codes_partner_id_payment_id_key UNIQUE (partner_id, payment_id);

ALTER TABLE ONLY qr.order_codes
    ADD CONSTRAINT order_codes_partner_no_serial_key UNIQUE (partner_no, serial);

ALTER TABLE ONLY qr.order_codes
    ADD CONSTRAINT order_codes_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY qr.payment_codes
    ADD CONSTRAINT payment_codes_pkey PRIMARY KEY (code_hash);

ALTER TABLE ONLY qr.store_codes
    ADD CONSTRAINT store_codes_partner_no_serial_key UNIQUE (partner_no, serial);

ALTER TABLE ONLY qr.store_codes
    ADD CONSTRAINT store_codes_pkey PRIMARY KEY (partner_id, id);

ALTER TABLE ONLY qr.wrong_codes
    ADD CONSTRAINT wrong_codes_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY webhooks.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (tenant, delivery_id, fence);

ALTER TABLE ONLY webhooks.deleted_endpoints
    ADD CONSTRAINT deleted_endpoints_pkey PRIMARY KEY (tenant, id);

ALTER TABLE ONLY webhooks.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (tenant, id);

ALTER TABLE ONLY webhooks.deliveries
    ADD CONSTRAINT deliveries_tenant_endpoint_id_event_id_key UNIQUE (tenant, endpoint_id, event_id);

ALTER TABLE ONLY webhooks.endpoint_health
    ADD CONSTRAINT endpoint_health_pkey PRIMARY KEY (tenant, endpoint_id);

ALTER TABLE ONLY webhooks.endpoints
    ADD CONSTRAINT endpoints_pkey PRIMARY KEY (tenant, id);

ALTER TABLE ONLY webhooks.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (tenant, id);

ALTER TABLE ONLY webhooks.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (tenant, endpoint_id, created_at);

ALTER TABLE ONLY webhooks.swept
    ADD CONSTRAINT swept_pkey PRIMARY KEY (tenant);

CREATE INDEX checkout_sessions_by_id ON gateway.checkout_sessions USING btree (id);

CREATE INDEX checkout_sessions_to_expire ON gateway.checkout_sessions USING btree (expires_at) WHERE (state = 'open'::text);

CREATE INDEX checkout_sessions_to_forget ON gateway.checkout_sessions USING btree (ended_at) WHERE (state <> 'open'::text);

CREATE INDEX credits_by_payer ON gateway.credits USING btree (issuer, payer_id, id DESC);

CREATE INDEX ended_visits_expired ON gateway.ended_visits USING btree (expires_at);

CREATE INDEX idempotency_keys_by_age ON gateway.idempotency_keys USING brin (claimed_at);

CREATE INDEX idempotency_keys_with_secret ON gateway.idempotency_keys USING btree (claimed_at) WHERE (sealed_secret IS NOT NULL);

CREATE INDEX payer_days_by_day ON gateway.payer_days USING btree (day);

CREATE INDEX payments_by_id ON gateway.payments USING btree (id);

CREATE INDEX payments_by_order ON gateway.payments USING btree (partner_id, merchant_order_no, id DESC);

CREATE INDEX payments_by_terminal ON gateway.payments USING btree (partner_id, terminal_id, id DESC) WHERE (terminal_id IS NOT NULL);

CREATE UNIQUE INDEX payments_one_live_attempt ON gateway.payments USING btree (partner_id, merchant_id, merchant_order_no) WHERE (NOT failed);

CREATE INDEX payments_to_expire ON gateway.payments USING btree (expires_at) WHERE lapses;

CREATE INDEX refunds_by_no ON gateway.refunds USING btree (partner_id, merchant_refund_no);

CREATE INDEX scans_by_age ON gateway.scans USING btree (created_at);

CREATE INDEX store_scans_by_age ON gateway.store_scans USING btree (created_at);

CREATE INDEX till_refunds_counted_by_day ON gateway.till_refunds_counted USING btree (day);

CREATE INDEX transfer_attempts_by_transfer ON gateway.transfer_attempts USING btree (owner_id, n, at);

CREATE INDEX transfers_by_age ON gateway.transfers USING brin (created_at);

CREATE INDEX transfers_due ON gateway.transfers USING btree (due_at) WHERE (state <> 'final'::text);

CREATE UNIQUE INDEX transfers_one_unresolved ON gateway.transfers USING btree (owner_id) WHERE (state <> 'final'::text);

CREATE INDEX velocity_by_age ON gateway.velocity USING brin (at);

CREATE INDEX velocity_by_payment ON gateway.velocity USING btree (payment_id);

CREATE INDEX velocity_hits_by_rule ON gateway.velocity_hits USING btree (rule, no DESC);

CREATE INDEX velocity_hits_by_subject ON gateway.velocity_hits USING btree (subject, no DESC);

CREATE INDEX activation_codes_by_maker ON merchants.activation_codes USING btree (created_by);

CREATE INDEX activation_codes_expired ON merchants.activation_codes USING btree (expires_at);

CREATE INDEX activation_codes_selected ON merchants.activation_codes USING btree (selector_hash);

CREATE INDEX applications_by_applicant ON merchants.applications USING btree (applicant_id, id DESC);

CREATE INDEX applications_by_credit_code ON merchants.applications USING btree (credit_code) WHERE (credit_code IS NOT NULL);

CREATE INDEX applications_by_status ON merchants.applications USING btree (status, id);

CREATE INDEX applications_of_bulk ON merchants.applications USING btree (bulk_id, id) WHERE (bulk_id IS NOT NULL);

CREATE UNIQUE INDEX applications_once_per_partner ON merchants.applications USING btree (applicant_id, credit_code) WHERE ((kind = ANY (ARRAY['tenant'::text, 'seller'::text])) AND (status <> ALL (ARRAY['draft'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text])));

CREATE INDEX applications_to_erase ON merchants.applications USING btree (status_since) WHERE ((status = ANY (ARRAY['rejected'::text, 'withdrawn'::text, 'expired'::text, 'active'::text])) AND (erased_at IS NULL));

CREATE INDEX applications_waiting ON merchants.applications USING btree (status, status_since) WHERE (status = ANY (ARRAY['draft'::text, 'needs_more_info'::text, 'to_be_verified'::text, 'to_be_signed'::text]));

CREATE INDEX assertion_jtis_expired ON merchants.assertion_jtis USING btree (expires_at);

CREATE INDEX audit_by_time ON merchants.audit USING btree (at);

CREATE INDEX audit_of_actor ON merchants.audit USING btree (actor, id);

CREATE INDEX audit_of_deed ON merchants.audit USING btree (deed, id);

CREATE INDEX audit_of_object ON merchants.audit USING btree (object_id, id);

CREATE INDEX audit_of_partner ON merchants.audit USING btree (partner_id, id);

CREATE INDEX bulk_lines_faulty ON merchants.bulk_lines USING btree (partner_id, bulk_id, line) WHERE (application_id IS NULL);

CREATE INDEX bulks_by_id ON merchants.bulks USING btree (id);

CREATE INDEX bulks_by_state ON merchants.bulks USING btree (state, id);

CREATE INDEX bulks_to_erase ON merchants.bulks USING btree (updated_at) WHERE ((state = ANY (ARRAY['done'::text, 'rejected'::text])) AND (erased_at IS NULL));

CREATE INDEX bulks_working ON merchants.bulks USING btree (updated_at) WHERE (state = ANY (ARRAY['reading'::text, 'admitting'::text]));

CREATE INDEX change_requests_by_id ON merchants.change_requests USING btree (id);

CREATE INDEX change_requests_by_status ON merchants.change_requests USING btree (status, id);

CREATE UNIQUE INDEX change_requests_one_open ON merchants.change_requests USING btree (partner_id, merchant_id, COALESCE(place_id, ''::text)) WHERE (status = ANY (ARRAY['submitted'::text, 'under_review'::text]));

CREATE INDEX change_requests_to_erase ON merchants.change_requests USING btree (decided_at) WHERE (erased_at IS NULL);

CREATE UNIQUE INDEX client_keys_live ON merchants.client_keys USING btree (client_id, purpose, slot) WHERE (revoked_at IS NULL);

CREATE UNIQUE INDEX clients_live_of_terminal ON merchants.clients USING btree (terminal_id) WHERE ((terminal_id IS NOT NULL) AND (revoked_at IS NULL));

CREATE UNIQUE INDEX clients_of_application ON merchants.clients USING btree (application_id) WHERE (application_id IS NOT NULL);

CREATE INDEX clients_of_partner ON merchants.clients USING btree (partner_id, client_id) WHERE (partner_id IS NOT NULL);

CREATE UNIQUE INDEX coupons_by_id ON merchants.coupons USING btree (id);

CREATE INDEX coupons_by_payment ON merchants.coupons USING btree (partner_id, payment_id) WHERE (payment_id IS NOT NULL);

CREATE INDEX coupons_by_person ON merchants.coupons USING btree (person, id DESC);

CREATE INDEX coupons_held ON merchants.coupons USING btree (partner_id, person, offer_id, good_until) WHERE (state = 'held'::text);

CREATE UNIQUE INDEX documents_live ON merchants.documents USING btree (subject_id, kind, page) WHERE (replaced_at IS NULL);

CREATE INDEX key_enrolments_expired ON merchants.key_enrolments USING btree (expires_at);

CREATE INDEX key_enrolments_of_client ON merchants.key_enrolments USING btree (client_id, reset_id);

CREATE INDEX merchants_by_credit_code ON merchants.merchants USING btree (credit_code);

CREATE INDEX merchants_by_id ON merchants.merchants USING btree (id);

CREATE INDEX merchants_by_licence_name ON merchants.merchants USING btree (licence_name COLLATE "C");

CREATE INDEX merchants_by_short_name ON merchants.merchants USING btree (short_name COLLATE "C");

CREATE UNIQUE INDEX merchants_one_partner_per_company ON merchants.merchants USING btree (credit_code) WHERE ((partner_id = id) AND (status <> 'closed'::text));

CREATE INDEX offer_funders_by_funder ON merchants.offer_funders USING btree (funder_id, offer_id DESC);

CREATE UNIQUE INDEX offers_by_id ON merchants.offers USING btree (id);

CREATE INDEX offers_by_state ON merchants.offers USING btree (state, id);

CREATE INDEX offers_running ON merchants.offers USING btree (partner_id, id) WHERE (state = ANY (ARRAY['scheduled'::text, 'live'::text]));

CREATE INDEX operator_proposals_open ON merchants.operator_proposals USING btree (id) WHERE (decided_by IS NULL);

CREATE INDEX operator_sessions_expired ON merchants.operator_sessions USING btree (expires_at);

CREATE UNIQUE INDEX proposals_one_open ON merchants.proposals USING btree (client_id) WHERE (decided_by IS NULL);

CREATE INDEX proposals_waiting ON merchants.proposals USING btree (kind, id) WHERE (decided_by IS NULL);

CREATE INDEX reservations_by_offer ON merchants.offer_reservations USING btree (offer_id, reserved_at);

CREATE INDEX search_index_of_subject ON merchants.search_index USING btree (subject_id);

CREATE INDEX stores_by_id ON merchants.stores USING btree (id);

CREATE INDEX stores_by_merchant ON merchants.stores USING btree (partner_id, merchant_id, id);

CREATE INDEX terminals_by_id ON merchants.terminals USING btree (id);

CREATE INDEX terminals_by_store ON merchants.terminals USING btree (partner_id, store_id, id);

CREATE INDEX verifications_expiring ON merchants.verifications USING btree (expires_at) WHERE (state = 'sent'::text);

CREATE INDEX verifications_of_account ON merchants.verifications USING btree (account_hash, created_at);

CREATE UNIQUE INDEX verifications_open ON merchants.verifications USING btree (application_id) WHERE (state = ANY (ARRAY['sending'::text, 'sent'::text]));

CREATE INDEX wind_downs_due ON merchants.wind_downs USING btree (due_at) WHERE (done_at IS NULL);

CREATE INDEX code_credentials_by_renewal ON qr.code_credentials USING btree (renewed_at);

CREATE INDEX credential_numbers_by_credential ON qr.credential_numbers USING btree (credential_id);

CREATE INDEX credential_numbers_by_expiry ON qr.credential_numbers USING btree (expires_at);

CREATE INDEX order_codes_by_expiry ON qr.order_codes USING btree (expires_at);

CREATE INDEX payment_codes_by_expiry ON qr.payment_codes USING btree (expires_at);

CREATE INDEX deliveries_expiring ON webhooks.deliveries USING btree (tenant, endpoint_id, expires_at) WHERE ((expires_at IS NOT NULL) AND (NOT replay) AND (state = 'pending'::text));

CREATE INDEX deliveries_failed ON webhooks.deliveries USING btree (tenant, endpoint_id, event_id) WHERE (state = ANY (ARRAY['exhausted'::text, 'expired'::text, 'skipped'::text]));

CREATE INDEX deliveries_in_order ON webhooks.deliveries USING btree (tenant, endpoint_id, object_id, sequence, event_id) WHERE ((object_id IS NOT NULL) AND (NOT replay) AND (state = ANY (ARRAY['pending'::text, 'sending'::text])));

CREATE INDEX deliveries_pending ON webhooks.deliveries USING btree (tenant, endpoint_id, due_at) WHERE (state = 'pending'::text);

CREATE INDEX deliveries_sending ON webhooks.deliveries USING btree (tenant, endpoint_id, due_at) WHERE (state = 'sending'::text);

CREATE UNIQUE INDEX events_feed ON webhooks.events USING btree (tenant, xid, id);

CREATE INDEX events_of_object ON webhooks.events USING btree (tenant, object_id, id);

ALTER INDEX merchants.used_proofs_pkey ATTACH PARTITION merchants.used_proofs_0_pkey;

ALTER INDEX merchants.used_proofs_pkey ATTACH PARTITION merchants.used_proofs_1_pkey;

ALTER INDEX merchants.used_proofs_pkey ATTACH PARTITION merchants.used_proofs_2_pkey;

ALTER INDEX merchants.used_proofs_pkey ATTACH PARTITION merchants.used_proofs_3_pkey;

CREATE TRIGGER agreement_texts_only_grow BEFORE DELETE OR UPDATE ON merchants.agreement_texts FOR EACH ROW EXECUTE FUNCTION merchants.refuse_change();

CREATE TRIGGER applications_status_since BEFORE UPDATE OF status ON merchants.applications FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION merchants.note_status_since();

CREATE TRIGGER audit_only_grows BEFORE DELETE OR UPDATE ON merchants.audit FOR EACH ROW EXECUTE FUNCTION merchants.refuse_change();

CREATE TRIGGER clients_operator_of_two BEFORE INSERT OR UPDATE OF kind, roles ON merchants.clients FOR EACH ROW WHEN ((new.kind = 'operator'::text)) EXECUTE FUNCTION merchants.refuse_operator_of_one();

CREATE TRIGGER clients_wallet_of_two BEFORE INSERT OR UPDATE OF kind, issuer ON merchants.clients FOR EACH ROW WHEN ((new.kind = 'wallet'::text)) EXECUTE FUNCTION merchants.refuse_wallet_of_one();

CREATE TRIGGER key_enrolments_of_two BEFORE INSERT OR UPDATE OF reset_id, client_id, code_hashes ON merchants.key_enrolments FOR EACH ROW EXECUTE FUNCTION merchants.refuse_reset_of_one();

CREATE TRIGGER operator_proposals_deciding_alone BEFORE INSERT OR UPDATE OF decided_by ON merchants.operator_proposals FOR EACH ROW WHEN ((new.decided_by = 'system'::text)) EXECUTE FUNCTION merchants.refuse_deciding_alone();

CREATE TRIGGER proposals_deciding_alone BEFORE INSERT OR UPDATE OF decided_by ON merchants.proposals FOR EACH ROW WHEN ((new.decided_by = 'system'::text)) EXECUTE FUNCTION merchants.refuse_proposing_alone();

ALTER TABLE ONLY gateway.credits
    ADD CONSTRAINT credits_partner_id_payment_id_fkey FOREIGN KEY (partner_id, payment_id) REFERENCES gateway.payments(partner_id, id);

ALTER TABLE ONLY gateway.refunds
    ADD CONSTRAINT refunds_partner_id_payment_id_fkey FOREIGN KEY (partner_id, payment_id) REFERENCES gateway.payments(partner_id, id);

ALTER TABLE ONLY merchants.activation_codes
    ADD CONSTRAINT activation_codes_client_id_fkey FOREIGN KEY (client_id) REFERENCES merchants.clients(client_id);

ALTER TABLE ONLY merchants.activation_codes
    ADD CONSTRAINT activation_codes_partner_id_terminal_id_fkey FOREIGN KEY (partner_id, terminal_id) REFERENCES merchants.terminals(partner_id, id);

ALTER TABLE ONLY merchants.agreements
    ADD CONSTRAINT agreements_application_id_fkey FOREIGN KEY (application_id) REFERENCES merchants.applications(id);

ALTER TABLE ONLY merchants.agreements
    ADD CONSTRAINT agreements_client_id_fkey FOREIGN KEY (client_id) REFERENCES merchants.clients(client_id);

ALTER TABLE ONLY merchants.agreements
    ADD CONSTRAINT agreements_key_id_fkey FOREIGN KEY (key_id) REFERENCES merchants.client_keys(key_id);

ALTER TABLE ONLY merchants.agreements
    ADD CONSTRAINT agreements_text_sha256_fkey FOREIGN KEY (text_sha256) REFERENCES merchants.agreement_texts(sha256);

ALTER TABLE ONLY merchants.assertion_jtis
    ADD CONSTRAINT assertion_jtis_client_id_fkey FOREIGN KEY (client_id) REFERENCES merchants.clients(client_id);

ALTER TABLE ONLY merchants.bulk_lines
    ADD CONSTRAINT bulk_lines_partner_id_bulk_id_fkey FOREIGN KEY (partner_id, bulk_id) REFERENCES merchants.bulks(partner_id, id);

ALTER TABLE ONLY merchants.bulk_pieces
    ADD CONSTRAINT bulk_pieces_partner_id_bulk_id_fkey FOREIGN KEY (partner_id, bulk_id) REFERENCES merchants.bulks(partner_id, id);

ALTER TABLE ONLY merchants.change_requests
    ADD CONSTRAINT change_requests_partner_id_merchant_id_fkey FOREIGN KEY (partner_id, merchant_id) REFERENCES merchants.merchants(partner_id, id);

ALTER TABLE ONLY merchants.client_keys
    ADD CONSTRAINT client_keys_client_id_fkey FOREIGN KEY (client_id) REFERENCES merchants.clients(client_id);

ALTER TABLE ONLY merchants.clients
    ADD CONSTRAINT clients_application_id_fkey FOREIGN KEY (application_id) REFERENCES merchants.applications(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY merchants.clients
    ADD CONSTRAINT clients_partner_id_merchant_id_fkey FOREIGN KEY (partner_id, merchant_id) REFERENCES merchants.merchants(partner_id, id);

ALTER TABLE ONLY merchants.clients
    ADD CONSTRAINT clients_partner_id_terminal_id_fkey FOREIGN KEY (partner_id, terminal_id) REFERENCES merchants.terminals(partner_id, id);

ALTER TABLE ONLY merchants.coupons
    ADD CONSTRAINT coupons_partner_id_offer_id_fkey FOREIGN KEY (partner_id, offer_id) REFERENCES merchants.offers(partner_id, id);

ALTER TABLE ONLY merchants.key_enrolments
    ADD CONSTRAINT key_enrolments_client_id_fkey FOREIGN KEY (client_id) REFERENCES merchants.clients(client_id);

ALTER TABLE ONLY merchants.key_enrolments
    ADD CONSTRAINT key_enrolments_key_id_fkey FOREIGN KEY (key_id) REFERENCES merchants.client_keys(key_id);

ALTER TABLE ONLY merchants.key_enrolments
    ADD CONSTRAINT key_enrolments_reset_id_fkey FOREIGN KEY (reset_id) REFERENCES merchants.proposals(id);

ALTER TABLE ONLY merchants.merchant_records
    ADD CONSTRAINT merchant_records_partner_id_merchant_id_fkey FOREIGN KEY (partner_id, merchant_id) REFERENCES merchants.merchants(partner_id, id);

ALTER TABLE ONLY merchants.merchants
    ADD CONSTRAINT merchants_application_id_fkey FOREIGN KEY (application_id) REFERENCES merchants.applications(id);

ALTER TABLE ONLY merchants.merchants
    ADD CONSTRAINT merchants_partner_id_partner_id_fkey FOREIGN KEY (partner_id, partner_id) REFERENCES merchants.merchants(partner_id, id);

ALTER TABLE ONLY merchants.offer_funders
    ADD CONSTRAINT offer_funders_partner_id_offer_id_version_fkey FOREIGN KEY (partner_id, offer_id, version) REFERENCES merchants.offer_versions(partner_id, offer_id, version);

ALTER TABLE ONLY merchants.offer_versions
    ADD CONSTRAINT offer_versions_partner_id_offer_id_fkey FOREIGN KEY (partner_id, offer_id) REFERENCES merchants.offers(partner_id, id);

ALTER TABLE ONLY merchants.operator_sessions
    ADD CONSTRAINT operator_sessions_client_id_fkey FOREIGN KEY (client_id) REFERENCES merchants.clients(client_id);

ALTER TABLE ONLY merchants.stores
    ADD CONSTRAINT stores_partner_id_merchant_id_fkey FOREIGN KEY (partner_id, merchant_id) REFERENCES merchants.merchants(partner_id, id);

ALTER TABLE ONLY merchants.terminals
    ADD CONSTRAINT terminals_partner_id_store_id_fkey FOREIGN KEY (partner_id, store_id) REFERENCES merchants.stores(partner_id, id);

ALTER TABLE ONLY merchants.verifications
    ADD CONSTRAINT verifications_application_id_fkey FOREIGN KEY (application_id) REFERENCES merchants.applications(id);

ALTER TABLE ONLY qr.credential_numbers
    ADD CONSTRAINT credential_numbers_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES qr.code_credentials(id);

ALTER TABLE ONLY webhooks.endpoint_health
    ADD CONSTRAINT endpoint_health_tenant_endpoint_id_fkey FOREIGN KEY (tenant, endpoint_id) REFERENCES webhooks.endpoints(tenant, id) ON DELETE CASCADE;

ALTER TABLE ONLY webhooks.secrets
    ADD CONSTRAINT secrets_tenant_endpoint_id_fkey FOREIGN KEY (tenant, endpoint_id) REFERENCES webhooks.endpoints(tenant, id) ON DELETE CASCADE;
