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
