-- The books of the reference core. Applied whole at every start, so every statement can be repeated.
CREATE SCHEMA IF NOT EXISTS ledger;

CREATE TABLE IF NOT EXISTS ledger.transfers (
    id             text COLLATE "C" PRIMARY KEY,
    -- Our own number for it, on statements.
    number         bigint GENERATED ALWAYS AS IDENTITY,
    status         text NOT NULL CHECK (status IN
                     ('pending', 'confirmation_required', 'declined', 'succeeded', 'reversed', 'tombstoned')),
    reason         text,
    -- Null for a tombstone, as is everything the sender would have told.
    kind           text CHECK (kind IN
                     ('debit', 'refund', 'credit', 'hold', 'capture', 'release', 'external_credit')),
    unit           text,
    parent         text COLLATE "C",
    issuer         text,
    -- SHA-256 of what decides about the money: other content under one id is refused by it.
    content        bytea,
    -- The payer's account, when one takes part: its sandbox behaviour is asked for.
    payer          text COLLATE "C",
    leg_roles      text[] NOT NULL DEFAULT '{}',
    leg_sources    text[] NOT NULL DEFAULT '{}',
    leg_targets    text[] NOT NULL DEFAULT '{}',
    leg_amounts    bigint[] NOT NULL DEFAULT '{}',
    statement      text,
    reference      text,
    -- A hold is ended once, by this capture or release.
    closed_by      text COLLATE "C",
    -- When a pending transfer (late_success) is decided.
    due_at         timestamptz,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    concluded_at   timestamptz
) WITH (fillfactor = 90);
CREATE INDEX IF NOT EXISTS transfers_by_parent ON ledger.transfers (parent) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS transfers_by_time ON ledger.transfers (created_at, number);
CREATE INDEX IF NOT EXISTS transfers_pending ON ledger.transfers (due_at) WHERE status = 'pending';

-- One row for every account but the bank's own: those (bank:…) may be overdrawn, take part in nearly every
-- transfer, and would queue all of them on one row's lock. Their balance is the sum of their entries.
CREATE TABLE IF NOT EXISTS ledger.accounts (
    account        text COLLATE "C" NOT NULL CHECK (account NOT LIKE 'bank:%'),
    unit           text COLLATE "C" NOT NULL,
    balance_minor  bigint NOT NULL DEFAULT 0 CONSTRAINT never_negative CHECK (balance_minor >= 0),
    opened_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account, unit)
) WITH (fillfactor = 50);

-- What an account gave (negative) or got in one movement. Never changed, never deleted: a reversal is a
-- movement of its own.
CREATE TABLE IF NOT EXISTS ledger.entries (
    transfer_id    text COLLATE "C" NOT NULL,
    movement       text COLLATE "C" NOT NULL CHECK (movement IN ('booked', 'reversed')),
    account        text COLLATE "C" NOT NULL,
    unit           text COLLATE "C" NOT NULL,
    amount_minor   bigint NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (transfer_id, movement, account)
);

-- Sandbox wallets: which payers there are, and how each behaves.
CREATE TABLE IF NOT EXISTS ledger.wallets (
    payer          text COLLATE "C" PRIMARY KEY,
    behaviour      text NOT NULL,
    seconds        double precision NOT NULL
);

-- The rule of double entry, kept by the database: every movement sums to zero in its unit, balances change by
-- entries and in no other way, and an account that is not open takes none.
CREATE OR REPLACE FUNCTION ledger.post_entries() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
DECLARE
    v_closed text;
BEGIN
    IF EXISTS (SELECT FROM posted GROUP BY transfer_id, movement, unit HAVING sum(amount_minor) <> 0) THEN
        RAISE 'the entries of a movement must sum to zero' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT p.account INTO v_closed FROM posted AS p
     WHERE p.account NOT LIKE 'bank:%'
       AND NOT EXISTS (SELECT FROM ledger.accounts AS a WHERE a.account = p.account AND a.unit = p.unit) LIMIT 1;
    IF FOUND THEN
        RAISE 'the account % is not open', v_closed USING ERRCODE = 'foreign_key_violation';
    END IF;
    -- One by one in the order of their names, everywhere: no two transfers wait for each other.
    WITH due AS MATERIALIZED (
        SELECT account, unit, sum(amount_minor)::bigint AS amount_minor FROM posted
         WHERE account NOT LIKE 'bank:%' GROUP BY account, unit ORDER BY account, unit
    )
    UPDATE ledger.accounts AS a SET balance_minor = a.balance_minor + due.amount_minor
      FROM due WHERE a.account = due.account AND a.unit = due.unit;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER post_entries AFTER INSERT ON ledger.entries
    REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION ledger.post_entries();

CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries are never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER entries_stay BEFORE UPDATE OR DELETE ON ledger.entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
