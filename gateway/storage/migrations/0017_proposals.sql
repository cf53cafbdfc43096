-- What one operator proposes and another decides, beside operators themselves: wallets' backends, and new keys for
-- clients that lost theirs. The tables that it is about insist on both people.

CREATE TABLE merchants.proposals (
    id              text        COLLATE "C" PRIMARY KEY,
    kind            text        NOT NULL CHECK (kind IN ('wallet', 'key_reset')),
    client_id       text        COLLATE "C" NOT NULL,
    partner_id      text        COLLATE "C",
    content         jsonb       NOT NULL,
    reason          text        NOT NULL DEFAULT '',
    proposed_by     text        COLLATE "C" NOT NULL,
    proposed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_by      text        COLLATE "C",
    decided_at      timestamptz,
    accepted        boolean,
    decision_reason text        NOT NULL DEFAULT '',
    CONSTRAINT proposals_two_people CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CONSTRAINT proposals_decided_whole CHECK (num_nonnulls(decided_by, decided_at, accepted) IN (0, 3))
);
COMMENT ON TABLE merchants.proposals IS
    'What one operator wants to do about a client, until another confirms it or turns it down. The bank''s rows.';
COMMENT ON COLUMN merchants.proposals.client_id IS 'Whom it is about; a wallet''s backend is made under this id.';
COMMENT ON COLUMN merchants.proposals.content IS 'A wallet''s issuer, name and public key; a reset''s half of a code, as a keyed hash.';
COMMENT ON COLUMN merchants.proposals.decided_by IS
    'Another operator; `system` for a wallet where a sandbox''s first operator has nobody yet whom it could ask.';
CREATE UNIQUE INDEX proposals_one_open ON merchants.proposals (client_id) WHERE decided_by IS NULL;
CREATE INDEX proposals_waiting ON merchants.proposals (kind, id) WHERE decided_by IS NULL;

CREATE FUNCTION merchants.refuse_proposing_alone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The same lock as for operators: two at once would each be the only one.
    PERFORM pg_advisory_xact_lock(hashtextextended('operator_proposals', 0));
    IF NEW.kind <> 'wallet'
       OR NEW.proposed_by <> 'cli_00000000000070008000000000000000'
       OR EXISTS (SELECT FROM merchants.clients
                   WHERE kind = 'operator' AND 'approver' = ANY (roles)
                     AND client_id <> NEW.proposed_by) THEN
        RAISE check_violation USING MESSAGE = 'another approver has to confirm it',
            SCHEMA = 'merchants', TABLE = 'proposals', CONSTRAINT = 'proposals_two_people';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER proposals_deciding_alone BEFORE INSERT OR UPDATE OF decided_by ON merchants.proposals
    FOR EACH ROW WHEN (NEW.decided_by = 'system') EXECUTE FUNCTION merchants.refuse_proposing_alone();

CREATE FUNCTION merchants.refuse_wallet_of_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM merchants.proposals
                    WHERE client_id = NEW.client_id AND kind = 'wallet' AND accepted
                      AND content ->> 'issuer' = NEW.issuer) THEN
        RAISE check_violation USING MESSAGE = 'a wallet is proposed by one and confirmed by another',
            SCHEMA = 'merchants', TABLE = 'clients', CONSTRAINT = 'clients_wallet_of_two';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER clients_wallet_of_two BEFORE INSERT OR UPDATE OF kind, issuer ON merchants.clients
    FOR EACH ROW WHEN (NEW.kind = 'wallet') EXECUTE FUNCTION merchants.refuse_wallet_of_one();

CREATE TABLE merchants.key_enrolments (
    reset_id    text        COLLATE "C" PRIMARY KEY REFERENCES merchants.proposals,
    client_id   text        COLLATE "C" NOT NULL REFERENCES merchants.clients,
    code_hashes bytea[]     NOT NULL CHECK (cardinality(code_hashes) = 2),
    tries_left  smallint    NOT NULL CHECK (tries_left >= 0),
    expires_at  timestamptz NOT NULL,
    key_id      text        COLLATE "C" REFERENCES merchants.client_keys
);
COMMENT ON TABLE merchants.key_enrolments IS
    'The code by which a client that lost its keys uploads a new one, once; it has the owner of the client.';
COMMENT ON COLUMN merchants.key_enrolments.code_hashes IS
    'Keyed hashes of its two halves, each of which one of the two operators was shown.';
COMMENT ON COLUMN merchants.key_enrolments.key_id IS
    'Set once used: the same code with the same key answers the same again, should the answer have been lost.';
CREATE INDEX key_enrolments_of_client ON merchants.key_enrolments (client_id, reset_id);
CREATE INDEX key_enrolments_expired ON merchants.key_enrolments (expires_at);

CREATE FUNCTION merchants.refuse_reset_of_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM merchants.proposals
                    WHERE id = NEW.reset_id AND kind = 'key_reset' AND accepted AND client_id = NEW.client_id) THEN
        RAISE check_violation USING MESSAGE = 'a key reset is proposed by one and confirmed by another',
            SCHEMA = 'merchants', TABLE = 'key_enrolments', CONSTRAINT = 'key_enrolments_of_two';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER key_enrolments_of_two BEFORE INSERT OR UPDATE OF reset_id, client_id, code_hashes
    ON merchants.key_enrolments FOR EACH ROW EXECUTE FUNCTION merchants.refuse_reset_of_one();
