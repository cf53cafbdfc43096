-- A till may never do more than whoever made its activation code, and a code ends with its maker.

ALTER TABLE merchants.activation_codes
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{cancel,pay,query,refund}';
ALTER TABLE merchants.activation_codes ALTER COLUMN scopes DROP DEFAULT;
COMMENT ON COLUMN merchants.activation_codes.scopes IS
    'What the till will be given: a till''s scopes, so far as the client that made the code had them itself.';
CREATE INDEX activation_codes_by_maker ON merchants.activation_codes (created_by);
