-- Signing out of a console ends the visit wherever its cookie was copied to, not in one browser alone.

CREATE TABLE gateway.ended_visits (
    client_id  text        COLLATE "C" NOT NULL,
    visit_id   text        COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, visit_id)
);
COMMENT ON TABLE gateway.ended_visits IS
    'Visits of consoles that somebody signed out of before their hours were over. The client''s rows.';
COMMENT ON COLUMN gateway.ended_visits.expires_at IS
    'When the visit''s cookie would have ended by itself; the row is not needed after that.';
CREATE INDEX ended_visits_expired ON gateway.ended_visits (expires_at);
