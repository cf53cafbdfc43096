-- What payments earn their payers beside a discount, and what refunds take of it.

-- As 0009_together_payments has it; and it is remembered, in the same transaction, who paid.
CREATE FUNCTION gateway.succeed_and_meet(
    partner_ids text[], ids text[], core_references text[], tooks_ms integer[], at timestamptz[],
    discounted_partners text[], discounted text[], discounted_by text[],
    tenants text[], event_ids text[], types text[], object_ids text[], sequences bigint[], merchant_ids text[],
    store_ids text[], occurred_at timestamptz[], expires_at timestamptz[], bodies text[], people text[]
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gateway.succeed_together(partner_ids, ids, core_references, tooks_ms, at, discounted_partners,
                                     discounted, discounted_by, tenants, event_ids, types, object_ids,
                                     sequences, merchant_ids, store_ids, occurred_at, expires_at, bodies);
    PERFORM merchants.meet_customers(partner_ids, people, ids);
END
$$;

CREATE TABLE gateway.credits (
    partner_id    text COLLATE "C" NOT NULL,
    id            text COLLATE "C" NOT NULL,
    payment_id    text COLLATE "C" NOT NULL,
    offer_id      text COLLATE "C" NOT NULL,
    form          text NOT NULL CHECK (form IN ('cashback', 'points')),
    unit          text COLLATE "C" NOT NULL,
    issuer        text NOT NULL,
    payer_id      text COLLATE "C" NOT NULL,
    accounts      text[] NOT NULL,
    amounts       bigint[] NOT NULL,
    state         text NOT NULL DEFAULT 'owed' CHECK (state IN ('owed', 'given')),
    claimed       bigint NOT NULL DEFAULT 0,
    to_take       bigint[] NOT NULL,
    taken         bigint[] NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, id),
    UNIQUE (partner_id, payment_id, offer_id),
    FOREIGN KEY (partner_id, payment_id) REFERENCES gateway.payments (partner_id, id)
);

CREATE INDEX credits_by_payer ON gateway.credits (issuer, payer_id, id DESC);

COMMENT ON TABLE gateway.credits IS 'Cashback and points that a payment earned: given once, taken back as it is refunded.';
COMMENT ON COLUMN gateway.credits.accounts IS 'Who gives it; amounts, to_take and taken stand in the same order.';
COMMENT ON COLUMN gateway.credits.claimed IS 'Of points: what refunds take from the wallet, those under way included.';
COMMENT ON COLUMN gateway.credits.to_take IS 'What is to come back from the wallet in all, by transfers of their own.';
COMMENT ON COLUMN gateway.credits.taken IS 'What of it has come.';

CREATE TABLE gateway.points_accounts (
    issuer   text NOT NULL,
    payer_id text COLLATE "C" NOT NULL,
    unit     text COLLATE "C" NOT NULL,
    points   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (issuer, payer_id, unit)
);

COMMENT ON TABLE gateway.points_accounts IS
    'Points that a payer has not spent or had taken back, as far as they came through us; below zero is owed.';

ALTER TABLE gateway.refunds
    ADD COLUMN credits_back jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN deducted_minor bigint NOT NULL DEFAULT 0 CHECK (deducted_minor BETWEEN 0 AND paid_minor);

COMMENT ON COLUMN gateway.refunds.credits_back IS 'What it takes of cashback, points and waived fees, and from where.';
COMMENT ON COLUMN gateway.refunds.deducted_minor IS
    'Of the payer''s part: cashback, and points spent already, which go to who funded them.';
