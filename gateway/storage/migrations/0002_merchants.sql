-- Merchants, their applications, their stores and terminals as places.

CREATE SCHEMA merchants;

-- The last 32 bits of every id of a partner; 0 is the bank's own. Kept within 31 bits so that an integer holds it.
CREATE SEQUENCE merchants.partner_number AS integer MINVALUE 1;

-- The first 14 digits of a merchant number, a Luhn digit follows. Without meaning, so that a move or another trade
-- never makes it lie, and without leading zeros, which spreadsheets eat.
CREATE SEQUENCE merchants.merchant_number AS bigint MINVALUE 10000000000001 MAXVALUE 99999999999999;

CREATE TABLE merchants.applications (
    id                  text COLLATE "C" PRIMARY KEY,
    applicant_id        text COLLATE "C" NOT NULL,
    kind                text NOT NULL CHECK (kind IN ('supermarket', 'mall', 'tenant', 'platform', 'seller')),
    status              text NOT NULL CHECK (status IN ('draft', 'submitted', 'under_review', 'needs_more_info',
                            'to_be_verified', 'to_be_signed', 'approved', 'active', 'rejected', 'withdrawn', 'expired')),
    version             integer NOT NULL DEFAULT 1,
    particulars         bytea NOT NULL,
    credit_code         text COLLATE "C",
    reason              text NOT NULL DEFAULT '',
    fee_basis_points    integer CHECK (fee_basis_points BETWEEN 0 AND 1000),
    payment_limit_minor bigint CHECK (payment_limit_minor > 0),
    reviewer_id         text COLLATE "C",
    approver_id         text COLLATE "C",
    merchant_id         text COLLATE "C",
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    submitted_at        timestamptz,
    decided_at          timestamptz,
    -- Two pairs of eyes: whoever took the case cannot be the one who approves it.
    CONSTRAINT applications_two_people CHECK (
        approver_id IS NULL OR (reviewer_id IS NOT NULL AND reviewer_id <> approver_id)),
    CONSTRAINT applications_approved_by_somebody CHECK (
        status NOT IN ('approved', 'active') OR (approver_id IS NOT NULL AND merchant_id IS NOT NULL)),
    CONSTRAINT applications_reviewed_with_terms CHECK (
        status <> 'under_review' OR (reviewer_id IS NOT NULL AND fee_basis_points IS NOT NULL))
);

COMMENT ON TABLE merchants.applications IS
    'A request to become a merchant. The bank''s rows (partner number 0), for the bank reviews them all.';
COMMENT ON COLUMN merchants.applications.applicant_id IS
    'Who may see it: the partner that applies for a sub-merchant; before approval the applicant''s own client, then the partner it became.';
COMMENT ON COLUMN merchants.applications.version IS
    'Counts changes of state; the sequence of the events about this application.';
COMMENT ON COLUMN merchants.applications.particulars IS
    'All that was declared (licence, people, contacts, accounts, scenes) as JSON, sealed for the application''s id.';
COMMENT ON COLUMN merchants.applications.credit_code IS
    'Copied out of the sealed particulars, to find duplicates by.';
COMMENT ON COLUMN merchants.applications.reason IS 'What the operator or applicant said at the last change of state.';
COMMENT ON COLUMN merchants.applications.fee_basis_points IS
    'Proposed by the reviewer, with the payment limit; the approver confirms the very same.';

CREATE INDEX applications_by_applicant ON merchants.applications (applicant_id, id DESC);
CREATE INDEX applications_by_status ON merchants.applications (status, id);
CREATE INDEX applications_by_credit_code ON merchants.applications (credit_code) WHERE credit_code IS NOT NULL;
-- A partner asks for each of its sub-merchants once: a bulk file run twice makes no second one.
CREATE UNIQUE INDEX applications_once_per_partner ON merchants.applications (applicant_id, credit_code)
    WHERE kind IN ('tenant', 'seller') AND status NOT IN ('draft', 'rejected', 'withdrawn', 'expired');

