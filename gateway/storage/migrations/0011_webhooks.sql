-- A worker's turn in one round trip: what has ended is recorded, and the slots that frees are filled.

-- Moves each delivery on, if the claim that sent it still holds, and logs its attempt in any case. One whose next
-- attempt would come after its event's expiry has expired now. Endpoints' health follows: one that answered well at all
-- is well. It is written where something changed, and the time of the last success every few seconds at most: a busy and
-- healthy endpoint's row stays quiet.
-- `moved` counts what was moved, the rest had lost its lease; `too_long` says that an endpoint has failed for too long.
CREATE FUNCTION webhooks.record(
    tenants text[], ids text[], endpoint_ids text[], fences integer[], states text[], waits_s double precision[],
    failed integer[], in_order boolean[], started_at timestamptz[], durations_ms integer[], urls text[],
    request_headers text[], statuses integer[], reasons text[], responses bytea[],
    breaker_failures integer, breaker_open_s double precision, disable_after_s double precision,
    OUT moved integer, OUT too_long boolean
)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
BEGIN
    moved := 0;
    too_long := false;
    IF cardinality(ids) = 0 THEN
        RETURN;
    END IF;
    -- All of them and not those in order alone: their health is written below, and locks are taken in one order.
    IF true = ANY (in_order) THEN
        PERFORM FROM (SELECT DISTINCT t.tenant, t.endpoint_id FROM unnest(tenants, endpoint_ids) AS t (tenant, endpoint_id)) AS wanted
           JOIN webhooks.endpoint_health h USING (tenant, endpoint_id)
          ORDER BY h.tenant, h.endpoint_id
            FOR UPDATE OF h;
    END IF;

    WITH ended AS MATERIALIZED (
        SELECT t.*, now() + t.wait_s * interval '1 second' AS due_at
          FROM unnest(tenants, ids, fences, states, waits_s, failed, started_at, durations_ms, urls, request_headers,
                      statuses, reasons, responses)
            AS t (tenant, id, fence, state, wait_s, failed, started_at, duration_ms, url, request_headers, status,
                  reason, response)
    ), logged AS (
        INSERT INTO webhooks.attempts
            (tenant, delivery_id, fence, started_at, duration_ms, url, request_headers, status, reason, response)
        SELECT e.tenant, e.id, e.fence, e.started_at, e.duration_ms, e.url, e.request_headers, e.status, e.reason,
               e.response
          FROM ended e
            ON CONFLICT DO NOTHING
    ), moved_on AS (
        UPDATE webhooks.deliveries d
           SET state = CASE WHEN e.state = 'pending' AND NOT d.replay AND d.expires_at <= e.due_at
                            THEN 'expired' ELSE e.state END,
               due_at = e.due_at,
               failures = d.failures + e.failed,
               reason = e.reason,
               finished_at = CASE WHEN e.state <> 'pending' OR (NOT d.replay AND d.expires_at <= e.due_at)
                                  THEN now() END
          FROM ended e
         WHERE d.tenant = e.tenant AND d.id = e.id AND d.fence = e.fence AND d.state = 'sending'
     RETURNING 1
    )
    SELECT count(*) INTO moved FROM moved_on;

    WITH seen AS MATERIALIZED (
        SELECT t.tenant, t.endpoint_id, bool_or(t.state = 'delivered') AS succeeded, sum(t.failed) AS failures
          FROM unnest(tenants, endpoint_ids, states, failed) AS t (tenant, endpoint_id, state, failed)
         -- What went wrong on our side says nothing about an endpoint.
         WHERE t.state = 'delivered' OR t.failed > 0
         GROUP BY 1, 2
    ), held AS MATERIALIZED (
        SELECT h.tenant, h.endpoint_id, h.consecutive_failures + seen.failures AS failures, seen.succeeded
          FROM seen JOIN webhooks.endpoint_health h USING (tenant, endpoint_id)
         WHERE NOT seen.succeeded OR h.consecutive_failures > 0
            OR h.last_success_at IS NULL OR h.last_success_at < now() - interval '5 seconds'
         ORDER BY h.tenant, h.endpoint_id
           FOR UPDATE OF h
    ), noted AS (
        UPDATE webhooks.endpoint_health h
           SET consecutive_failures = CASE WHEN held.succeeded THEN 0 ELSE held.failures END,
               failing_since = CASE WHEN NOT held.succeeded THEN COALESCE(h.failing_since, now()) END,
               open_until = CASE WHEN NOT held.succeeded AND held.failures >= breaker_failures
                                 THEN now() + breaker_open_s * interval '1 second' END,
               last_success_at = CASE WHEN held.succeeded THEN now() ELSE h.last_success_at END,
               last_failure_at = CASE WHEN held.succeeded THEN h.last_failure_at ELSE now() END
          FROM held
         WHERE h.tenant = held.tenant AND h.endpoint_id = held.endpoint_id
     RETURNING h.failing_since < now() - disable_after_s * interval '1 second' AS too_long
    )
    SELECT COALESCE(bool_or(noted.too_long), false) INTO too_long FROM noted;

    IF true = ANY (in_order) THEN
        PERFORM webhooks.release_next(array_agg(t.tenant), array_agg(t.id))
           FROM unnest(tenants, ids, in_order) AS t (tenant, id, in_order)
          WHERE t.in_order;
    END IF;
END
$$;

-- Walks on over endpoints for which something waits, parks what must wait in order, and claims what is due, `most` at
-- most. The walk is a loose index scan: it touches a few entries per endpoint, however many rows wait there.
-- The first columns say how far it came; they stand alone where nothing was claimed.
CREATE FUNCTION webhooks.claim_next(
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
                   SELECT (SELECT count(*) FROM (
                               SELECT FROM webhooks.deliveries d
                                WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.state = 'sending'
                                LIMIT e.concurrency) AS sends)
                          < CASE WHEN h.consecutive_failures >= breaker_failures THEN 1 ELSE e.concurrency END
                     FROM webhooks.endpoints e
                     JOIN webhooks.endpoint_health h ON h.tenant = e.tenant AND h.endpoint_id = e.id
                    WHERE e.tenant = walk.tenant AND e.id = walk.endpoint_id AND e.disabled_reason IS NULL
                      AND (h.open_until IS NULL OR h.open_until <= now())), false) AS due, COALESCE((
                   SELECT true FROM webhooks.deliveries d
                    WHERE d.tenant = walk.tenant AND d.endpoint_id = walk.endpoint_id AND d.object_id IS NOT NULL
                      AND NOT d.replay AND d.state IN ('pending', 'sending')
                    ORDER BY d.object_id LIMIT 1), false) AS in_order
          FROM walk LIMIT walk_most
    )
    SELECT count(*), max(s.tenant), array_agg(s.tenant) FILTER (WHERE s.due), array_agg(s.endpoint_id) FILTER (WHERE s.due),
           array_agg(s.tenant) FILTER (WHERE s.due AND s.in_order),
           array_agg(s.endpoint_id) FILTER (WHERE s.due AND s.in_order),
           (array_agg(s.endpoint_id ORDER BY s.tenant DESC, s.endpoint_id DESC))[1]
      INTO walked, walked_to_tenant, due_tenants, due, line_tenants, line, walked_to_endpoint_id
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
