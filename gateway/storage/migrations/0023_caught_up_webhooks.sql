-- What 0011_webhooks_fair brings: its name sorts before 0015, which some databases had passed when it came, so that they
-- never ran it. To a database that has it all, nothing happens here.

DO $$
BEGIN
    -- Looked up first: IF NOT EXISTS shuts the table even where there is nothing to do, and every payment reads it.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_attribute
                    WHERE attrelid = 'webhooks.endpoints'::regclass AND attname = 'told') THEN
        ALTER TABLE webhooks.endpoints ADD COLUMN told bigint NOT NULL DEFAULT 0;
    END IF;
END
$$;
COMMENT ON COLUMN webhooks.endpoints.told IS
    'The `sequence` of the last event about the endpoint itself: a test, or that it was disabled.';

CREATE TABLE IF NOT EXISTS webhooks.swept (
    tenant   text COLLATE "C" NOT NULL PRIMARY KEY,
    xid      xid8 NOT NULL,
    event_id text COLLATE "C" NOT NULL
);
COMMENT ON TABLE webhooks.swept IS
    'How far the sweeper has come in each tenant''s feed: a reader that stands before it has missed something.';

-- How many attempts may be under way at an endpoint: none while its breaker is open, one while that is half open, and
-- only few until it has answered well lately, so that one that hangs cannot take many slots before its first time-out.
CREATE OR REPLACE FUNCTION webhooks.slots(e webhooks.endpoints, h webhooks.endpoint_health, breaker_failures integer)
RETURNS integer
LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN e.disabled_reason IS NOT NULL OR h.open_until > now() THEN 0
                WHEN h.consecutive_failures >= breaker_failures THEN 1
                WHEN h.last_success_at > now() - interval '1 minute' THEN e.concurrency
                ELSE LEAST(e.concurrency, 8) END
$$;

-- What its bucket holds: one second's worth at most; without a rate it is never empty. By the transaction's time, so
-- that nothing is lost between looking and spending.
CREATE OR REPLACE FUNCTION webhooks.tokens(e webhooks.endpoints, h webhooks.endpoint_health) RETURNS double precision
LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN e.rate_per_s IS NULL THEN e.concurrency
                ELSE LEAST(e.rate_per_s, h.tokens + e.rate_per_s
                           * GREATEST(0, extract(epoch FROM now() - h.tokens_at)::double precision)) END
$$;

-- Claims what is due at these endpoints, each within its free slots, oldest first; and where there is not enough for
-- all, each gets its share, or the first of them would take every slot that is ever freed.
-- The first statement locks the endpoints (others walk on), those after it see everything committed before: so two
-- workers never fill the same slots.
CREATE OR REPLACE FUNCTION webhooks.claim(
    tenants text[], endpoint_ids text[], most integer, lease_s double precision, breaker_failures integer,
    looked_at integer
) RETURNS TABLE (
    tenant text, id text, endpoint_id text, fence integer, failures integer, replay boolean, in_order boolean,
    event_id text, body text, url text, signatures text[], retry_waits_s double precision[], secrets bytea[]
)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE
    locked_tenants text[];
    locked text[];
