-- A refund that failed and goes out again, or comes twice, is counted in its till's day once.

CREATE TABLE gateway.till_refunds_counted (
    partner_id  text COLLATE "C" NOT NULL,
    terminal_id text COLLATE "C" NOT NULL,
    day         date NOT NULL,
    refund_id   text COLLATE "C" NOT NULL,
    PRIMARY KEY (partner_id, terminal_id, day, refund_id)
);
COMMENT ON TABLE gateway.till_refunds_counted IS
    'Which refunds a till''s day has counted already; tried again on another day, a refund counts in that day as well.';
-- The sweep's.
CREATE INDEX till_refunds_counted_by_day ON gateway.till_refunds_counted (day);
