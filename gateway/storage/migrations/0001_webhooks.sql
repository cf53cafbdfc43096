-- Events as tenants see them, the endpoints that want them, and one delivery for each pair.

CREATE SCHEMA webhooks;

CREATE TABLE webhooks.events (
    tenant      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    type        text NOT NULL,
    object_id   text COLLATE "C" NOT NULL,
    sequence    bigint NOT NULL,
    merchant_id text COLLATE "C",
    store_id    text COLLATE "C",
    occurred_at timestamptz NOT NULL,
    expires_at  timestamptz,
    body        text NOT NULL,
    PRIMARY KEY (tenant, id)
);

COMMENT ON TABLE webhooks.events IS
    'What happened, as one audience of one tenant may see it: an outbox and, read in order, a feed.';
COMMENT ON COLUMN webhooks.events.tenant IS 'A partner''s id, or issuer:<name> for a wallet''s backend.';
COMMENT ON COLUMN webhooks.events.xid IS
    'The transaction that published it. Ids are given before commit, so a reader that remembers the last id alone would lose what commits late; (xid, id) below the oldest running transaction loses nothing. Starts anew in a restored dump.';
COMMENT ON COLUMN webhooks.events.body IS
    'The JSON that is signed and sent. Text, not jsonb: every attempt carries the very same bytes.';

CREATE UNIQUE INDEX events_feed ON webhooks.events (tenant, xid, id);

CREATE TABLE webhooks.endpoints (
    tenant          text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    url             text NOT NULL,
    description     text NOT NULL,
    event_types     text[] NOT NULL,
    store_ids       text[] NOT NULL,
    signatures      text[] NOT NULL CHECK (signatures <@ '{v1,v1a}' AND cardinality(signatures) > 0),
    strict_order    boolean NOT NULL,
    concurrency     integer NOT NULL CHECK (concurrency BETWEEN 1 AND 100),
    rate_per_s      integer CHECK (rate_per_s BETWEEN 1 AND 10000),
    retry_waits_s   double precision[],
    disabled_reason text CHECK (disabled_reason IN ('by_partner', 'gone', 'failing')),
    disabled_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, id),
    CHECK ((disabled_reason IS NULL) = (disabled_at IS NULL))
);

COMMENT ON TABLE webhooks.endpoints IS
    'Where a tenant wants its events. A disabled one still collects its deliveries, for recovery.';
COMMENT ON COLUMN webhooks.endpoints.event_types IS 'Types or <object>.*; empty takes all.';
COMMENT ON COLUMN webhooks.endpoints.store_ids IS 'Only events of these stores; empty takes all.';
COMMENT ON COLUMN webhooks.endpoints.strict_order IS
    'Events of one object are sent one after another, each after the one before it is final.';
COMMENT ON COLUMN webhooks.endpoints.rate_per_s IS 'Most attempts a second, as a token bucket; null is unbounded.';
COMMENT ON COLUMN webhooks.endpoints.retry_waits_s IS 'Waits between attempts in place of the published schedule.';

CREATE TABLE webhooks.deleted_endpoints (
    tenant     text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, id)
);

COMMENT ON TABLE webhooks.deleted_endpoints IS
    'The sweeper''s list of endpoints that may have left deliveries behind.';

CREATE TABLE webhooks.secrets (
    tenant      text COLLATE "C" NOT NULL,
    endpoint_id text COLLATE "C" NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    sealed      bytea NOT NULL,
    expires_at  timestamptz,
    PRIMARY KEY (tenant, endpoint_id, created_at),
    FOREIGN KEY (tenant, endpoint_id) REFERENCES webhooks.endpoints (tenant, id) ON DELETE CASCADE
);

COMMENT ON TABLE webhooks.secrets IS
    'Signing secrets, sealed for the endpoint''s id; all that have not expired sign, which is how one rotates.';

CREATE TABLE webhooks.endpoint_health (
    tenant               text COLLATE "C" NOT NULL,
    endpoint_id          text COLLATE "C" NOT NULL,
    consecutive_failures integer NOT NULL DEFAULT 0,
    failing_since        timestamptz,
    open_until           timestamptz,
    last_success_at      timestamptz,
    last_failure_at      timestamptz,
    tokens               double precision NOT NULL DEFAULT 0,
    tokens_at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, endpoint_id),
    FOREIGN KEY (tenant, endpoint_id) REFERENCES webhooks.endpoints (tenant, id) ON DELETE CASCADE
) WITH (fillfactor = 50);

