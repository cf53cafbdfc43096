-- Who may come in: clients and their public keys, tills' activation codes, our own signing keys, the trail.

CREATE TABLE merchants.signing_keys (
    purpose            text        NOT NULL CHECK (purpose IN ('qr', 'store_qr', 'token', 'webhook', 'core')),
    key_id             text        COLLATE "C" NOT NULL CHECK (key_id ~ '^[0-9A-Z]{2}$'),
    public_key         bytea       NOT NULL CHECK (length(public_key) = 32),
    sealed_private_key bytea       NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    signs_from         timestamptz NOT NULL,
    verifies_until     timestamptz,
    PRIMARY KEY (purpose, key_id)
);
COMMENT ON TABLE merchants.signing_keys IS
    'The gateway''s own Ed25519 keys. The bank owns every row; two characters, as an order code has room for no more.';
COMMENT ON COLUMN merchants.signing_keys.signs_from IS
    'Later than created_at, so that every verifier has fetched the key before it meets a signature by it.';
COMMENT ON COLUMN merchants.signing_keys.verifies_until IS
    'Set when a newer key takes over: the end of the longest-lived thing this key has signed.';

CREATE TABLE merchants.clients (
    client_id      text        COLLATE "C" PRIMARY KEY,
    kind           text        NOT NULL CHECK (kind IN ('partner', 'terminal', 'wallet', 'operator', 'applicant')),
    name           text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    partner_id     text        COLLATE "C",
    merchant_id    text        COLLATE "C",
    store_id       text        COLLATE "C",
    terminal_id    text        COLLATE "C",
    application_id text        COLLATE "C",
    issuer         text        COLLATE "C",
    scopes         text[]      NOT NULL,
    roles          text[]      NOT NULL DEFAULT '{}'
        CHECK (roles <@ ARRAY['reviewer', 'approver', 'risk', 'auditor']),
    created_at     timestamptz NOT NULL DEFAULT now(),
    created_by     text        NOT NULL,
    revoked_at     timestamptz,
    -- Each kind names its owner, and nothing it does not own.
    CHECK (CASE kind
        WHEN 'partner'   THEN num_nonnulls(partner_id, merchant_id) = 2
                          AND num_nonnulls(store_id, terminal_id, issuer) = 0
        WHEN 'terminal'  THEN num_nonnulls(partner_id, merchant_id, store_id, terminal_id) = 4
                          AND num_nonnulls(application_id, issuer) = 0
        WHEN 'wallet'    THEN issuer IS NOT NULL
                          AND num_nonnulls(partner_id, merchant_id, store_id, terminal_id, application_id) = 0
        WHEN 'operator'  THEN cardinality(roles) > 0
                          AND num_nonnulls(partner_id, merchant_id, store_id, terminal_id, application_id, issuer) = 0
        WHEN 'applicant' THEN application_id IS NOT NULL
                          AND num_nonnulls(partner_id, merchant_id, store_id, terminal_id, issuer) = 0
    END),
    CHECK (kind = 'operator' OR cardinality(roles) = 0),
    FOREIGN KEY (partner_id, merchant_id) REFERENCES merchants.merchants (partner_id, id),
    FOREIGN KEY (partner_id, terminal_id) REFERENCES merchants.terminals (partner_id, id),
    -- An application names its applicant's client too, and one of the two is written first.
    FOREIGN KEY (application_id) REFERENCES merchants.applications (id) DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE merchants.clients IS
    'A principal that signs in with its own key: a partner''s server, a till, a wallet backend, an operator, an applicant.';
CREATE INDEX clients_of_partner ON merchants.clients (partner_id, client_id) WHERE partner_id IS NOT NULL;
-- A till has one live client: enrolling a replacement revokes the one before.
CREATE UNIQUE INDEX clients_live_of_terminal ON merchants.clients (terminal_id)
    WHERE terminal_id IS NOT NULL AND revoked_at IS NULL;
CREATE UNIQUE INDEX clients_of_application ON merchants.clients (application_id) WHERE application_id IS NOT NULL;

CREATE TABLE merchants.client_keys (
    key_id       text        COLLATE "C" PRIMARY KEY,
    client_id    text        COLLATE "C" NOT NULL REFERENCES merchants.clients,
    purpose      text        NOT NULL CHECK (purpose IN ('assertion', 'agreement')),
    slot         smallint    NOT NULL CHECK (slot IN (1, 2)),
    algorithm    text        NOT NULL CHECK (algorithm IN ('EdDSA', 'ES256', 'PS256')),
    jwk          jsonb       NOT NULL,
    thumbprint   text        COLLATE "C" NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    created_by   text        NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    -- A key once revoked never comes back, and never serves a second purpose.
    UNIQUE (client_id, thumbprint)
);
COMMENT ON TABLE merchants.client_keys IS
    'Public keys our clients uploaded; never fetched from anywhere. The algorithm is the key''s, never the message''s.';
COMMENT ON COLUMN merchants.client_keys.thumbprint IS 'RFC 7638, SHA-256, base64url.';
-- Two live keys a purpose, whoever uploads at the same time.
CREATE UNIQUE INDEX client_keys_live ON merchants.client_keys (client_id, purpose, slot) WHERE revoked_at IS NULL;

CREATE TABLE merchants.assertion_jtis (
    client_id  text        COLLATE "C" NOT NULL REFERENCES merchants.clients,
    jti        text        COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti)
);
COMMENT ON TABLE merchants.assertion_jtis IS
    'Assertions that have been used, until they expire: one works once, on whichever replica it arrives.';