CREATE TABLE merchants.merchants (
    partner_id           text COLLATE "C" NOT NULL,
    id                   text COLLATE "C" NOT NULL,
    application_id       text COLLATE "C" NOT NULL UNIQUE REFERENCES merchants.applications (id),
    kind                 text NOT NULL CHECK (kind IN ('supermarket', 'mall', 'tenant', 'platform', 'seller')),
    status               text NOT NULL CHECK (status IN ('active', 'suspended', 'closed')),
    version              integer NOT NULL DEFAULT 1,
    reason               text NOT NULL DEFAULT '',
    merchant_number      text COLLATE "C" NOT NULL UNIQUE CHECK (merchant_number ~ '^[0-9]{15}$'),
    credit_code          text COLLATE "C" NOT NULL,
    licence_name         text NOT NULL,
    short_name           text NOT NULL,
    city                 text NOT NULL,
    mcc                  text NOT NULL CHECK (mcc ~ '^[0-9]{4}$'),
    currency             text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    fee_basis_points     integer NOT NULL CHECK (fee_basis_points BETWEEN 0 AND 1000),
    payment_limit_minor  bigint CHECK (payment_limit_minor > 0),
    settlement_account   bytea NOT NULL,
    settlement_last_four text NOT NULL,
    offers_version       bigint NOT NULL DEFAULT 0,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, id),
    CONSTRAINT merchants_partner_or_sub_merchant CHECK ((partner_id = id) = (kind NOT IN ('tenant', 'seller'))),
    FOREIGN KEY (partner_id, partner_id) REFERENCES merchants.merchants (partner_id, id)
);

COMMENT ON TABLE merchants.merchants IS
    'Who is paid. A partner is the row whose id is its own partner_id; its sub-merchants carry its id.';
COMMENT ON COLUMN merchants.merchants.version IS 'Counts changes of state; the sequence of the events about this merchant.';
COMMENT ON COLUMN merchants.merchants.city IS 'As printed in an EMV merchant-presented code (tag 60).';
COMMENT ON COLUMN merchants.merchants.fee_basis_points IS 'Hundredths of a percent of paid plus funded amount.';
COMMENT ON COLUMN merchants.merchants.payment_limit_minor IS 'Largest single payment; null is no limit of this level''s own.';
COMMENT ON COLUMN merchants.merchants.settlement_account IS 'Name, bank, branch and account number as JSON, sealed for the merchant''s id.';
COMMENT ON COLUMN merchants.merchants.offers_version IS
    'On the partner''s row: raised whenever what is live among its offers changes, so that a cache of them can tell it is stale.';

CREATE INDEX merchants_by_id ON merchants.merchants (id);
-- One live partner per company; sub-merchants may be tenants of several malls.
CREATE UNIQUE INDEX merchants_one_partner_per_company ON merchants.merchants (credit_code)
    WHERE partner_id = id AND status <> 'closed';

CREATE TABLE merchants.stores (
    partner_id          text COLLATE "C" NOT NULL,
    id                  text COLLATE "C" NOT NULL,
    merchant_id         text COLLATE "C" NOT NULL,
    status              text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'closed')),
    name                text NOT NULL,
    area_code           text NOT NULL CHECK (area_code ~ '^[0-9]{6}$'),
    address             text NOT NULL,
    payment_limit_minor bigint CHECK (payment_limit_minor > 0),
    created_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, id),
    FOREIGN KEY (partner_id, merchant_id) REFERENCES merchants.merchants (partner_id, id)
);

COMMENT ON COLUMN merchants.stores.area_code IS 'County by GB/T 2260.';

CREATE INDEX stores_by_merchant ON merchants.stores (partner_id, merchant_id, id);

CREATE TABLE merchants.terminals (
    partner_id          text COLLATE "C" NOT NULL,
    id                  text COLLATE "C" NOT NULL,
    merchant_id         text COLLATE "C" NOT NULL,
    store_id            text COLLATE "C" NOT NULL,
    status              text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired')),
    label               text NOT NULL,
    payment_limit_minor bigint CHECK (payment_limit_minor > 0),
    created_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, id),
    FOREIGN KEY (partner_id, store_id) REFERENCES merchants.stores (partner_id, id)
);

COMMENT ON TABLE merchants.terminals IS
    'A till as a place in a store. The device that stands there enrols as a client of its own.';

CREATE INDEX terminals_by_store ON merchants.terminals (partner_id, store_id, id);

-- All that accept asks about who is paid and where, in one row; none when the merchant is not this partner's.
-- Plain SQL, so that PostgreSQL inlines it into the statement of whoever calls.
CREATE FUNCTION merchants.paying_context(partner text, merchant text, terminal text, store text)
RETURNS TABLE (
    merchant_id text, merchant_status text, partner_status text,
    kind text, short_name text, city text, mcc text, merchant_number text, currency text,
    fee_basis_points integer, payment_limit_minor bigint, offers_version bigint,
    store_id text, store_name text, store_status text, terminal_id text, terminal_label text, terminal_status text
)
LANGUAGE sql STABLE
AS $$
    SELECT m.id, m.status, p.status,
           m.kind, m.short_name, m.city, m.mcc, m.merchant_number, m.currency,
           m.fee_basis_points,
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
