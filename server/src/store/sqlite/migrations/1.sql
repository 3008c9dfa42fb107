-- Moments are microseconds since 1970 in UTC. A user is "app id/openid".

PRAGMA application_id = 0x79696269; -- "yibi"

CREATE TABLE users (
    key        TEXT PRIMARY KEY,
    public_id  TEXT NOT NULL UNIQUE,
    nickname   TEXT NOT NULL DEFAULT '',
    origin     TEXT,
    unionid    TEXT,
    created_at INTEGER NOT NULL,
    erase_at   INTEGER -- from then on everything of this user is to be erased
) STRICT, WITHOUT ROWID;

CREATE INDEX users_to_erase ON users (erase_at) WHERE erase_at IS NOT NULL;

-- Not WITHOUT ROWID: "number" stands for the long (user, id) in the key of every action. A drawing may be
-- there before its user, or outlive it until the erasure comes by, so "user" refers to nothing.
CREATE TABLE drawings (
    number         INTEGER PRIMARY KEY,
    user           TEXT NOT NULL,
    id             TEXT NOT NULL,
    weapp_id       TEXT,              -- the id of a 2016 client where it is another one
    title          TEXT NOT NULL,
    width          INTEGER NOT NULL,
    height         INTEGER NOT NULL,
    mode           TEXT NOT NULL CHECK (mode IN ('free', 'one_stroke')),
    base           INTEGER NOT NULL,  -- the number of the first action that is there
    seq            INTEGER NOT NULL CHECK (seq >= base), -- the number that the next action gets
    all_weapp      INTEGER NOT NULL,  -- all actions that are there are 2016 saves
    last_weapp     INTEGER NOT NULL,  -- the last action is a 2016 save
    stroke_count   INTEGER NOT NULL,
    point_count    INTEGER NOT NULL,
    bytes          INTEGER NOT NULL,  -- of the actions' stored forms
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    first_saved_at INTEGER NOT NULL,  -- the place in the 2016 list
    deleted_at     INTEGER,           -- since when it is in the bin; nothing changes there
    UNIQUE (user, id)
) STRICT;

CREATE INDEX drawings_by_change ON drawings (user, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX drawings_by_first_save ON drawings (user, first_saved_at, id) WHERE deleted_at IS NULL;
CREATE INDEX drawings_in_bin ON drawings (user, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX drawings_to_purge ON drawings (deleted_at, user, id) WHERE deleted_at IS NOT NULL;

CREATE TABLE actions (
    drawing INTEGER NOT NULL REFERENCES drawings (number) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    blob    BLOB NOT NULL,
    PRIMARY KEY (drawing, seq)
) STRICT, WITHOUT ROWID;

-- What each user keeps, so that nothing need be counted; the triggers hold it to "drawings".
CREATE TABLE usage (
    user     TEXT PRIMARY KEY,
    drawings INTEGER NOT NULL,
    bytes    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER usage_of_a_new_drawing AFTER INSERT ON drawings BEGIN
    INSERT INTO usage (user, drawings, bytes) VALUES (new.user, 1, new.bytes)
    ON CONFLICT (user) DO UPDATE SET drawings = drawings + 1, bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER usage_of_a_changed_drawing AFTER UPDATE OF bytes ON drawings BEGIN
    UPDATE usage SET bytes = bytes - old.bytes + new.bytes WHERE user = new.user;
END;

CREATE TRIGGER usage_of_a_removed_drawing AFTER DELETE ON drawings BEGIN
    UPDATE usage SET drawings = drawings - 1, bytes = bytes - old.bytes WHERE user = old.user;
    DELETE FROM usage WHERE user = old.user AND drawings = 0;
END;

CREATE TABLE sessions (
    id         BLOB PRIMARY KEY,
    user       TEXT NOT NULL,
    value      TEXT NOT NULL,    -- the whole session as JSON
    expires_at INTEGER NOT NULL  -- unless it is used before; never behind its own end
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of_user ON sessions (user);
CREATE INDEX sessions_to_sweep ON sessions (expires_at);

-- How often all sessions of a user were ended; a user who is not here has epoch 0.
CREATE TABLE epochs (
    user  TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- WeChat's codes, by their SHA-256: claimed (with a holder), exchanged (with a session) or refused.
CREATE TABLE codes (
    hash       BLOB PRIMARY KEY,
    holder     TEXT,
    session    BLOB,
    refusal    TEXT,
    expires_at INTEGER NOT NULL,
    CHECK ((holder IS NOT NULL) + (session IS NOT NULL) + (refusal IS NOT NULL) = 1)
) STRICT, WITHOUT ROWID;

CREATE INDEX codes_to_sweep ON codes (expires_at);

CREATE TABLE leases (
    name       TEXT PRIMARY KEY,
    holder     TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX leases_to_sweep ON leases (expires_at);
