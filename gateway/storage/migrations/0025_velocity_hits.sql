-- outside a transaction: payments write here, and must not wait until all that ever fired is sorted.

-- Operators ask which payments one payer, till or merchant was stopped at, and what one rule has stopped.
CREATE INDEX CONCURRENTLY IF NOT EXISTS velocity_hits_by_subject ON gateway.velocity_hits (subject, no DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS velocity_hits_by_rule ON gateway.velocity_hits (rule, no DESC);
