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
