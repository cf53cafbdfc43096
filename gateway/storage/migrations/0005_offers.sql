-- Co-branded offers: what was agreed, what is left of it, and what each payment took.

CREATE TABLE merchants.offers (
    partner_id text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    state      text NOT NULL CHECK (state IN ('draft', 'proposed', 'countered', 'agreed', 'scheduled', 'live', 'paused',
                   'exhausted', 'ended')),
    version    integer NOT NULL CHECK (version > 0),
    sequence   integer NOT NULL DEFAULT 1,
    reason     text NOT NULL DEFAULT '',
    paused_by  text[] NOT NULL DEFAULT '{}' CHECK (paused_by <@ ARRAY['bank', 'partner']),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, id),
    CONSTRAINT offers_paused_by_somebody CHECK ((state = 'paused') = (cardinality(paused_by) > 0))
);

COMMENT ON TABLE merchants.offers IS 'An offer''s state and which of its versions counts; the terms are the version''s.';
COMMENT ON COLUMN merchants.offers.sequence IS 'Counts changes of state and version; the sequence of the events about this offer.';
COMMENT ON COLUMN merchants.offers.reason IS 'What whoever changed the state last said.';
COMMENT ON COLUMN merchants.offers.paused_by IS 'The sides that want it paused: either pauses at once, and it runs again when neither wants to.';

-- The operators' list by state; ids are unique across partners, so an operator finds one without its owner.
CREATE UNIQUE INDEX offers_by_id ON merchants.offers (id);
CREATE INDEX offers_by_state ON merchants.offers (state, id);
CREATE INDEX offers_running ON merchants.offers (partner_id, id) WHERE state IN ('scheduled', 'live');

CREATE TABLE merchants.offer_versions (
    partner_id          text COLLATE "C" NOT NULL,
    offer_id            text COLLATE "C" NOT NULL,
    version             integer NOT NULL,
    deal                jsonb NOT NULL,
    hash                text COLLATE "C" NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    made_by             text NOT NULL CHECK (made_by IN ('bank', 'partner')),
    starts_on           date NOT NULL,
    ends_on             date NOT NULL,
    partner_accepted_by text COLLATE "C",
    partner_accepted_at timestamptz,
    bank_accepted_by    text COLLATE "C",
    bank_accepted_at    timestamptz,
    created_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, offer_id, version),
    FOREIGN KEY (partner_id, offer_id) REFERENCES merchants.offers (partner_id, id)
);

COMMENT ON TABLE merchants.offer_versions IS 'Terms as they were put on the table; never changed, only accepted.';
COMMENT ON COLUMN merchants.offer_versions.deal IS 'merchants.offers.offer.Deal as JSON.';
COMMENT ON COLUMN merchants.offer_versions.hash IS 'What both sides accept: SHA-256 of id, partner, version and deal.';
COMMENT ON COLUMN merchants.offer_versions.starts_on IS 'Copied out of the deal, with ends_on, for what sweeps: days of Asia/Shanghai.';

CREATE TABLE merchants.offer_counters (
    partner_id  text COLLATE "C" NOT NULL,
    offer_id    text COLLATE "C" NOT NULL,
    scope       text COLLATE "C" NOT NULL CHECK (scope IN ('total', 'day', 'store', 'person', 'person_day')),
    key         text COLLATE "C" NOT NULL,
    taken_minor bigint NOT NULL CHECK (taken_minor >= 0),
    uses        bigint NOT NULL CHECK (uses >= 0),
    limit_minor bigint,
    limit_uses  bigint,
    PRIMARY KEY (partner_id, offer_id, scope, key)
) WITH (fillfactor = 50); -- a hot budget's row is updated in place (HOT) as long as its page has room

COMMENT ON TABLE merchants.offer_counters IS
    'What is taken of each bound of an offer, reserved and redeemed alike: concluding a payment need not touch it.';
COMMENT ON COLUMN merchants.offer_counters.key IS 'A day, store or person; empty for total, and for sales without a store.';
COMMENT ON COLUMN merchants.offer_counters.limit_minor IS 'The bound as of the latest reservation, for figures.';

CREATE TABLE merchants.offer_reservations (
    partner_id      text COLLATE "C" NOT NULL,
    payment_id      text COLLATE "C" NOT NULL,
    offer_id        text COLLATE "C" NOT NULL,
    version         integer NOT NULL,
    state           text NOT NULL CHECK (state IN ('reserved', 'redeemed', 'released')),
    merchant_id     text COLLATE "C" NOT NULL,
    store_id        text COLLATE "C",
    person_id       text COLLATE "C" NOT NULL,
    currency        text NOT NULL,
    order_minor     bigint NOT NULL,
    discount_minor  bigint NOT NULL CHECK (discount_minor > 0),
    returned_minor  bigint NOT NULL DEFAULT 0 CHECK (returned_minor BETWEEN 0 AND discount_minor),
    accounts        text[] NOT NULL,
    tenants         text[] NOT NULL,
    shares_minor    bigint[] NOT NULL,
    shares_returned bigint[] NOT NULL,
    scopes          text[] NOT NULL,
    keys            text[] NOT NULL,
    refund_returns  boolean NOT NULL,
    reserved_at     timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz,
    PRIMARY KEY (partner_id, payment_id, offer_id),
    CONSTRAINT reservations_settled CHECK ((state = 'reserved') = (settled_at IS NULL)),
    CONSTRAINT reservations_shares CHECK (cardinality(shares_minor) = cardinality(accounts)
        AND cardinality(tenants) = cardinality(accounts) AND cardinality(shares_returned) = cardinality(accounts))
) WITH (fillfactor = 80);

