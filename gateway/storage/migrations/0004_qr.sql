CREATE SCHEMA qr;

COMMENT ON SCHEMA qr IS 'Codes that were issued: what a phone shows and a till scans.';


-- The payer owns the row; nobody knows which payer before the code is found, so the code's hash is the key.
CREATE TABLE qr.payment_codes (
    code_hash   bytea PRIMARY KEY,
    id          text COLLATE "C" NOT NULL,
    issuer      text NOT NULL,
    payer_id    text NOT NULL,
    person_id   text NOT NULL,
    segments    text[] NOT NULL,
    factors     smallint NOT NULL CHECK (factors BETWEEN 0 AND 3),
    certificate boolean NOT NULL,
    issued_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,
    payment_id  text COLLATE "C",
    CHECK ((used_at IS NULL) = (payment_id IS NULL))
) WITH (fillfactor = 70);

COMMENT ON TABLE qr.payment_codes IS 'One-time codes of a payer, dead after their use or their minute.';
COMMENT ON COLUMN qr.payment_codes.code_hash IS 'HMAC-SHA256 over environment and digits; the code itself is stored nowhere.';
COMMENT ON COLUMN qr.payment_codes.payment_id IS 'The payment that used the code up, whatever became of it.';

CREATE INDEX payment_codes_by_expiry ON qr.payment_codes (expires_at);


CREATE TABLE qr.order_codes (
    partner_id  text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    partner_no  bigint NOT NULL,
    serial      bigint NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    payment_id  text COLLATE "C" NOT NULL,
    form        text NOT NULL CHECK (form IN ('emv', 'link')),
    payee_name  text NOT NULL,
    payload     text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    PRIMARY KEY (partner_id, id),
    UNIQUE (partner_no, serial),
    UNIQUE (partner_id, payment_id)
);

COMMENT ON TABLE qr.order_codes IS 'Signed codes that a till or a page shows for one payment.';
COMMENT ON COLUMN qr.order_codes.partner_no IS 'The same owner as partner_id, as the code carries it: a scan knows only this.';
COMMENT ON COLUMN qr.order_codes.payload IS 'The text as signed; public, it is on a screen.';
COMMENT ON COLUMN qr.order_codes.payee_name IS 'The merchant as it was named when the code was made, for the caption.';

CREATE INDEX order_codes_by_expiry ON qr.order_codes (expires_at);


CREATE TABLE qr.code_credentials (
    id          text COLLATE "C" PRIMARY KEY,
    issuer      text NOT NULL,
    payer_id    text NOT NULL,
    person_id   text NOT NULL,
    segments    text[] NOT NULL,
    factors     smallint NOT NULL CHECK (factors BETWEEN 0 AND 3),
    certificate boolean NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    renewed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at  timestamptz
);

COMMENT ON TABLE qr.code_credentials IS 'Phones that make payment codes without a network, and whose they are.';

CREATE INDEX code_credentials_by_renewal ON qr.code_credentials (renewed_at);


CREATE TABLE qr.credential_numbers (
    number        integer PRIMARY KEY CHECK (number BETWEEN 0 AND 999999999),
    credential_id text COLLATE "C" NOT NULL REFERENCES qr.code_credentials (id),
    sealed_secret bytea NOT NULL,
    issued_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at    timestamptz NOT NULL,
    last_step     bigint NOT NULL DEFAULT 0,
    wrong_codes   smallint NOT NULL DEFAULT 0,
    payment_id    text COLLATE "C"
) WITH (fillfactor = 80);

COMMENT ON TABLE qr.credential_numbers IS 'What a phone''s codes begin with; another with every renewal, so that shops cannot follow it.';
COMMENT ON COLUMN qr.credential_numbers.last_step IS 'The minute that paid last: no code of it or before pays again.';
COMMENT ON COLUMN qr.credential_numbers.wrong_codes IS 'Five force the phone online; its payer is never locked out.';

CREATE INDEX credential_numbers_by_credential ON qr.credential_numbers (credential_id);
CREATE INDEX credential_numbers_by_expiry ON qr.credential_numbers (expires_at);


CREATE TABLE qr.store_codes (
    partner_id  text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    partner_no  bigint NOT NULL,
    serial      bigint NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    store_id    text COLLATE "C" NOT NULL,
    terminal_id text COLLATE "C",
    payee_name  text NOT NULL,
    payload     text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at  timestamptz,
    PRIMARY KEY (partner_id, id),
    UNIQUE (partner_no, serial)
);

COMMENT ON TABLE qr.store_codes IS 'Static signed codes of a store or a terminal; good until they are revoked.';
COMMENT ON COLUMN qr.store_codes.partner_no IS 'The same owner as partner_id, as the code carries it: a scan knows only this.';
COMMENT ON COLUMN qr.store_codes.payload IS 'The text as signed; public, it hangs on a wall.';


CREATE TABLE qr.wrong_codes (
    subject        text COLLATE "C" PRIMARY KEY,
    count          integer NOT NULL,
    window_ends_at timestamptz NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE qr.wrong_codes IS 'Codes nobody issued, counted by the terminal and the merchant that sent them: who guesses is slowed down, and no payer can be locked out by a stranger.';
COMMENT ON COLUMN qr.wrong_codes.subject IS 'A terminal''s or a merchant''s id; it names its partner.';
