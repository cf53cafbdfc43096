-- Which offers are used up is told by the least they give: a sweep sees these alone, however many others are half used.

ALTER TABLE merchants.offer_versions ADD COLUMN least_minor bigint NOT NULL DEFAULT 1;

COMMENT ON COLUMN merchants.offer_versions.least_minor IS
    'The least its terms ever give, in what they give; an offer with less left gives nothing any more.';

UPDATE merchants.offer_versions v
   SET least_minor = CASE plain.terms ->> 'kind'
           WHEN 'threshold_off' THEN LEAST((plain.terms #>> '{tiers,0,off_minor}')::bigint,
                                           (plain.terms ->> 'cap_minor')::bigint)
           WHEN 'points' THEN LEAST((plain.terms ->> 'points')::bigint, (plain.terms ->> 'cap_points')::bigint)
           WHEN 'amount_off' THEN CASE
               WHEN COALESCE((plain.terms ->> 'min_spend_minor')::bigint, 0) <= (plain.terms ->> 'off_minor')::bigint
               THEN 1 ELSE (plain.terms ->> 'off_minor')::bigint END
           ELSE 1 END
  FROM (SELECT partner_id, offer_id, version, COALESCE(deal #> '{terms,gives}', deal -> 'terms') AS terms
          FROM merchants.offer_versions) AS plain
 WHERE plain.partner_id = v.partner_id AND plain.offer_id = v.offer_id AND plain.version = v.version;
