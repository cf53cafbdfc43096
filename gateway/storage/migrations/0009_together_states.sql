-- A payment's transition writes no index. PostgreSQL keeps a new version of a row out of all of them (HOT) if no column
-- changed that an index names, its predicate included, and if the row's page has room. So predicates name what seldom
-- changes and not the state itself.
ALTER TABLE gateway.payments
    ADD COLUMN failed boolean NOT NULL GENERATED ALWAYS AS (state IN ('declined', 'expired')) STORED,
    ADD COLUMN lapses boolean NOT NULL
        GENERATED ALWAYS AS (state IN ('requires_payer', 'requires_confirmation', 'authorized')) STORED;
ALTER TABLE gateway.payments SET (fillfactor = 50);

COMMENT ON COLUMN gateway.payments.failed IS 'The order may be paid by another attempt.';
COMMENT ON COLUMN gateway.payments.lapses IS 'Somebody has to do something before it expires.';

DROP INDEX gateway.payments_one_live_attempt;
CREATE UNIQUE INDEX payments_one_live_attempt ON gateway.payments (partner_id, merchant_id, merchant_order_no)
    WHERE NOT failed;
DROP INDEX gateway.payments_to_expire;
CREATE INDEX payments_to_expire ON gateway.payments (expires_at) WHERE lapses;
