-- Payments, their refunds, what payers were shown, and every instruction to a wallet core.

CREATE TABLE gateway.payments (
    partner_id            text COLLATE "C" NOT NULL,
    id                    text COLLATE "C" NOT NULL,
    merchant_id           text COLLATE "C" NOT NULL,
    store_id              text COLLATE "C",
    terminal_id           text COLLATE "C",
    client_id             text COLLATE "C" NOT NULL,
    merchant_order_no     text COLLATE "C" NOT NULL,
    direction             text NOT NULL CHECK (direction IN ('consumer_presented', 'merchant_presented', 'store_code')),
    state                 text NOT NULL CHECK (state IN ('requires_payer', 'requires_confirmation', 'processing',
                              'authorized', 'capturing', 'reversing', 'succeeded', 'declined', 'expired', 'canceled',
                              'reversed')),
    reason                text,
    sequence              integer NOT NULL DEFAULT 1,
    cancel_accepted       boolean NOT NULL DEFAULT false,
    currency              text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    order_minor           bigint NOT NULL CHECK (order_minor >= 0),
    discount_minor        bigint NOT NULL DEFAULT 0 CHECK (discount_minor BETWEEN 0 AND order_minor),
    fee_minor             bigint NOT NULL DEFAULT 0 CHECK (fee_minor >= 0),
    issuer                text,
    payer_id              text COLLATE "C",
    refunded_order_minor  bigint NOT NULL DEFAULT 0,
    refunded_paid_minor   bigint NOT NULL DEFAULT 0,
    refunded_legs         bigint[] NOT NULL DEFAULT '{}',
    terms                 jsonb NOT NULL,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    expires_at            timestamptz,
    PRIMARY KEY (partner_id, id),
    CONSTRAINT payments_refund_at_most_the_order CHECK (refunded_order_minor BETWEEN 0 AND order_minor),
    CONSTRAINT payments_refund_at_most_what_was_paid
        CHECK (refunded_paid_minor BETWEEN 0 AND order_minor - discount_minor)
);

COMMENT ON TABLE gateway.payments IS
    'One attempt to pay one order. A cancel that arrives before its order is a row too: canceled, with no amount.';
COMMENT ON COLUMN gateway.payments.sequence IS 'Counts changes; the sequence of the events about this payment.';
COMMENT ON COLUMN gateway.payments.cancel_accepted IS
    'The merchant was told that the payer ends uncharged: whatever the core said late is given back.';
COMMENT ON COLUMN gateway.payments.refunded_order_minor IS 'In order amount, refunds that are still pending included.';
COMMENT ON COLUMN gateway.payments.refunded_paid_minor IS 'The payer''s part of it.';
COMMENT ON COLUMN gateway.payments.refunded_legs IS
    'What went back over each leg of terms.legs; empty before the first refund.';
COMMENT ON COLUMN gateway.payments.terms IS
    'What was agreed: the payer''s facts, the legs, the offers, what the receipt prints. Written at accept.';

-- An order is paid once: of its attempts one at most has not failed.
CREATE UNIQUE INDEX payments_one_live_attempt ON gateway.payments (partner_id, merchant_id, merchant_order_no)
    WHERE state NOT IN ('declined', 'expired');
CREATE INDEX payments_by_order ON gateway.payments (partner_id, merchant_order_no, id DESC);
CREATE INDEX payments_by_terminal ON gateway.payments (partner_id, terminal_id, id DESC) WHERE terminal_id IS NOT NULL;
-- A wallet asks by id and names its issuer.
CREATE INDEX payments_by_id ON gateway.payments (id);
CREATE INDEX payments_to_expire ON gateway.payments (expires_at)
    WHERE state IN ('requires_payer', 'requires_confirmation', 'authorized');

CREATE TABLE gateway.scans (
    issuer        text NOT NULL,
    id            text COLLATE "C" NOT NULL,
    payer_id      text COLLATE "C" NOT NULL,
    partner_id    text COLLATE "C" NOT NULL,
    payment_id    text COLLATE "C" NOT NULL,
    payer         jsonb NOT NULL,
    quote         text NOT NULL,
    payable_minor bigint NOT NULL,
    declined      boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, id)
);