CREATE INDEX assertion_jtis_expired ON merchants.assertion_jtis (expires_at);

-- Whether a client may still act, as of the caller's snapshot; for reads. In plpgsql, which keeps its plans.
CREATE FUNCTION merchants.peek_caller_status(client text, key text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    status text;
BEGIN
    SELECT CASE
               WHEN c.revoked_at IS NOT NULL THEN 'client_revoked'
               WHEN k.revoked_at IS NOT NULL THEN 'key_revoked'
               WHEN t.status <> 'active' THEN 'terminal_retired'
               ELSE 'live'
           END
      INTO status
      FROM merchants.clients c
      JOIN merchants.client_keys k ON k.client_id = c.client_id AND k.key_id = key
      LEFT JOIN merchants.terminals t ON t.partner_id = c.partner_id AND t.id = c.terminal_id
     WHERE c.client_id = client;
    RETURN COALESCE(status, 'unknown');
END $$;

-- The same for whatever moves money. The shared lock makes a revocation wait for the transactions that still saw
-- the client live, so that none of them commits after the revocation has been answered. Advisory, for it costs
-- no write; in plpgsql, for the status must be read after the lock is held, by a statement of its own.
CREATE FUNCTION merchants.caller_status(client text, key text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('client:' || client, 0));
    RETURN merchants.peek_caller_status(client, key);
END $$;

-- Taken by whoever revokes, before the update; several clients in the order of their ids.
CREATE FUNCTION merchants.lock_client(client text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('client:' || client, 0))
$$;

CREATE TABLE merchants.activation_codes (
    partner_id    text        COLLATE "C" NOT NULL,
    terminal_id   text        COLLATE "C" NOT NULL,
    merchant_id   text        COLLATE "C" NOT NULL,
    store_id      text        COLLATE "C" NOT NULL,
    selector_hash bytea       NOT NULL,
    code_hash     bytea       NOT NULL,
    tries_left    smallint    NOT NULL CHECK (tries_left >= 0),
    expires_at    timestamptz NOT NULL,
    created_by    text        NOT NULL,
    client_id     text        COLLATE "C" REFERENCES merchants.clients,
    PRIMARY KEY (partner_id, terminal_id),
    FOREIGN KEY (partner_id, terminal_id) REFERENCES merchants.terminals (partner_id, id)
);
CREATE INDEX activation_codes_selected ON merchants.activation_codes (selector_hash);
CREATE INDEX activation_codes_expired ON merchants.activation_codes (expires_at);
COMMENT ON TABLE merchants.activation_codes IS
    'The latest code of each till, as keyed hashes: its first half finds the row, so that wrong second halves can be counted.';
COMMENT ON COLUMN merchants.activation_codes.client_id IS
    'Set once used: the same code with the same key answers the same client again, should the answer have been lost.';

CREATE TABLE merchants.audit (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text        COLLATE "C" NOT NULL,
    deed       text        NOT NULL,
    object_id  text        COLLATE "C" NOT NULL,
    partner_id text        COLLATE "C",
    reason     text        NOT NULL,
    facts      jsonb       NOT NULL
);
COMMENT ON TABLE merchants.audit IS 'Who did what to whose record and why. Rows are only added; partner_id is null for the bank''s own.';
CREATE INDEX audit_of_object ON merchants.audit (object_id, id);
CREATE INDEX audit_of_partner ON merchants.audit (partner_id, id);

CREATE FUNCTION merchants.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON merchants.audit
    FOR EACH ROW EXECUTE FUNCTION merchants.refuse_change();
