-- Puts :payments paid payments into the database, copies of those there, spread over all tills and a year of past days.
-- Indexes that are not keys are built afterwards, as filling them row by row would take minutes; rows are packed without
-- the room that a table leaves for their next versions, as these will have none, which halves what is written.
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
SET max_parallel_maintenance_workers = 2;
SET wal_compression = off;

CREATE TEMP TABLE put_away AS
SELECT c.oid::regclass AS filled, i.indexrelid::regclass::text AS index, pg_get_indexdef(i.indexrelid) AS definition,
       (SELECT option FROM unnest(c.reloptions) AS option WHERE option LIKE 'fillfactor=%') AS room
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_index i ON i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
 WHERE (n.nspname, c.relname) IN (('gateway', 'payments'), ('gateway', 'transfers'), ('gateway', 'transfer_attempts'),
                                  ('gateway', 'idempotency_keys'), ('merchants', 'offer_reservations'));
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT DISTINCT filled FROM put_away WHERE room IS NOT NULL LOOP
        EXECUTE format('ALTER TABLE %s SET (fillfactor = 100)', one.filled);
    END LOOP;
    FOR one IN SELECT * FROM put_away WHERE index IS NOT NULL LOOP EXECUTE 'DROP INDEX ' || one.index; END LOOP;
END $$;

CREATE TEMP TABLE models AS
SELECT row_number() OVER () - 1 AS place, m.*
  FROM (SELECT DISTINCT ON (p.terminal_id) p.partner_id, p.id, p.terminal_id
          FROM gateway.payments p WHERE p.state = 'succeeded') AS m;

CREATE TEMP TABLE copies AS
SELECT m.partner_id, m.id AS model, n,
       -- As `merchants.ids` makes them: the millisecond first, the partner's number last.
       'pay_' || lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - (:payments - n) * 15000::bigint), 12, '0')
       || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 7) || right(m.id, 8) AS id,
       now() - (:payments - n) * interval '15 s' AS at
  FROM generate_series(1, :payments) AS n
  JOIN models m ON m.place = n % (SELECT count(*) FROM models);
-- In order of time already: each is found by hashing its model, and nothing wide is sorted.
ANALYZE copies;

INSERT INTO gateway.payments
       (partner_id, id, merchant_id, store_id, terminal_id, client_id, merchant_order_no, direction, state, sequence,
        currency, order_minor, discount_minor, fee_minor, issuer, payer_id, terms, created_at, updated_at)
SELECT p.partner_id, c.id, p.merchant_id, p.store_id, p.terminal_id, p.client_id, 'past-' || c.n, p.direction, p.state,
       p.sequence, p.currency, p.order_minor, p.discount_minor, p.fee_minor, p.issuer, p.payer_id, p.terms, c.at, c.at
  FROM copies c JOIN gateway.payments p ON p.partner_id = c.partner_id AND p.id = c.model;

INSERT INTO gateway.transfers
       (owner_id, n, partner_id, purpose, state, instruction, outcome, core_reference, created_at, due_at, leased_until,
        final_at)
SELECT c.id, 1, c.partner_id, t.purpose, t.state, t.instruction, t.outcome, t.core_reference, c.at, c.at, c.at, c.at
  FROM copies c JOIN gateway.transfers t ON t.owner_id = c.model AND t.n = 1;

INSERT INTO gateway.transfer_attempts (owner_id, n, at, deed, outcome, took_ms)
SELECT c.id, 1, c.at, 'send', 'approved', 5 FROM copies c;

INSERT INTO merchants.offer_reservations
       (partner_id, payment_id, offer_id, version, state, merchant_id, store_id, person_id, currency, order_minor,
        discount_minor, accounts, tenants, shares_minor, shares_returned, scopes, keys, refund_returns, reserved_at,
        settled_at)
SELECT r.partner_id, c.id, r.offer_id, r.version, r.state, r.merchant_id, r.store_id, r.person_id, r.currency,
       r.order_minor, r.discount_minor, r.accounts, r.tenants, r.shares_minor, r.shares_returned, r.scopes, r.keys,
       r.refund_returns, c.at, c.at
  FROM copies c JOIN merchants.offer_reservations r ON r.partner_id = c.partner_id AND r.payment_id = c.model;

-- Kept for thirty days: the last two hundred thousand of them.
INSERT INTO gateway.idempotency_keys (tenant, operation, key, fingerprint, resource_id, claimed_at)
SELECT m.terminal_id, 'create_payment', 'past-' || c.n, sha256(c.id::bytea), c.id, now() - interval '1 day'
  FROM copies c JOIN models m ON m.id = c.model WHERE c.n > :payments * 9 / 10;

DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT DISTINCT filled, room FROM put_away WHERE room IS NOT NULL LOOP
        EXECUTE format('ALTER TABLE %s SET (%s)', one.filled, one.room);
    END LOOP;
    FOR one IN SELECT * FROM put_away WHERE index IS NOT NULL LOOP EXECUTE one.definition; END LOOP;
END $$;
