-- Onboarding whole: rounds of questions, documents, account verification, agreements, sub-merchants in bulk, changes
-- of what is live, what closing leaves to do, exact search over sealed fields, and the operators' second person.

ALTER TABLE merchants.applications
    ADD COLUMN questions        jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN round            integer NOT NULL DEFAULT 0,
    ADD COLUMN steps            text[] NOT NULL DEFAULT '{}' CHECK (steps <@ ARRAY['verify_account', 'sign']),
    ADD COLUMN status_since     timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN override_by      text COLLATE "C",
    ADD COLUMN override_reason  text,
    ADD COLUMN bulk_id          text COLLATE "C",
    ADD COLUMN erased_at        timestamptz,
    -- Whoever lets a credit code pass against the rules is not the one who approves the case.
    ADD CONSTRAINT applications_override_two_people CHECK (
        override_by IS NULL OR approver_id IS NULL OR override_by <> approver_id);

COMMENT ON COLUMN merchants.applications.questions IS
    'What the bank asked in the last round: a list of {pointer, note}; empty once it was submitted again.';
COMMENT ON COLUMN merchants.applications.round IS 'Counts the rounds in which the bank asked for more.';
COMMENT ON COLUMN merchants.applications.steps IS 'What is left after the approval: verify_account, sign.';
COMMENT ON COLUMN merchants.applications.status_since IS 'PostgreSQL''s clock at the last change of status; expiry counts from it.';
COMMENT ON COLUMN merchants.applications.override_by IS
    'The reviewer who saw that a credit code is right although it breaks GB 32100-2015 (issued before the standard).';
COMMENT ON COLUMN merchants.applications.bulk_id IS 'The bulk file it came in, which is reviewed as one case.';
COMMENT ON COLUMN merchants.applications.erased_at IS 'When the retention job took what is personal out of it.';

CREATE INDEX applications_waiting ON merchants.applications (status, status_since)
    WHERE status IN ('draft', 'needs_more_info', 'to_be_verified', 'to_be_signed');
CREATE INDEX applications_to_erase ON merchants.applications (status_since)
    WHERE status IN ('rejected', 'withdrawn', 'expired', 'active') AND erased_at IS NULL;
CREATE INDEX applications_of_bulk ON merchants.applications (bulk_id, id) WHERE bulk_id IS NOT NULL;

CREATE FUNCTION merchants.note_status_since() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.status_since := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER applications_status_since BEFORE UPDATE OF status ON merchants.applications
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION merchants.note_status_since();

CREATE TABLE merchants.documents (
    subject_id  text        COLLATE "C" NOT NULL,
    id          text        COLLATE "C" NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('business_licence', 'representative_id', 'owner_id', 'bank_account',
                              'store_photo', 'qualification', 'agreement', 'other')),
    media_type  text        NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'application/pdf')),
    size_bytes  integer     NOT NULL CHECK (size_bytes > 0),
    sha256      bytea       NOT NULL CHECK (length(sha256) = 32),
    content     bytea,
    round       integer     NOT NULL,
    uploaded_by text        COLLATE "C" NOT NULL,
    uploaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    replaced_at timestamptz,
    erased_at   timestamptz,
    PRIMARY KEY (subject_id, id),
    CONSTRAINT documents_content_until_erased CHECK ((content IS NULL) = (erased_at IS NOT NULL))
);
COMMENT ON TABLE merchants.documents IS
    'Pictures and PDFs of an application or a change request. Replaced ones stay for the trail until the retention job.';
COMMENT ON COLUMN merchants.documents.sha256 IS 'Of the bytes as they were uploaded, so that an applicant recognises its file.';
COMMENT ON COLUMN merchants.documents.content IS 'Re-encoded, then sealed for the document''s id; null once erased.';
CREATE UNIQUE INDEX documents_live ON merchants.documents (subject_id, kind) WHERE replaced_at IS NULL;

CREATE TABLE merchants.verifications (
    id             text        COLLATE "C" PRIMARY KEY,
    application_id text        COLLATE "C" NOT NULL REFERENCES merchants.applications (id),
    state          text        NOT NULL CHECK (state IN ('sending', 'sent', 'verified', 'failed', 'refused', 'expired', 'dropped')),
    account_hash   bytea       NOT NULL,
    sealed         bytea,
    tries          smallint    NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 3),
    reason         text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at        timestamptz,
    expires_at     timestamptz,
    closed_at      timestamptz,
    CONSTRAINT verifications_sent_expires CHECK ((state = 'sent') <= (expires_at IS NOT NULL))
);
COMMENT ON TABLE merchants.verifications IS
    'Two small credits to a settlement account whose sum its holder has to name. Owner of the transfers id.1 and id.2.';
COMMENT ON COLUMN merchants.verifications.account_hash IS 'Keyed hash of the account number: tries are bounded by account, whoever applies.';
COMMENT ON COLUMN merchants.verifications.sealed IS 'The two amounts and the beneficiary, sealed for the verification''s id; null once erased.';
CREATE UNIQUE INDEX verifications_open ON merchants.verifications (application_id) WHERE state IN ('sending', 'sent');
CREATE INDEX verifications_of_account ON merchants.verifications (account_hash, created_at);
CREATE INDEX verifications_expiring ON merchants.verifications (expires_at) WHERE state = 'sent';

