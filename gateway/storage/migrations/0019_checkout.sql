-- Online orders: a session is shown as a page; each attempt to pay it is a payment under the order's number.

CREATE TABLE gateway.checkout_sessions (
    partner_id         text COLLATE "C" NOT NULL,
    id                 text COLLATE "C" NOT NULL,
    merchant_id        text COLLATE "C" NOT NULL,
    store_id           text COLLATE "C",
    terminal_id        text COLLATE "C",
    client_id          text COLLATE "C" NOT NULL,
    merchant_order_no  text COLLATE "C" NOT NULL,
    state              text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'completed', 'expired')),
    reason             text,
    sequence           integer NOT NULL DEFAULT 1,
    currency           text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    order_minor        bigint NOT NULL CHECK (order_minor > 0),
    payment_id         text COLLATE "C" NOT NULL,
    attempts           smallint NOT NULL DEFAULT 1,
    terms              jsonb NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    expires_at         timestamptz NOT NULL,
    ended_at           timestamptz,
    PRIMARY KEY (partner_id, id),
    CONSTRAINT checkout_sessions_say_why_they_expired CHECK ((state = 'expired') = (reason IS NOT NULL)),
    CONSTRAINT checkout_sessions_end_once CHECK ((state = 'open') = (ended_at IS NULL))
);
COMMENT ON TABLE gateway.checkout_sessions IS
    'An online order while it is being paid. Completed if and only if its latest attempt succeeded.';
COMMENT ON COLUMN gateway.checkout_sessions.sequence IS 'Counts changes; the sequence of the events about this session.';
COMMENT ON COLUMN gateway.checkout_sessions.payment_id IS 'The latest attempt; those before it failed.';
COMMENT ON COLUMN gateway.checkout_sessions.terms IS
    'What the page shows and where it leads back to: lines, description, addresses, the shop''s own reference.';

-- A page knows the session's id and nothing of whose it is.
CREATE INDEX checkout_sessions_by_id ON gateway.checkout_sessions (id);
CREATE INDEX checkout_sessions_to_expire ON gateway.checkout_sessions (expires_at) WHERE state = 'open';
CREATE INDEX checkout_sessions_to_forget ON gateway.checkout_sessions (ended_at) WHERE state <> 'open';

CREATE TABLE gateway.return_origins (
    partner_id   text COLLATE "C" NOT NULL,
    merchant_id  text COLLATE "C" NOT NULL,
    origins      text[] NOT NULL CHECK (cardinality(origins) <= 20),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, merchant_id)
);
COMMENT ON TABLE gateway.return_origins IS
    'Where a merchant''s checkout pages may send a browser to: a key that asks for payments cannot choose another place.';
