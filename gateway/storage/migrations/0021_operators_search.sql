-- What the bank's people look for: deeds by who did them, by what they were and by when; merchants by their names.

CREATE INDEX audit_of_actor ON merchants.audit (actor, id);
CREATE INDEX audit_of_deed ON merchants.audit (deed, id);
CREATE INDEX audit_by_time ON merchants.audit (at);

CREATE INDEX merchants_by_credit_code ON merchants.merchants (credit_code);
CREATE INDEX merchants_by_licence_name ON merchants.merchants (licence_name COLLATE "C");
CREATE INDEX merchants_by_short_name ON merchants.merchants (short_name COLLATE "C");
