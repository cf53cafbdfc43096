-- What offers give beside discounts, and to whom they give it once.

ALTER TABLE merchants.offer_reservations
    ADD COLUMN form text NOT NULL DEFAULT 'discount' CHECK (form IN ('discount', 'cashback', 'points', 'fee_waiver')),
    ADD COLUMN unit text COLLATE "C",
    ADD COLUMN rights text CHECK (rights IN ('coupon', 'first'));

COMMENT ON COLUMN merchants.offer_reservations.discount_minor IS
    'What is given, in the form and unit of this row: a discount, cashback or fee in minor units, or points.';
COMMENT ON COLUMN merchants.offer_reservations.unit IS 'points:<programme>; null where the order''s currency is meant.';
COMMENT ON COLUMN merchants.offer_reservations.rights IS 'What of the payer''s it used up: a coupon, or the right to a first purchase.';
COMMENT ON COLUMN merchants.offer_reservations.person_id IS 'The natural person, with the issuer that knows them by this id.';

ALTER TABLE merchants.offer_counters DROP CONSTRAINT offer_counters_scope_check;
ALTER TABLE merchants.offer_counters ADD CONSTRAINT offer_counters_scope_check
    CHECK (scope IN ('total', 'day', 'store', 'person', 'person_day', 'copies', 'claimer'));

-- Budgets are watched by one worker, and told of once for each version.
ALTER TABLE merchants.offers
    ADD COLUMN told_80_version integer NOT NULL DEFAULT 0;

COMMENT ON COLUMN merchants.offers.told_80_version IS 'The version of which offer.budget_80 was published.';

CREATE TABLE merchants.offer_funders (
    partner_id  text COLLATE "C" NOT NULL,
    offer_id    text COLLATE "C" NOT NULL,
    version     integer NOT NULL,
    funder_id   text COLLATE "C" NOT NULL,
    accepted_by text COLLATE "C",
    accepted_at timestamptz,
    PRIMARY KEY (partner_id, offer_id, version, funder_id),
    FOREIGN KEY (partner_id, offer_id, version) REFERENCES merchants.offer_versions (partner_id, offer_id, version)
);

CREATE INDEX offer_funders_by_funder ON merchants.offer_funders (funder_id, offer_id DESC);

COMMENT ON TABLE merchants.offer_funders IS
    'Third parties that a version would have pay: none pays for what it did not accept under the version''s hash.';

CREATE TABLE merchants.customers (
    owner      text COLLATE "C" NOT NULL,
    person     text COLLATE "C" NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    paid       boolean NOT NULL,
    again      boolean NOT NULL DEFAULT false,
    met_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, person)
);

COMMENT ON TABLE merchants.customers IS
    'Who paid a partner, or with a wallet, for the first time, and by which payment; it is what "first" means.';
COMMENT ON COLUMN merchants.customers.owner IS 'A partner''s id, or ''wallet'' for the issuer that the person carries.';
COMMENT ON COLUMN merchants.customers.paid IS 'False while a payment under way holds the right to a first purchase.';
COMMENT ON COLUMN merchants.customers.again IS 'They paid by another payment too: a refund of the first gives no right back.';

CREATE TABLE merchants.coupons (
    partner_id text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    offer_id   text COLLATE "C" NOT NULL,
    version    integer NOT NULL,
    issuer     text NOT NULL,
    payer_id   text COLLATE "C" NOT NULL,
    person     text COLLATE "C" NOT NULL,
    state      text NOT NULL CHECK (state IN ('awaits_points', 'held', 'used', 'refused')),
    payment_id text COLLATE "C",
    points     bigint,
    unit       text COLLATE "C",
    good_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, id),
    FOREIGN KEY (partner_id, offer_id) REFERENCES merchants.offers (partner_id, id),
    CONSTRAINT coupons_with_a_payment CHECK ((state = 'used') = (payment_id IS NOT NULL))
);

-- A wallet names a coupon by its id alone; ids are unique across partners.
CREATE UNIQUE INDEX coupons_by_id ON merchants.coupons (id);
CREATE INDEX coupons_held ON merchants.coupons (partner_id, person, offer_id, good_until) WHERE state = 'held';
CREATE INDEX coupons_by_payment ON merchants.coupons (partner_id, payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX coupons_by_person ON merchants.coupons (person, id DESC);

COMMENT ON TABLE merchants.coupons IS 'Claimed coupons. Pushed ones have no row: everybody in the segment holds one.';
COMMENT ON COLUMN merchants.coupons.points IS 'What it cost its claimer, of this unit; until the core took them it awaits_points.';

-- Counts a claimed coupon against its offer's copies and its person's share, or takes it back; all or nothing.
CREATE FUNCTION merchants.count_coupon(
    partner text, offer text, the_person text, number integer, copies bigint, per_person bigint
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    counted bigint;
BEGIN
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

-- As 0005 has it, with form and unit.
CREATE OR REPLACE FUNCTION merchants.reserve_offers(
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
    RETURN 'reserved';
EXCEPTION WHEN SQLSTATE 'OF001' THEN
    RETURN 'short';
END
$$;

-- Takes coupons and rights to a first purchase for a payment, all or none. A person's own rows come before any budget:
-- who waits for a budget holds nothing that its holder waits for.
CREATE FUNCTION merchants.reserve_rights(
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

-- Gives them back: the coupons of these offers, and rights to a first purchase if asked. A right that was used by
-- another payment meanwhile stays used.
CREATE FUNCTION merchants.return_rights(
    partner text, payment text, the_person text, coupon_offers text[], firsts boolean
) RETURNS void
LANGUAGE plpgsql AS $$
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

-- Remembers that these people paid. At most two rows are written for anybody and any owner, ever.
CREATE FUNCTION merchants.meet_customers(partners text[], people text[], payments text[]) RETURNS void
LANGUAGE sql AS $$
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

-- As 0005 has it, and rights to firsts and coupons come back with the last of what an offer gave.
CREATE OR REPLACE FUNCTION merchants.return_to_offer_counters(
    partner text, payment text, offers text[], minors bigint[], returned_uses bigint[]
) RETURNS void
LANGUAGE plpgsql AS $$
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
