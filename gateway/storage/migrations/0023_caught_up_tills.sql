-- What 0014_till_scopes brings, and what 0013_second_person says since it was corrected: databases that had passed 0015
-- by then never ran it. To a database that has it all, nothing happens here.

DO $$
BEGIN
    -- Looked up first: codes that are being made must not wait where there is nothing to do.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_attribute
                    WHERE attrelid = 'merchants.activation_codes'::regclass AND attname = 'scopes') THEN
        ALTER TABLE merchants.activation_codes
            ADD COLUMN scopes text[] NOT NULL DEFAULT '{cancel,pay,query,refund}';
        ALTER TABLE merchants.activation_codes ALTER COLUMN scopes DROP DEFAULT;
        CREATE INDEX activation_codes_by_maker ON merchants.activation_codes (created_by);
    END IF;
END
$$;
COMMENT ON COLUMN merchants.activation_codes.scopes IS
    'What the till will be given: a till''s scopes, so far as the client that made the code had them itself.';

CREATE OR REPLACE FUNCTION merchants.refuse_deciding_alone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two at once would each be the only one.
    PERFORM pg_advisory_xact_lock(hashtextextended('operator_proposals', 0));
    IF NEW.proposed_by <> 'cli_00000000000070008000000000000000'
       OR EXISTS (SELECT FROM merchants.clients
                   WHERE kind = 'operator' AND 'approver' = ANY (roles)
                     AND client_id <> NEW.proposed_by) THEN
        RAISE check_violation USING MESSAGE = 'another approver has to confirm an operator',
            SCHEMA = 'merchants', TABLE = 'operator_proposals', CONSTRAINT = 'operator_proposals_two_people';
    END IF;
    RETURN NEW;
END $$;