BEGIN
    SELECT array_agg(held.tenant), array_agg(held.endpoint_id) INTO locked_tenants, locked
      FROM (SELECT h.tenant, h.endpoint_id
              FROM unnest(tenants, endpoint_ids) WITH ORDINALITY AS walked (tenant, endpoint_id, place)
              JOIN webhooks.endpoint_health h USING (tenant, endpoint_id)
              JOIN webhooks.endpoints e ON e.tenant = h.tenant AND e.id = h.endpoint_id
             WHERE e.disabled_reason IS NULL
             ORDER BY walked.place
             -- No more than can get something: what we hold, other workers walk past.
             LIMIT most
               FOR UPDATE OF h SKIP LOCKED) AS held;
    IF locked IS NULL THEN
        RETURN;
    END IF;
    PERFORM webhooks.expire(locked_tenants, locked);

    RETURN QUERY
    WITH ready AS MATERIALIZED (
        SELECT held.place, e.tenant, e.id, e.url, e.signatures, e.retry_waits_s, e.rate_per_s, bucket.tokens,
               GREATEST(0, LEAST(webhooks.slots(e, h, breaker_failures) - busy.sends, floor(bucket.tokens))) AS free,
               -- By the rows and not by the wish, which may have been changed while they waited.
               COALESCE((
                   SELECT true FROM webhooks.deliveries d
                    WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.object_id IS NOT NULL
                      AND NOT d.replay AND d.state IN ('pending', 'sending')
                    ORDER BY d.object_id LIMIT 1), false) AS in_order
          FROM unnest(locked_tenants, locked) WITH ORDINALITY AS held (tenant, endpoint_id, place)
          JOIN webhooks.endpoints e ON e.tenant = held.tenant AND e.id = held.endpoint_id
          JOIN webhooks.endpoint_health h ON h.tenant = e.tenant AND h.endpoint_id = e.id
         CROSS JOIN LATERAL (
               SELECT count(*) AS sends FROM webhooks.deliveries d
                WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.state = 'sending') AS busy
         CROSS JOIN LATERAL (SELECT webhooks.tokens(e, h) AS tokens) AS bucket
         WHERE e.disabled_reason IS NULL
    ), share AS MATERIALIZED (
        SELECT GREATEST(1, most / GREATEST(1, count(*))) AS each FROM ready WHERE ready.free > 0
    ), any_order AS (
        SELECT d.tenant, d.id
          FROM (SELECT * FROM ready ORDER BY ready.place) AS ready CROSS JOIN share
         CROSS JOIN LATERAL (
               SELECT d.tenant, d.id FROM webhooks.deliveries d
                WHERE d.tenant = ready.tenant AND d.endpoint_id = ready.id
                  AND d.state = 'pending' AND d.due_at <= now()
                  AND (d.expires_at IS NULL OR d.replay OR d.expires_at > now())
                ORDER BY d.due_at
                LIMIT LEAST(ready.free, share.each)
                  FOR UPDATE SKIP LOCKED) AS d
         WHERE NOT ready.in_order
         LIMIT most
    ), strict_order AS (
        SELECT d.tenant, d.id
          FROM (SELECT * FROM ready ORDER BY ready.place) AS ready CROSS JOIN share
         CROSS JOIN LATERAL (
               -- No further than was looked at for parking: behind it there may be a million that are blocked.
               -- Without locks: whoever moves what is pending here holds the endpoint's health row, as we do.
               SELECT d.tenant, d.id
                 FROM (SELECT o.* FROM webhooks.deliveries o
                        WHERE o.tenant = ready.tenant AND o.endpoint_id = ready.id
                          AND o.state = 'pending' AND o.due_at <= now()
                        ORDER BY o.due_at
                        LIMIT looked_at) AS d
                WHERE (d.expires_at IS NULL OR d.replay OR d.expires_at > now())
                  AND (d.object_id IS NULL OR d.replay OR NOT EXISTS (
                       SELECT FROM webhooks.deliveries earlier
                        WHERE earlier.tenant = d.tenant AND earlier.endpoint_id = d.endpoint_id
                          AND earlier.object_id = d.object_id AND NOT earlier.replay
                          AND earlier.state IN ('pending', 'sending')
                          AND (earlier.sequence, earlier.event_id) < (d.sequence, d.event_id)))
                ORDER BY d.due_at
                LIMIT LEAST(ready.free, share.each)) AS d
         WHERE ready.in_order
         LIMIT most
    ), claimed AS (
        UPDATE webhooks.deliveries d
           SET state = 'sending', due_at = now() + lease_s * interval '1 second', fence = d.fence + 1
          FROM (SELECT * FROM any_order UNION ALL SELECT * FROM strict_order LIMIT most) AS chosen
         WHERE d.tenant = chosen.tenant AND d.id = chosen.id
     RETURNING d.*
    ), spent AS (
        UPDATE webhooks.endpoint_health h
           SET tokens = ready.tokens - taken.sends, tokens_at = GREATEST(now(), h.tokens_at)
          FROM ready,
               (SELECT c.tenant, c.endpoint_id, count(*) AS sends FROM claimed c GROUP BY 1, 2) AS taken
         WHERE ready.rate_per_s IS NOT NULL
           AND h.tenant = ready.tenant AND h.endpoint_id = ready.id
           AND taken.tenant = ready.tenant AND taken.endpoint_id = ready.id
    )
    SELECT c.tenant, c.id, c.endpoint_id, c.fence, c.failures, c.replay,
           c.object_id IS NOT NULL AND NOT c.replay,
           c.event_id, v.body, ready.url, ready.signatures, ready.retry_waits_s,
           ARRAY(SELECT s.sealed FROM webhooks.secrets s
                  WHERE s.tenant = c.tenant AND s.endpoint_id = c.endpoint_id
                    AND (s.expires_at IS NULL OR s.expires_at > now())
                  ORDER BY s.created_at DESC)
      FROM claimed c
      JOIN ready ON ready.tenant = c.tenant AND ready.id = c.endpoint_id
      JOIN webhooks.events v ON v.tenant = c.tenant AND v.id = c.event_id;
END
$$;

