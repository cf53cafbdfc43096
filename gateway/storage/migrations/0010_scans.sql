-- What was shown of an order is forgotten a day later.

CREATE INDEX scans_by_age ON gateway.scans (created_at);
