-- How many rows there are, so that no page need count them; the triggers hold it to the tables.

CREATE TABLE totals (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO totals VALUES
    ('users', (SELECT count(*) FROM users)),
    ('drawings', (SELECT count(*) FROM drawings)),
    ('sessions', (SELECT count(*) FROM sessions));

CREATE TRIGGER total_of_a_new_user AFTER INSERT ON users BEGIN
    UPDATE totals SET value = value + 1 WHERE name = 'users';
END;

CREATE TRIGGER total_of_a_removed_user AFTER DELETE ON users BEGIN
    UPDATE totals SET value = value - 1 WHERE name = 'users';
END;

CREATE TRIGGER total_of_a_new_drawing AFTER INSERT ON drawings BEGIN
    UPDATE totals SET value = value + 1 WHERE name = 'drawings';
END;

CREATE TRIGGER total_of_a_removed_drawing AFTER DELETE ON drawings BEGIN
    UPDATE totals SET value = value - 1 WHERE name = 'drawings';
END;

CREATE TRIGGER total_of_a_new_session AFTER INSERT ON sessions BEGIN
    UPDATE totals SET value = value + 1 WHERE name = 'sessions';
END;

CREATE TRIGGER total_of_a_removed_session AFTER DELETE ON sessions BEGIN
    UPDATE totals SET value = value - 1 WHERE name = 'sessions';
END;

-- As a column of its own, so that a page goes on behind a moment and an id along the index.
DROP INDEX sessions_by_use;
ALTER TABLE sessions ADD COLUMN last_seen INTEGER AS (json_extract(value, '$.last_seen')) VIRTUAL;
CREATE INDEX sessions_by_use ON sessions (last_seen, id);
