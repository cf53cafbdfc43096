-- Stores events with their bodies and a delivery for each endpoint whose filters take them. A function keeps its plan,
-- which PostgreSQL would otherwise make anew for every length of the arrays, and can be part of a larger statement.
CREATE FUNCTION webhooks.publish(
    tenants text[], ids text[], types text[], object_ids text[], sequences bigint[], merchant_ids text[],
    store_ids text[], occurred_at timestamptz[], expires_at timestamptz[], bodies text[]
) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
BEGIN
    WITH new AS (
        INSERT INTO webhooks.events
               (tenant, id, type, object_id, sequence, merchant_id, store_id, occurred_at, expires_at, body)
        SELECT * FROM unnest(tenants, ids, types, object_ids, sequences, merchant_ids, store_ids, publish.occurred_at,
                             publish.expires_at, bodies)
     RETURNING *
    )
    INSERT INTO webhooks.deliveries (tenant, id, endpoint_id, event_id, object_id, sequence, expires_at)
    SELECT new.tenant, webhooks.new_delivery_id(new.id), e.id, new.id,
           CASE WHEN e.strict_order THEN new.object_id END, CASE WHEN e.strict_order THEN new.sequence END,
           new.expires_at
      FROM new JOIN webhooks.endpoints e ON e.tenant = new.tenant
     WHERE (e.event_types = '{}' OR new.type = ANY (e.event_types)
            OR split_part(new.type, '.', 1) || '.*' = ANY (e.event_types))
       AND (e.store_ids = '{}' OR new.store_id = ANY (e.store_ids));
END
$$;