COMMENT ON TABLE webhooks.endpoint_health IS
    'What deliveries taught us about an endpoint, apart from what its owner decided; its row is the lock under which an endpoint''s deliveries are claimed.';
COMMENT ON COLUMN webhooks.endpoint_health.failing_since IS 'Since when every attempt has failed; null after a success.';
COMMENT ON COLUMN webhooks.endpoint_health.open_until IS 'The breaker: nothing is sent before, one at a time after.';

CREATE TABLE webhooks.deliveries (
    tenant      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    endpoint_id text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    state       text NOT NULL DEFAULT 'pending'
                CHECK (state IN ('pending', 'sending', 'delivered', 'exhausted', 'expired', 'skipped')),
    due_at      timestamptz NOT NULL DEFAULT now(),
    fence       integer NOT NULL DEFAULT 0,
    failures    integer NOT NULL DEFAULT 0,
    replay      boolean NOT NULL DEFAULT false,
    object_id   text COLLATE "C",
    sequence    bigint,
    expires_at  timestamptz,
    reason      text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, endpoint_id, event_id)
) WITH (
    -- A queue: the claim walks the oldest entries of an index, which must not be graves.
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE webhooks.deliveries IS
    'One row and one state per event and endpoint. An endpoint that is deleted leaves its rows to the sweeper.';
COMMENT ON COLUMN webhooks.deliveries.due_at IS
    'When a pending delivery may start, or when the lease of one that is being sent is lost; infinity for one that is parked until those before it in strict order have ended.';
COMMENT ON COLUMN webhooks.deliveries.fence IS
    'Raised by every claim: an answer is recorded only by the claim that sent for it.';
COMMENT ON COLUMN webhooks.deliveries.failures IS
    'Attempts the endpoint failed. What went wrong on our side is not counted.';
COMMENT ON COLUMN webhooks.deliveries.object_id IS
    'Set, with the sequence, only where the endpoint asked for strict order.';
COMMENT ON COLUMN webhooks.deliveries.reason IS 'How the last attempt ended.';

CREATE INDEX deliveries_pending ON webhooks.deliveries (tenant, endpoint_id, due_at) WHERE state = 'pending';
CREATE INDEX deliveries_sending ON webhooks.deliveries (tenant, endpoint_id, due_at) WHERE state = 'sending';
CREATE INDEX deliveries_failed ON webhooks.deliveries (tenant, endpoint_id, event_id)
    WHERE state IN ('exhausted', 'expired', 'skipped');
CREATE INDEX deliveries_in_order ON webhooks.deliveries (tenant, endpoint_id, object_id, sequence, event_id)
    WHERE object_id IS NOT NULL AND NOT replay AND state IN ('pending', 'sending');
CREATE INDEX deliveries_expiring ON webhooks.deliveries (tenant, endpoint_id, expires_at)
    WHERE expires_at IS NOT NULL AND NOT replay AND state = 'pending';

CREATE TABLE webhooks.attempts (
    tenant          text COLLATE "C" NOT NULL,
    delivery_id     text COLLATE "C" NOT NULL,
    fence           integer NOT NULL,
    started_at      timestamptz NOT NULL,
    duration_ms     integer NOT NULL,
    url             text NOT NULL,
    request_headers text NOT NULL,
    status          integer,
    reason          text NOT NULL,
    response        bytea NOT NULL,
    PRIMARY KEY (tenant, delivery_id, fence)
);

COMMENT ON TABLE webhooks.attempts IS 'The delivery log: every request we made and what came back.';
COMMENT ON COLUMN webhooks.attempts.request_headers IS 'Our signing headers as sent, a JSON object.';
COMMENT ON COLUMN webhooks.attempts.status IS 'HTTP status; null when no answer came.';
COMMENT ON COLUMN webhooks.attempts.response IS 'The first 4 kB of the answer''s body, as received.';

-- A delivery's id as `merchants.ids` writes them: UUIDv7 whose last 32 bits are its event's partner number.
-- Made here because only the statement that inserts the deliveries knows how many there are.
CREATE FUNCTION webhooks.new_delivery_id(event_id text) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT 'dlv_' || lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
        || '7' || substr(random, 1, 3) || '8' || substr(random, 4, 7) || right(event_id, 8)
      FROM md5(gen_random_uuid()::text) AS random
$$;

-- Strict order: a delivery that comes after an unfinished one of its object is parked, due at infinity, so that
-- claims step over it once and not again and again; whoever finishes the one before calls `release_next`.
-- Parking and finishing both hold the endpoint's health row: nothing is parked behind what has just finished.

-- Looks at the oldest that are due at each of these endpoints and parks those that are blocked; says how many.
CREATE FUNCTION webhooks.park(tenants text[], endpoint_ids text[], looked_at integer) RETURNS bigint
LANGUAGE plpgsql
-- The plan must not depend on statistics, which say little about a queue: it is empty now and a million rows later.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
DECLARE
    locked text[];
    parked bigint;
BEGIN
    SELECT array_agg(held.endpoint_id) INTO locked
      FROM (SELECT h.endpoint_id
              FROM unnest(tenants, endpoint_ids) AS walked (tenant, endpoint_id)
              JOIN webhooks.endpoint_health h USING (tenant, endpoint_id)
               FOR UPDATE OF h SKIP LOCKED) AS held;

    WITH looked AS MATERIALIZED (
        -- Among what is selected, so that it stays one probe of the index for each.
        SELECT oldest.tenant, oldest.id, oldest.object_id IS NOT NULL AND NOT oldest.replay AND EXISTS (
                   SELECT FROM webhooks.deliveries earlier
                    WHERE earlier.tenant = oldest.tenant AND earlier.endpoint_id = oldest.endpoint_id
                      AND earlier.object_id = oldest.object_id AND NOT earlier.replay
                      AND earlier.state IN ('pending', 'sending')
                      AND (earlier.sequence, earlier.event_id) < (oldest.sequence, oldest.event_id)) AS blocked
          FROM unnest(tenants, endpoint_ids) AS walked (tenant, endpoint_id)
         CROSS JOIN LATERAL (
               SELECT d.tenant, d.id, d.endpoint_id, d.object_id, d.sequence, d.event_id, d.replay
                 FROM webhooks.deliveries d
                WHERE d.tenant = walked.tenant AND d.endpoint_id = walked.endpoint_id
                  AND d.state = 'pending' AND d.due_at <= now()
                ORDER BY d.due_at
                LIMIT looked_at) AS oldest
         WHERE walked.endpoint_id = ANY (locked)
    ), blocked AS (
        UPDATE webhooks.deliveries d SET due_at = 'infinity'
          FROM looked
         WHERE d.tenant = looked.tenant AND d.id = looked.id AND looked.blocked
     RETURNING 1
    )
    SELECT count(*) INTO parked FROM blocked;
    RETURN parked;
END
$$;

-- Lets the next of each object start whose delivery, given here, has ended. Its caller holds the health row.
CREATE FUNCTION webhooks.release_next(tenants text[], ids text[]) RETURNS void
LANGUAGE sql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
    UPDATE webhooks.deliveries next SET due_at = now()
      FROM (SELECT DISTINCT d.tenant, d.endpoint_id, d.object_id
              FROM unnest(tenants, ids) AS ended (tenant, id)
              JOIN webhooks.deliveries d USING (tenant, id)
             WHERE d.object_id IS NOT NULL) AS line
     CROSS JOIN LATERAL (
           SELECT d.tenant, d.id, d.due_at FROM webhooks.deliveries d
            WHERE d.tenant = line.tenant AND d.endpoint_id = line.endpoint_id AND d.object_id = line.object_id
              AND NOT d.replay AND d.state IN ('pending', 'sending')
            ORDER BY d.sequence, d.event_id
            LIMIT 1) AS head
     WHERE next.tenant = head.tenant AND next.id = head.id AND head.due_at = 'infinity'
$$;

-- Ends what is past its event's expiry at endpoints whose health rows are held, unsent.
CREATE FUNCTION webhooks.expire(endpoint_tenants text[], endpoint_ids text[]) RETURNS void
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
DECLARE
    tenants text[];
    ids text[];
BEGIN
    WITH past AS (
        SELECT late.tenant, late.id
          FROM unnest(endpoint_tenants, endpoint_ids) AS held (tenant, endpoint_id)
         CROSS JOIN LATERAL (
               SELECT d.tenant, d.id FROM webhooks.deliveries d
                WHERE d.tenant = held.tenant AND d.endpoint_id = held.endpoint_id
                  AND d.state = 'pending' AND NOT d.replay AND d.expires_at <= now()
                LIMIT 100
                  FOR UPDATE SKIP LOCKED) AS late
    ), ended AS (
        UPDATE webhooks.deliveries d SET state = 'expired', finished_at = now()
          FROM past
         WHERE d.tenant = past.tenant AND d.id = past.id
     RETURNING d.tenant, d.id
    )
    SELECT array_agg(ended.tenant), array_agg(ended.id) INTO tenants, ids FROM ended;
    IF ids IS NOT NULL THEN
        PERFORM webhooks.release_next(tenants, ids);
    END IF;
END
$$;

-- Claims what is due at these endpoints, each within its free slots, oldest first.
-- The first statement locks the endpoints (others walk on), those after it see everything committed before: so two
-- workers never fill the same slots.
CREATE FUNCTION webhooks.claim(
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
              FROM unnest(tenants, endpoint_ids) AS walked (tenant, endpoint_id)
              JOIN webhooks.endpoint_health h USING (tenant, endpoint_id)
              JOIN webhooks.endpoints e ON e.tenant = h.tenant AND e.id = h.endpoint_id
             WHERE e.disabled_reason IS NULL
               FOR UPDATE OF h SKIP LOCKED) AS held;
    IF locked IS NULL THEN
        RETURN;
    END IF;
    PERFORM webhooks.expire(locked_tenants, locked);

    RETURN QUERY
    WITH ready AS MATERIALIZED (
        SELECT e.tenant, e.id, e.url, e.signatures, e.retry_waits_s, e.rate_per_s, bucket.tokens,
               GREATEST(0, LEAST(
                   CASE WHEN h.open_until > now() THEN 0
                        WHEN h.consecutive_failures >= breaker_failures THEN 1
                        ELSE e.concurrency END - busy.sends,
                   floor(bucket.tokens))) AS free,
               -- By the rows and not by the wish, which may have been changed while they waited.
               COALESCE((
                   SELECT true FROM webhooks.deliveries d
                    WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.object_id IS NOT NULL
                      AND NOT d.replay AND d.state IN ('pending', 'sending')
                    ORDER BY d.object_id LIMIT 1), false) AS in_order
          FROM unnest(locked_tenants, locked) AS held (tenant, endpoint_id)
          JOIN webhooks.endpoints e ON e.tenant = held.tenant AND e.id = held.endpoint_id
          JOIN webhooks.endpoint_health h ON h.tenant = e.tenant AND h.endpoint_id = e.id
         CROSS JOIN LATERAL (
               SELECT count(*) AS sends FROM webhooks.deliveries d
                WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.state = 'sending') AS busy
         -- Holds one second's worth at most; without a rate it is never empty.
         CROSS JOIN LATERAL (
               SELECT CASE WHEN e.rate_per_s IS NULL THEN e.concurrency
                           ELSE LEAST(e.rate_per_s, h.tokens
                                + e.rate_per_s * extract(epoch FROM clock_timestamp() - h.tokens_at)) END
                      AS tokens) AS bucket
         WHERE e.disabled_reason IS NULL
    ), any_order AS (
        SELECT d.tenant, d.id
          FROM ready
         CROSS JOIN LATERAL (
               SELECT d.tenant, d.id FROM webhooks.deliveries d
                WHERE d.tenant = ready.tenant AND d.endpoint_id = ready.id
                  AND d.state = 'pending' AND d.due_at <= now()
                  AND (d.expires_at IS NULL OR d.replay OR d.expires_at > now())
                ORDER BY d.due_at
                LIMIT ready.free
                  FOR UPDATE SKIP LOCKED) AS d
         WHERE NOT ready.in_order
         LIMIT most
    ), strict_order AS (
        SELECT d.tenant, d.id
          FROM ready
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
                LIMIT ready.free) AS d
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
           SET tokens = ready.tokens - taken.sends, tokens_at = clock_timestamp()
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
