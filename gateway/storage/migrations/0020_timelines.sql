-- What became of one thing, in order: a payment's timeline reads the events told of it.

CREATE INDEX events_of_object ON webhooks.events (tenant, object_id, id);
