-- What payers have paid today, bounded by how surely they were known.

CREATE TABLE gateway.payer_days (
    issuer      text NOT NULL,
    payer_id    text COLLATE "C" NOT NULL,
    day         date NOT NULL,
    tier        text NOT NULL CHECK (tier IN ('static', 'tier_c', 'tier_b', 'tier_a')),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    taken_minor bigint NOT NULL CHECK (taken_minor >= 0),
    PRIMARY KEY (issuer, payer_id, day, tier, currency)
) WITH (fillfactor = 70);

COMMENT ON TABLE gateway.payer_days IS
    'Exact under concurrency: a payment adds to its row in accept, by a conditional update; one that ends uncharged takes its part off again.';
COMMENT ON COLUMN gateway.payer_days.day IS 'Of Asia/Shanghai, as of the accept; a payment that ends later gives back to the day it was counted in.';
COMMENT ON COLUMN gateway.payer_days.taken_minor IS 'What was charged or may still be. Refunds give nothing back: the payment was made.';

-- Past days are of no use to anybody; the sweep walks by day.
CREATE INDEX payer_days_by_day ON gateway.payer_days (day);

CREATE TABLE gateway.velocity (
    subject     text COLLATE "C" NOT NULL,
    currency    text NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    payment_id  text COLLATE "C" NOT NULL,
    order_minor bigint NOT NULL,
    PRIMARY KEY (subject, currency, at, payment_id)
);

COMMENT ON TABLE gateway.velocity IS
    'The pace of payers, terminals and merchants that a velocity rule watches; empty where no rule is set. Rows are only added, so that payments of one merchant do not wait for each other.';
COMMENT ON COLUMN gateway.velocity.subject IS 'A terminal''s or merchant''s id, or a payer as issuer:id; it names its owner.';

CREATE INDEX velocity_by_age ON gateway.velocity USING brin (at);
CREATE INDEX velocity_by_payment ON gateway.velocity (payment_id);

CREATE TABLE gateway.velocity_hits (
    no         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id text COLLATE "C" NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    rule       text NOT NULL,
    action     text NOT NULL CHECK (action IN ('decline', 'step_up')),
    subject    text COLLATE "C" NOT NULL,
    measured   bigint NOT NULL,
    rule_limit bigint NOT NULL,
    window_s   integer NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE gateway.velocity_hits IS 'Which rule fired on which payment: for operators, never for its payer or merchant.';

CREATE TABLE gateway.till_refund_days (
    partner_id  text COLLATE "C" NOT NULL,
    terminal_id text COLLATE "C" NOT NULL,
    day         date NOT NULL,
    currency    text NOT NULL,
    taken_minor bigint NOT NULL CHECK (taken_minor >= 0),
    PRIMARY KEY (partner_id, terminal_id, day, currency)
) WITH (fillfactor = 70);

COMMENT ON TABLE gateway.till_refund_days IS
    'What a till has given back by itself on a day of Asia/Shanghai, in order amount; refunds that failed included, for somebody tried.';
