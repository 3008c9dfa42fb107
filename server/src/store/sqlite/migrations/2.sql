-- What operators page by, and what they did.

ALTER TABLE users ADD COLUMN blocked_at INTEGER; -- since when the user is kept out

CREATE INDEX users_by_creation ON users (created_at, key);
CREATE INDEX users_by_nickname ON users (nickname, key);

CREATE INDEX all_drawings_by_change ON drawings (updated_at);
CREATE INDEX all_drawings_by_creation ON drawings (created_at);
CREATE INDEX all_drawings_by_size ON drawings (bytes);

DROP INDEX sessions_to_sweep;
CREATE INDEX sessions_by_expiry ON sessions (expires_at, id);
CREATE INDEX sessions_by_use ON sessions (json_extract(value, '$.last_seen'), id);
DROP INDEX sessions_of_user;
CREATE INDEX sessions_of_user ON sessions (user, id);

CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    entry  TEXT NOT NULL -- as JSON
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log is only appended to');
END;

CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log is only appended to');
END;
