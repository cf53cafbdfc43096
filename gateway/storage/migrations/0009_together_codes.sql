-- Whose a payment code is while it may still be used, before anybody uses it; `newest` and `before` are its hashes under
-- the newest master keys. Plain SQL, so that PostgreSQL inlines it into the statement of whoever calls.
CREATE FUNCTION qr.owner_of_code(newest bytea, before bytea)
RETURNS TABLE (
    code_hash bytea, issuer text, payer_id text, person_id text, segments text[], factors smallint, certificate boolean
)
LANGUAGE sql STABLE
AS $$
    SELECT c.code_hash, c.issuer, c.payer_id, c.person_id, c.segments, c.factors, c.certificate
      FROM qr.payment_codes c
     WHERE c.code_hash IN (newest, before) AND c.used_at IS NULL AND c.expires_at > clock_timestamp()
$$;

-- Uses several codes up, each for its payment, and says which payments got theirs. A code that somebody else is using
-- at this moment is stepped over and not waited for: who needs it asks again alone.
CREATE FUNCTION qr.redeem_together(
    code_hashes bytea[], payment_ids text[], merchants text[], terminals text[], most_of_merchant integer,
    most_of_terminal integer
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    redeemed text[];
BEGIN
    WITH held AS (
        SELECT c.code_hash, asked.payment_id
          FROM unnest(code_hashes, payment_ids, merchants, terminals)
               AS asked (code_hash, payment_id, merchant, terminal)
          JOIN qr.payment_codes c ON c.code_hash = asked.code_hash
         WHERE c.used_at IS NULL AND c.expires_at > clock_timestamp()
           AND NOT EXISTS (SELECT FROM qr.wrong_codes AS wrong
                            WHERE (wrong.subject = asked.merchant AND wrong.count >= most_of_merchant
                                   OR wrong.subject = asked.terminal AND wrong.count >= most_of_terminal)
                              AND wrong.window_ends_at > clock_timestamp())
           FOR UPDATE OF c SKIP LOCKED
    ), used AS (
        UPDATE qr.payment_codes c SET used_at = clock_timestamp(), payment_id = held.payment_id
          FROM held WHERE c.code_hash = held.code_hash
     RETURNING c.payment_id
    )
    SELECT array_agg(used.payment_id) INTO redeemed FROM used;
    RETURN redeemed;
END
$$;
