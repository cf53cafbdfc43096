-- Proofs of possession (DPoP), and which clients have to bring them.

ALTER TABLE merchants.clients ADD COLUMN dpop_bound_access_tokens boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN merchants.clients.dpop_bound_access_tokens IS
    'RFC 9449, section 5.2: this client gets no token that works without a proof of possession.';

-- A proof works once, on whichever replica it arrives. It lives for a minute, so it is kept for two to eight: the
-- partition is the two minutes in which it was made, and is emptied as a whole before its turn comes again.
CREATE TABLE merchants.used_proofs (
    slot   smallint NOT NULL,
    digest bytea    NOT NULL CHECK (octet_length(digest) = 32),
    PRIMARY KEY (slot, digest)
) PARTITION BY LIST (slot);
COMMENT ON TABLE merchants.used_proofs IS 'DPoP proofs that have been used. The caller owns its row: the digest is over its key and its jti.';
CREATE TABLE merchants.used_proofs_0 PARTITION OF merchants.used_proofs FOR VALUES IN (0);
CREATE TABLE merchants.used_proofs_1 PARTITION OF merchants.used_proofs FOR VALUES IN (1);
CREATE TABLE merchants.used_proofs_2 PARTITION OF merchants.used_proofs FOR VALUES IN (2);
CREATE TABLE merchants.used_proofs_3 PARTITION OF merchants.used_proofs FOR VALUES IN (3);

-- Whether this is the proof's first use. Of two at one moment the second waits for the first.
CREATE FUNCTION merchants.use_proof(issued_at_s bigint, proof bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO merchants.used_proofs (slot, digest) VALUES ((issued_at_s / 120 % 4)::smallint, proof)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

-- Empty the partition that is used next but one: what is in it has been too old to be accepted for two minutes.
CREATE FUNCTION merchants.forget_proofs() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    slot   integer := (extract(epoch FROM clock_timestamp())::bigint / 120 + 2) % 4;
    filled boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM merchants.used_proofs_%s)', slot) INTO filled;
    IF filled THEN
        EXECUTE format('TRUNCATE merchants.used_proofs_%s', slot);
    END IF;
    RETURN filled;
END $$;

-- The bank's people, as the bank's identity provider knows them.
ALTER TABLE merchants.clients ADD COLUMN external_subject text COLLATE "C" UNIQUE
    CHECK (external_subject IS NULL OR kind = 'operator');
COMMENT ON COLUMN merchants.clients.external_subject IS
    'Issuer and `sub` at the bank''s identity provider: one person is one client, so two pairs of eyes are two people.';

CREATE TABLE merchants.operator_sessions (
    session_id   text        COLLATE "C" PRIMARY KEY CHECK (session_id LIKE 'ses\_%'),
    client_id    text        COLLATE "C" NOT NULL REFERENCES merchants.clients,
    sign_in      bytea       NOT NULL UNIQUE CHECK (octet_length(sign_in) = 32),
    roles        text[]      NOT NULL CHECK (cardinality(roles) > 0),
    signed_in_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);
COMMENT ON TABLE merchants.operator_sessions IS
    'An operator who has signed in at the bank''s identity provider; stands where a key stands for other clients.';
COMMENT ON COLUMN merchants.operator_sessions.sign_in IS 'Digest of the nonce: a sign-in is completed once.';
CREATE INDEX operator_sessions_expired ON merchants.operator_sessions (expires_at);

CREATE OR REPLACE FUNCTION merchants.peek_caller_status(client text, key text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    status text;
BEGIN
    IF starts_with(key, 'ses_') THEN
        SELECT CASE
                   WHEN c.revoked_at IS NOT NULL THEN 'client_revoked'
                   WHEN s.revoked_at IS NOT NULL OR s.expires_at <= clock_timestamp() THEN 'session_ended'
                   ELSE 'live'
               END
          INTO status
          FROM merchants.clients c
          JOIN merchants.operator_sessions s ON s.client_id = c.client_id AND s.session_id = key
         WHERE c.client_id = client;
        RETURN COALESCE(status, 'unknown');
    END IF;
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