-- Walks on over endpoints for which something waits, parks what must wait in order, and claims what is due, `most` at
-- most. The walk is a loose index scan: it touches a few entries per endpoint, however many rows wait there.
-- The first columns say how far it came; they stand alone where nothing was claimed.
CREATE OR REPLACE FUNCTION webhooks.claim_next(
    after_tenant text, after_endpoint_id text, walk_most integer, most integer, lease_s double precision,
    breaker_failures integer, looked_at integer
) RETURNS TABLE (
    walked bigint, walked_to_tenant text, walked_to_endpoint_id text, parked bigint,
    tenant text, id text, endpoint_id text, fence integer, failures integer, replay boolean, in_order boolean,
    event_id text, body text, url text, signatures text[], retry_waits_s double precision[], secrets bytea[]
)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE
    due_tenants text[];
    due text[];
    line_tenants text[];
    line text[];
BEGIN
    walked := 0;
    parked := 0;
    IF most <= 0 THEN
        RETURN;
    END IF;
    WITH RECURSIVE walk (tenant, endpoint_id) AS (
        (SELECT d.tenant, d.endpoint_id FROM webhooks.deliveries d
          WHERE d.state = 'pending' AND (d.tenant, d.endpoint_id) > (after_tenant, after_endpoint_id)
          ORDER BY d.tenant, d.endpoint_id LIMIT 1)
        UNION ALL
        SELECT next.tenant, next.endpoint_id
          FROM walk
         CROSS JOIN LATERAL (
               SELECT d.tenant, d.endpoint_id FROM webhooks.deliveries d
                WHERE d.state = 'pending' AND (d.tenant, d.endpoint_id) > (walk.tenant, walk.endpoint_id)
                ORDER BY d.tenant, d.endpoint_id LIMIT 1) AS next
    ), stepped AS MATERIALIZED (
        -- LIMIT and not EXISTS, which the planner may answer by hashing every row that waits.
        SELECT walk.tenant, walk.endpoint_id, COALESCE((
                   SELECT true FROM webhooks.deliveries d
                    WHERE d.tenant = walk.tenant AND d.endpoint_id = walk.endpoint_id
                      AND d.state = 'pending' AND d.due_at <= now()
                    ORDER BY d.due_at LIMIT 1), false) AND COALESCE((
                   -- A first look without locks, so that those that can take nothing now cost the others little.
                   SELECT webhooks.tokens(e, h) >= 1
                          AND (SELECT count(*) FROM (
                                   SELECT FROM webhooks.deliveries d
                                    WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.state = 'sending'
                                    LIMIT e.concurrency) AS sends)
                              < webhooks.slots(e, h, breaker_failures)
                     FROM webhooks.endpoints e
                     JOIN webhooks.endpoint_health h ON h.tenant = e.tenant AND h.endpoint_id = e.id
                    WHERE e.tenant = walk.tenant AND e.id = walk.endpoint_id), false) AS due, COALESCE((
                   SELECT true FROM webhooks.deliveries d
                    WHERE d.tenant = walk.tenant AND d.endpoint_id = walk.endpoint_id AND d.object_id IS NOT NULL
                      AND NOT d.replay AND d.state IN ('pending', 'sending')
                    ORDER BY d.object_id LIMIT 1), false) AS in_order
          FROM walk LIMIT walk_most
    )
    -- Each in its own order: an aggregate that asks for another would sort what these get as well.
    SELECT count(*), max(s.tenant), (array_agg(s.endpoint_id ORDER BY s.tenant, s.endpoint_id))[count(*)],
           array_agg(s.tenant ORDER BY s.tenant, s.endpoint_id) FILTER (WHERE s.due),
           array_agg(s.endpoint_id ORDER BY s.tenant, s.endpoint_id) FILTER (WHERE s.due),
           array_agg(s.tenant ORDER BY s.tenant, s.endpoint_id) FILTER (WHERE s.due AND s.in_order),
           array_agg(s.endpoint_id ORDER BY s.tenant, s.endpoint_id) FILTER (WHERE s.due AND s.in_order)
      INTO walked, walked_to_tenant, walked_to_endpoint_id, due_tenants, due, line_tenants, line
      FROM stepped s;
    IF line IS NOT NULL THEN
        parked := webhooks.park(line_tenants, line, looked_at);
    END IF;
    IF due IS NOT NULL THEN
        RETURN QUERY
        SELECT walked, walked_to_tenant, walked_to_endpoint_id, parked, c.*
          FROM webhooks.claim(due_tenants, due, most, lease_s, breaker_failures, looked_at) AS c;
    END IF;
    IF NOT FOUND OR due IS NULL THEN
        RETURN NEXT;
    END IF;
END
$$;
