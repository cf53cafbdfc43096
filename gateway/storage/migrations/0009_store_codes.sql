-- What payers were shown of stickers in a shop, and what a till is told it was paid by them.

CREATE TABLE gateway.store_scans (
    issuer        text NOT NULL,
    id            text COLLATE "C" NOT NULL,
    payer         jsonb NOT NULL,
    partner_id    text COLLATE "C" NOT NULL,
    merchant_id   text COLLATE "C" NOT NULL,
    store_id      text COLLATE "C" NOT NULL,
    terminal_id   text COLLATE "C",
    store_code_id text COLLATE "C" NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, id)
);

COMMENT ON TABLE gateway.store_scans IS
    'Who scanned which sticker. A payer pays by such a view for some minutes; it binds and reserves nothing.';

CREATE INDEX store_scans_by_age ON gateway.store_scans (created_at);

CREATE TABLE gateway.terminal_counters (
    partner_id  text COLLATE "C" NOT NULL,
    terminal_id text COLLATE "C" NOT NULL,
    latest      bigint NOT NULL,
    PRIMARY KEY (partner_id, terminal_id)
) WITH (fillfactor = 70);

CREATE TABLE gateway.terminal_payments (
    partner_id  text COLLATE "C" NOT NULL,
    terminal_id text COLLATE "C" NOT NULL,
    number      bigint NOT NULL,
    payment_id  text COLLATE "C" NOT NULL,
    PRIMARY KEY (partner_id, terminal_id, number)
);

COMMENT ON TABLE gateway.terminal_payments IS
    'What a till has not asked for itself, numbered without gaps in the order of commits: who has seen a number has seen all before it.';
COMMENT ON TABLE gateway.terminal_counters IS
    'The row is held from the number''s drawing to the commit, which is what makes the numbers commit in order.';
