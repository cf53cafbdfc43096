-- Which replicas answer requests, so that each can give its share of a rate limit. Lost in a crash and written anew.

CREATE UNLOGGED TABLE gateway.replicas (
    id      uuid        PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE gateway.replicas IS 'The bank owns it. A replica says every few seconds that it was asked something.';
