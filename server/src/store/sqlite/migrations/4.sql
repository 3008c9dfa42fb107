-- What WeChat gives besides a session.

-- What servers leave for one another, such as WeChat's access token (sealed).
CREATE TABLE notes (
    name       TEXT PRIMARY KEY,
    text       TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX notes_to_sweep ON notes (expires_at);

ALTER TABLE users ADD COLUMN phone TEXT; -- sealed; begins with the key's id

CREATE INDEX users_of_a_person ON users (unionid, key) WHERE unionid IS NOT NULL;
