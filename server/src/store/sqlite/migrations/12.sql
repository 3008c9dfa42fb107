-- Rooms. "authors" and "room" are JSON: the public ids of the people who drew, and the room in which they do.

ALTER TABLE drawings ADD COLUMN authors TEXT;
ALTER TABLE drawings ADD COLUMN room TEXT;

ALTER TABLE share_codes ADD COLUMN what TEXT NOT NULL DEFAULT 'share' CHECK (what IN ('share', 'room'));

CREATE INDEX room_codes ON share_codes (created_at, code) WHERE what = 'room';
CREATE INDEX room_codes_of_a_user ON share_codes (user, created_at, code) WHERE what = 'room';

CREATE TABLE room_members (
    user      TEXT NOT NULL,
    code      TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (user, code)
) STRICT, WITHOUT ROWID;

CREATE INDEX room_members_by_time ON room_members (user, joined_at, code);