CREATE TABLE merchants.agreement_texts (
    sha256     bytea       PRIMARY KEY CHECK (length(sha256) = 32),
    version    text        NOT NULL,
    body       text        NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE merchants.agreement_texts IS 'Every text of the agreement that was ever signed, word for word. The bank''s rows.';
CREATE TRIGGER agreement_texts_only_grow BEFORE UPDATE OR DELETE ON merchants.agreement_texts
    FOR EACH ROW EXECUTE FUNCTION merchants.refuse_change();

CREATE TABLE merchants.agreements (
    application_id text        COLLATE "C" PRIMARY KEY REFERENCES merchants.applications (id),
    merchant_id    text        COLLATE "C",
    text_sha256    bytea       NOT NULL REFERENCES merchants.agreement_texts (sha256),
    signer         bytea,
    client_id      text        COLLATE "C" NOT NULL REFERENCES merchants.clients,
    key_id         text        COLLATE "C" NOT NULL REFERENCES merchants.client_keys,
    signed_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE merchants.agreements IS 'Who signed which text, with which key. Kept as long as the merchant and its retention time.';
COMMENT ON COLUMN merchants.agreements.signer IS
    'Name and office of the signer and the JWS as it came, sealed for the application''s id; null once erased.';

-- What is on record of a merchant today. It outlives the application, whose copy the retention job erases.
CREATE TABLE merchants.merchant_records (
    partner_id  text        COLLATE "C" NOT NULL,
    merchant_id text        COLLATE "C" NOT NULL,
    particulars bytea,
    version     integer     NOT NULL DEFAULT 1,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at   timestamptz,
    PRIMARY KEY (partner_id, merchant_id),
    FOREIGN KEY (partner_id, merchant_id) REFERENCES merchants.merchants (partner_id, id)
);
COMMENT ON COLUMN merchants.merchant_records.particulars IS 'As in merchants.applications, sealed for the merchant''s id.';
COMMENT ON COLUMN merchants.merchant_records.version IS 'Counts changes; a change request that was made against an older one is refused.';

CREATE TABLE merchants.change_requests (
    partner_id          text        COLLATE "C" NOT NULL,
    id                  text        COLLATE "C" NOT NULL,
    merchant_id         text        COLLATE "C" NOT NULL,
    status              text        NOT NULL CHECK (status IN ('submitted', 'under_review', 'approved', 'rejected', 'withdrawn')),
    version             integer     NOT NULL DEFAULT 1,
    sections            text[]      NOT NULL,
    changes             bytea,
    record_version      integer     NOT NULL,
    requested_by        text        COLLATE "C" NOT NULL,
    reviewer_id         text        COLLATE "C",
    approver_id         text        COLLATE "C",
    reason              text        NOT NULL DEFAULT '',
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_at          timestamptz,
    erased_at           timestamptz,
    PRIMARY KEY (partner_id, id),
    FOREIGN KEY (partner_id, merchant_id) REFERENCES merchants.merchants (partner_id, id),
    CONSTRAINT change_requests_two_people CHECK (
        approver_id IS NULL OR (reviewer_id IS NOT NULL AND reviewer_id <> approver_id AND requested_by <> approver_id)),
    CONSTRAINT change_requests_approved_by_somebody CHECK (status <> 'approved' OR approver_id IS NOT NULL)
);
COMMENT ON TABLE merchants.change_requests IS
    'A wish to change what is live: a partner''s, or an operator''s for fee and limit. Nothing changes until it is approved.';
COMMENT ON COLUMN merchants.change_requests.changes IS 'The sections as they shall be, as JSON, sealed for the request''s id; null once erased.';
COMMENT ON COLUMN merchants.change_requests.record_version IS 'Of the merchant''s record when it was asked for.';
CREATE UNIQUE INDEX change_requests_one_open ON merchants.change_requests (partner_id, merchant_id)
    WHERE status IN ('submitted', 'under_review');
CREATE INDEX change_requests_by_status ON merchants.change_requests (status, id);
CREATE INDEX change_requests_by_id ON merchants.change_requests (id);
CREATE INDEX change_requests_to_erase ON merchants.change_requests (decided_at) WHERE erased_at IS NULL;

-- What suspending or closing leaves to be done beyond its own transaction.
CREATE TABLE merchants.wind_downs (
    partner_id  text        COLLATE "C" NOT NULL,
    merchant_id text        COLLATE "C" NOT NULL,
    version     integer     NOT NULL,
    status      text        NOT NULL CHECK (status IN ('suspended', 'closed')),
    since       timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at     timestamptz,
    PRIMARY KEY (partner_id, merchant_id, version)
);
COMMENT ON TABLE merchants.wind_downs IS 'Merchants whose unpaid payments, codes and offers the worker still has to end.';
CREATE INDEX wind_downs_due ON merchants.wind_downs (due_at) WHERE done_at IS NULL;

CREATE TABLE merchants.bulks (
    partner_id  text        COLLATE "C" NOT NULL,
    id          text        COLLATE "C" NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('tenant', 'seller')),
    format      text        NOT NULL CHECK (format IN ('csv', 'jsonl')),
    state       text        NOT NULL CHECK (state IN ('reading', 'checked', 'under_review', 'admitting', 'done', 'rejected')),
    version     integer     NOT NULL DEFAULT 1,
    lines       integer     NOT NULL,
    read        integer     NOT NULL DEFAULT 0,
    faulty      integer     NOT NULL DEFAULT 0,
    admitted    integer     NOT NULL DEFAULT 0,
    refused     integer     NOT NULL DEFAULT 0,
    after_id    text        COLLATE "C" NOT NULL DEFAULT '',
    uploaded_by text        COLLATE "C" NOT NULL,
    reviewer_id text        COLLATE "C",
    approver_id text        COLLATE "C",
    fee_basis_points    integer CHECK (fee_basis_points BETWEEN 0 AND 1000),
    payment_limit_minor bigint CHECK (payment_limit_minor > 0),
    reason      text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (partner_id, id),
    CONSTRAINT bulks_two_people CHECK (
        approver_id IS NULL OR (reviewer_id IS NOT NULL AND reviewer_id <> approver_id)),
    CONSTRAINT bulks_admitted_by_somebody CHECK (state <> 'admitting' OR approver_id IS NOT NULL)
);
COMMENT ON TABLE merchants.bulks IS
    'A file of sub-merchants: read line by line, reviewed as one case, admitted by the operators'' two signatures on each.';
COMMENT ON COLUMN merchants.bulks.read IS 'Lines that have their result; a restarted worker goes on behind them.';
COMMENT ON COLUMN merchants.bulks.after_id IS 'The last application that was admitted or refused; a restarted worker goes on behind it.';
CREATE INDEX bulks_working ON merchants.bulks (updated_at) WHERE state IN ('reading', 'admitting');
CREATE INDEX bulks_by_state ON merchants.bulks (state, id);
CREATE INDEX bulks_by_id ON merchants.bulks (id);

CREATE TABLE merchants.bulk_pieces (
    partner_id text    COLLATE "C" NOT NULL,
    bulk_id    text    COLLATE "C" NOT NULL,
    first      integer NOT NULL,
    rows       bytea   NOT NULL,
    PRIMARY KEY (partner_id, bulk_id, first),
    FOREIGN KEY (partner_id, bulk_id) REFERENCES merchants.bulks (partner_id, id)
);
COMMENT ON TABLE merchants.bulk_pieces IS 'The file''s lines until they were read, some at a time, sealed for the bulk''s id.';

CREATE TABLE merchants.bulk_lines (
    partner_id     text    COLLATE "C" NOT NULL,
    bulk_id        text    COLLATE "C" NOT NULL,
    line           integer NOT NULL,
    reference      text    NOT NULL DEFAULT '',
    application_id text    COLLATE "C",
    faults         jsonb   NOT NULL DEFAULT '[]',
    PRIMARY KEY (partner_id, bulk_id, line),
    FOREIGN KEY (partner_id, bulk_id) REFERENCES merchants.bulks (partner_id, id),
    CONSTRAINT bulk_lines_application_or_faults CHECK ((application_id IS NULL) = (faults <> '[]'))
);
COMMENT ON TABLE merchants.bulk_lines IS 'What became of each line: its application, or every fault with its field.';
CREATE INDEX bulk_lines_faulty ON merchants.bulk_lines (partner_id, bulk_id, line) WHERE application_id IS NULL;

CREATE TABLE merchants.search_index (
    field      text  NOT NULL CHECK (field IN ('document_number', 'account_number', 'phone', 'email')),
    hash       bytea NOT NULL,
    subject_id text  COLLATE "C" NOT NULL,
    PRIMARY KEY (field, hash, subject_id)
);
COMMENT ON TABLE merchants.search_index IS
    'Keyed hashes of sealed fields, for exact search by the bank''s people. subject_id is an application or a merchant.';
CREATE INDEX search_index_of_subject ON merchants.search_index (subject_id);

CREATE TABLE merchants.operator_proposals (
    id           text        COLLATE "C" PRIMARY KEY,
    name         text        NOT NULL,
    roles        text[]      NOT NULL,
    jwk          jsonb       NOT NULL,
    proposed_by  text        COLLATE "C" NOT NULL,
    proposed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_by   text        COLLATE "C",
    decided_at   timestamptz,
    client_id    text        COLLATE "C",
    CONSTRAINT operator_proposals_two_people CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CONSTRAINT operator_proposals_made_by_a_second CHECK (client_id IS NULL OR decided_by IS NOT NULL)
);
COMMENT ON TABLE merchants.operator_proposals IS
    'Whom one operator wants to let in, until another confirms it or turns it down (client_id stays null).';
CREATE INDEX operator_proposals_open ON merchants.operator_proposals (id) WHERE decided_by IS NULL;
