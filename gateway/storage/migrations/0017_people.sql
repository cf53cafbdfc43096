-- Papers of several pages, what is kept as long as the law asks, closing that no single payment can hold up, and fees
-- and limits of stores and terminals.

ALTER TABLE merchants.documents ADD COLUMN page smallint NOT NULL DEFAULT 1 CHECK (page BETWEEN 1 AND 20);
COMMENT ON COLUMN merchants.documents.page IS
    'Papers of one kind: the two sides of an identity card, one owner''s after another''s, the pages of a permit.';
DROP INDEX merchants.documents_live;
CREATE UNIQUE INDEX documents_live ON merchants.documents (subject_id, kind, page) WHERE replaced_at IS NULL;

ALTER TABLE merchants.merchants ALTER COLUMN settlement_account DROP NOT NULL;
COMMENT ON COLUMN merchants.merchants.settlement_account IS
    'Name, bank, branch and account number as JSON, sealed for the merchant''s id; null once erased.';

ALTER TABLE merchants.bulks ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN merchants.bulks.erased_at IS 'When the retention job took the partner''s own references out of its lines.';
CREATE INDEX bulks_to_erase ON merchants.bulks (updated_at) WHERE state IN ('done', 'rejected') AND erased_at IS NULL;

ALTER TABLE merchants.wind_downs ADD COLUMN after_id text COLLATE "C" NOT NULL DEFAULT '';
COMMENT ON COLUMN merchants.wind_downs.after_id IS
    'The last payment that was looked at in this round, so that one that cannot be ended keeps nobody behind it waiting.';

-- Each level can carry its own fee; null is that of the level above. Limits add up: the smallest of all counts.
ALTER TABLE merchants.stores ADD COLUMN fee_basis_points integer CHECK (fee_basis_points BETWEEN 0 AND 1000);
ALTER TABLE merchants.terminals ADD COLUMN fee_basis_points integer CHECK (fee_basis_points BETWEEN 0 AND 1000);
COMMENT ON COLUMN merchants.stores.fee_basis_points IS 'Null: as the merchant''s.';
COMMENT ON COLUMN merchants.terminals.fee_basis_points IS 'Null: as the store''s.';

ALTER TABLE merchants.change_requests ADD COLUMN place_id text COLLATE "C";
COMMENT ON COLUMN merchants.change_requests.place_id IS
    'The store or terminal whose fee and limit shall change; null where it is the merchant itself.';
DROP INDEX merchants.change_requests_one_open;
CREATE UNIQUE INDEX change_requests_one_open ON merchants.change_requests (partner_id, merchant_id, COALESCE(place_id, ''))
    WHERE status IN ('submitted', 'under_review');

CREATE OR REPLACE FUNCTION merchants.paying_context(partner text, merchant text, terminal text, store text)
RETURNS TABLE (
    merchant_id text, merchant_status text, partner_status text,
    kind text, short_name text, city text, mcc text, merchant_number text, currency text,
    fee_basis_points integer, payment_limit_minor bigint, offers_version bigint,
    store_id text, store_name text, store_status text, terminal_id text, terminal_label text, terminal_status text
)
LANGUAGE sql STABLE
AS $$
    SELECT m.id, m.status, p.status,
           m.kind, m.short_name, m.city, m.mcc, m.merchant_number, m.currency,
           COALESCE(t.fee_basis_points, s.fee_basis_points, m.fee_basis_points),
           LEAST(p.payment_limit_minor, m.payment_limit_minor, s.payment_limit_minor, t.payment_limit_minor),
           p.offers_version,
           s.id, s.name, s.status, t.id, t.label, t.status
      FROM merchants.merchants m
      JOIN merchants.merchants p ON p.partner_id = m.partner_id AND p.id = m.partner_id
      LEFT JOIN merchants.terminals t
        ON t.partner_id = m.partner_id AND t.id = terminal AND t.merchant_id = m.id
      LEFT JOIN merchants.stores s
        ON s.partner_id = m.partner_id AND s.id = COALESCE(t.store_id, store) AND s.merchant_id = m.id
     WHERE m.partner_id = partner AND m.id = merchant
$$;

-- The bank's people name a store or terminal by its id alone.
CREATE INDEX stores_by_id ON merchants.stores (id);
CREATE INDEX terminals_by_id ON merchants.terminals (id);
