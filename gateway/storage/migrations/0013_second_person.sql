-- Nobody lets an operator in alone: what the proposals of 0013_onboarding promise, the table of clients insists on.

ALTER TABLE merchants.operator_proposals ADD COLUMN reason text NOT NULL DEFAULT '';
COMMENT ON COLUMN merchants.operator_proposals.client_id IS
    'The operator it has become; null until somebody else confirms it, and for good where it was turned down.';
COMMENT ON COLUMN merchants.operator_proposals.decided_by IS
    'Another operator; `system` where a sandbox''s first operator has nobody yet whom it could ask.';

-- The sandbox's first operator, whom its configuration lets in, proposes alone until there is another approver: one who
-- was revoked counts, or it would revoke the other and be alone again.
CREATE FUNCTION merchants.refuse_deciding_alone() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER operator_proposals_deciding_alone BEFORE INSERT OR UPDATE OF decided_by ON merchants.operator_proposals
    FOR EACH ROW WHEN (NEW.decided_by = 'system') EXECUTE FUNCTION merchants.refuse_deciding_alone();

-- An operator comes in by a confirmed proposal, by the identity provider's word, or by the sandbox's configuration.
CREATE FUNCTION merchants.refuse_operator_of_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.external_subject IS NULL
       AND NEW.client_id <> 'cli_00000000000070008000000000000000'
       AND NOT EXISTS (SELECT FROM merchants.operator_proposals
                        WHERE client_id = NEW.client_id AND decided_by IS NOT NULL
                          AND roles @> NEW.roles AND roles <@ NEW.roles) THEN
        RAISE check_violation USING MESSAGE = 'an operator is proposed by one and confirmed by another',
            SCHEMA = 'merchants', TABLE = 'clients', CONSTRAINT = 'clients_operator_of_two';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER clients_operator_of_two BEFORE INSERT OR UPDATE OF kind, roles ON merchants.clients
    FOR EACH ROW WHEN (NEW.kind = 'operator') EXECUTE FUNCTION merchants.refuse_operator_of_one();
