-- What a shop reads off its returning customer's browser is signed by keys of its own.
ALTER TABLE merchants.signing_keys
    DROP CONSTRAINT signing_keys_purpose_check,
    ADD CONSTRAINT signing_keys_purpose_check
        CHECK (purpose IN ('qr', 'store_qr', 'token', 'webhook', 'core', 'checkout'));
