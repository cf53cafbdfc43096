CREATE SCHEMA IF NOT EXISTS gateway;
COMMENT ON SCHEMA gateway IS 'Floor 4: idempotency keys, payments and transfers.';

-- One intent, one deed: the row is inserted in the transaction that creates the resource.
CREATE TABLE gateway.idempotency_keys (
    tenant        text COLLATE "C" NOT NULL,
    operation     text COLLATE "C" NOT NULL,
    key           text COLLATE "C" NOT NULL,
    fingerprint   bytea            NOT NULL CHECK (octet_length(fingerprint) = 32),
    resource_id   text COLLATE "C" NOT NULL,
    sealed_secret bytea,
    claimed_at    timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, operation, key)
);
COMMENT ON COLUMN gateway.idempotency_keys.tenant IS 'Owner: the authenticated partner, issuer or client; anonymous callers are known by their request.';
COMMENT ON COLUMN gateway.idempotency_keys.fingerprint IS 'SHA-256 of method, actual path, query and canonical body.';
COMMENT ON COLUMN gateway.idempotency_keys.resource_id IS 'What the deed made; a repeat answers it as it is now.';
COMMENT ON COLUMN gateway.idempotency_keys.sealed_secret IS 'A one-time secret, encrypted; shown again for ten minutes, then dropped.';

-- The sweep walks by age; rows come in by age, so BRIN costs the money path next to nothing.
CREATE INDEX idempotency_keys_by_age ON gateway.idempotency_keys USING brin (claimed_at);
CREATE INDEX idempotency_keys_with_secret ON gateway.idempotency_keys (claimed_at) WHERE sealed_secret IS NOT NULL;

CREATE TYPE gateway.claimed_key AS (
    mine          boolean,
    fingerprint   bytea,
    resource_id   text,
    sealed_secret bytea,
    age_s         double precision
);
COMMENT ON TYPE gateway.claimed_key IS 'mine: go on and create. Otherwise what the first request left.';

-- INSERT ... ON CONFLICT waits for a concurrent duplicate. Once that has committed, its row is in no snapshot
-- taken before the wait: the SELECT has to be a statement of its own, which in READ COMMITTED sees it.
CREATE FUNCTION gateway.claim_key(
    the_tenant text, the_operation text, the_key text, the_fingerprint bytea, the_resource_id text
) RETURNS gateway.claimed_key LANGUAGE plpgsql AS $$
DECLARE
    found_row gateway.claimed_key;
BEGIN
    LOOP
        INSERT INTO gateway.idempotency_keys (tenant, operation, key, fingerprint, resource_id)
        VALUES (the_tenant, the_operation, the_key, the_fingerprint, the_resource_id)
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN (true, the_fingerprint, the_resource_id, NULL, 0)::gateway.claimed_key;
        END IF;
        SELECT false, k.fingerprint, k.resource_id, k.sealed_secret,
               extract(epoch FROM clock_timestamp() - k.claimed_at)
          INTO found_row
          FROM gateway.idempotency_keys AS k
         WHERE k.tenant = the_tenant AND k.operation = the_operation AND k.key = the_key;
        IF FOUND THEN
            RETURN found_row;
        END IF;
        -- Swept between the two statements: the key is free again.
    END LOOP;
END $$;