COMMENT ON TABLE merchants.offer_reservations IS
    'An offer''s part in a payment. It has no expiry: only its payment''s transition ends it.';
COMMENT ON COLUMN merchants.offer_reservations.accounts IS 'The funders'' accounts; tenants and shares stand in the same order.';
COMMENT ON COLUMN merchants.offer_reservations.returned_minor IS 'What refunds gave back to the funders, the sum of shares_returned.';
COMMENT ON COLUMN merchants.offer_reservations.scopes IS 'With keys: the counters it took from and may give back to.';

CREATE INDEX reservations_by_offer ON merchants.offer_reservations (partner_id, offer_id, reserved_at);

-- Takes a payment's discounts from every counter they touch, or from none: 'reserved'; 'short' where a counter is
-- too full; 'changed' where an offer is not live in that version any more.
-- Counters are locked in the order of their key, so that no two payments wait for each other. What was taken
-- before a refusal is undone together with its locks (a block with an exception is a subtransaction): the caller may
-- reserve something else in the same transaction without breaking that order.
CREATE FUNCTION merchants.reserve_offers(
    partner text, payment text, merchant text, store text, person text, currency text, order_minor bigint,
    applied jsonb, bounds jsonb
) RETURNS text
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    taken bigint;
BEGIN
    PERFORM
       FROM jsonb_to_recordset(applied) AS wanted (offer_id text, version integer)
      WHERE NOT EXISTS (SELECT FROM merchants.offers o
                         WHERE o.partner_id = partner AND o.id = wanted.offer_id AND o.version = wanted.version
                           AND o.state IN ('scheduled', 'live'));
    IF FOUND THEN
        RETURN 'changed';
    END IF;

    INSERT INTO merchants.offer_reservations
           (partner_id, payment_id, offer_id, version, state, merchant_id, store_id, person_id, currency, order_minor,
            discount_minor, accounts, tenants, shares_minor, shares_returned, scopes, keys, refund_returns)
    SELECT partner, payment, wanted.offer_id, wanted.version, 'reserved', merchant, store, person,
           reserve_offers.currency, reserve_offers.order_minor,
           wanted.discount_minor, wanted.accounts, wanted.tenants, wanted.shares_minor,
           array_fill(0::bigint, ARRAY[cardinality(wanted.accounts)]), wanted.scopes, wanted.keys, wanted.refund_returns
      FROM jsonb_to_recordset(applied) AS wanted (
           offer_id text, version integer, discount_minor bigint, accounts text[], tenants text[],
           shares_minor bigint[], scopes text[], keys text[], refund_returns boolean);

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
    RETURN 'reserved';
EXCEPTION WHEN SQLSTATE 'OF001' THEN
    RETURN 'short';
END
$$;

-- Reads what is taken of these counters and holds them until the transaction ends, in the order that reserving
-- locks them in; a counter nobody has used yet is made, so that it can be held too.
CREATE FUNCTION merchants.hold_offer_counters(partner text, bounds jsonb)
RETURNS TABLE (offer_id text, scope text, taken_minor bigint, uses bigint)
LANGUAGE sql AS $$
    INSERT INTO merchants.offer_counters AS counter
           (partner_id, offer_id, scope, key, taken_minor, uses, limit_minor, limit_uses)
    SELECT partner, bound.offer_id, bound.scope, bound.key, 0, 0, bound.limit_minor, bound.limit_uses
      FROM jsonb_to_recordset(bounds) AS bound (
           offer_id text, scope text, key text, limit_minor bigint, limit_uses bigint)
     ORDER BY bound.offer_id COLLATE "C", bound.scope COLLATE "C", bound.key COLLATE "C"
    ON CONFLICT (partner_id, offer_id, scope, key) DO UPDATE SET uses = counter.uses
    RETURNING counter.offer_id, counter.scope, counter.taken_minor, counter.uses
$$;

-- Puts amounts and uses back on the counters that a payment's reservations took them from.
CREATE FUNCTION merchants.return_to_offer_counters(
    partner text, payment text, offers text[], minors bigint[], returned_uses bigint[]
) RETURNS void
LANGUAGE plpgsql AS $$
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
END
$$;