COMMENT ON TABLE gateway.scans IS
    'What one payer was shown of one order. It binds nobody: a hundred may scan, the first confirm is bound.';

CREATE TABLE gateway.refunds (
    partner_id         text COLLATE "C" NOT NULL,
    id                 text COLLATE "C" NOT NULL,
    payment_id         text COLLATE "C" NOT NULL,
    merchant_refund_no text COLLATE "C" NOT NULL,
    state              text NOT NULL CHECK (state IN ('processing', 'succeeded', 'failed')),
    reason             text,
    note               text,
    automatic          boolean NOT NULL DEFAULT false,
    order_minor        bigint NOT NULL CHECK (order_minor > 0),
    paid_minor         bigint NOT NULL CHECK (paid_minor >= 0),
    funded_minor       bigint NOT NULL CHECK (funded_minor >= 0),
    fee_minor          bigint NOT NULL CHECK (fee_minor >= 0),
    legs               bigint[] NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, id),
    UNIQUE (partner_id, payment_id, merchant_refund_no),
    FOREIGN KEY (partner_id, payment_id) REFERENCES gateway.payments (partner_id, id)
);

CREATE INDEX refunds_by_no ON gateway.refunds (partner_id, merchant_refund_no);

COMMENT ON COLUMN gateway.refunds.automatic IS
    'Made by us: the core debited after we had promised that it would not.';
COMMENT ON COLUMN gateway.refunds.legs IS 'What goes back over each leg of the payment, in the order of its legs.';

CREATE TABLE gateway.transfers (
    owner_id       text COLLATE "C" NOT NULL,
    n              integer NOT NULL CHECK (n > 0),
    partner_id     text COLLATE "C" NOT NULL,
    purpose        text NOT NULL,
    state          text NOT NULL CHECK (state IN ('open', 'undoing', 'final')),
    instruction    jsonb NOT NULL,
    outcome        text,
    reason         text,
    core_reference text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    due_at         timestamptz NOT NULL,
    give_up_at     timestamptz,
    leased_until   timestamptz NOT NULL DEFAULT now(),
    fence          bigint NOT NULL DEFAULT 0,
    final_at       timestamptz,
    PRIMARY KEY (owner_id, n),
    CONSTRAINT transfers_final_has_an_outcome CHECK ((state = 'final') = (outcome IS NOT NULL))
);

COMMENT ON TABLE gateway.transfers IS
    'Instructions to wallet cores. The id a core sees is owner_id.n; n moves on only after a final answer to n - 1.';
COMMENT ON COLUMN gateway.transfers.state IS
    'open: an answer to sending or querying decides. undoing: only the answer to a reversal does. final: decided.';
COMMENT ON COLUMN gateway.transfers.due_at IS 'When the resolver looks at it next.';
COMMENT ON COLUMN gateway.transfers.give_up_at IS 'When the merchant wants it undone if it is not decided by then.';
COMMENT ON COLUMN gateway.transfers.fence IS 'Counts leases, so that a worker that was away cannot act on an old one.';

-- At most one instruction of an owner is unresolved.
CREATE UNIQUE INDEX transfers_one_unresolved ON gateway.transfers (owner_id) WHERE state <> 'final';
-- Reconciliation reads by age, and so do rows come in: BRIN costs the money path next to nothing.
CREATE INDEX transfers_by_age ON gateway.transfers USING brin (created_at);
CREATE INDEX transfers_due ON gateway.transfers (due_at) WHERE state <> 'final';

CREATE TABLE gateway.transfer_attempts (
    owner_id text COLLATE "C" NOT NULL,
    n        integer NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    deed     text NOT NULL CHECK (deed IN ('send', 'query', 'reverse')),
    outcome  text NOT NULL,
    detail   text,
    took_ms  integer NOT NULL
);

COMMENT ON TABLE gateway.transfer_attempts IS 'Every call to a core and what came of it, for the operators'' queue.';

CREATE INDEX transfer_attempts_by_transfer ON gateway.transfer_attempts (owner_id, n, at);
