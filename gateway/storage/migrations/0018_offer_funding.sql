-- A third party that pays a share of an offer pauses it at once, or takes its share back.

ALTER TABLE merchants.offers DROP CONSTRAINT offers_paused_by_check;
ALTER TABLE merchants.offers ADD CONSTRAINT offers_paused_by_check
    CHECK (array_to_string(paused_by, ',', '?') ~ '^((bank|partner|mer_[^,?]+)(,|$))*$');

COMMENT ON COLUMN merchants.offers.paused_by IS
    'Who wants it paused: a side, or a third party that pays. Each pauses at once, and it runs again when nobody wants to.';

ALTER TABLE merchants.offer_funders
    ADD COLUMN withdrawn_at timestamptz,
    ADD CONSTRAINT offer_funders_stand_or_not CHECK (accepted_at IS NULL OR withdrawn_at IS NULL);

COMMENT ON COLUMN merchants.offer_funders.withdrawn_at IS
    'When it took its share of this version back: no payment gets the offer from then on, by this version.';
