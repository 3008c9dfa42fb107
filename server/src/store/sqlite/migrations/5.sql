-- What users show of themselves.

ALTER TABLE users ADD COLUMN avatar TEXT; -- the id of the image in "avatars"

CREATE TABLE avatars (
    user  TEXT PRIMARY KEY,
    id    TEXT NOT NULL,
    image BLOB NOT NULL
) STRICT;

-- What WeChat says of a nickname, an avatar, or the title of a drawing ("title/ID").
CREATE TABLE checks (
    user       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    content    TEXT NOT NULL,
    standing   TEXT NOT NULL CHECK (standing IN ('pending', 'passed', 'rejected')),
    label      INTEGER,
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    due_at     INTEGER, -- when WeChat is to be asked
    asked_at   INTEGER,
    tries      INTEGER NOT NULL,
    trace_id   TEXT,    -- by what WeChat's answer will be known
    PRIMARY KEY (user, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX checks_due ON checks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX checks_by_trace ON checks (trace_id) WHERE trace_id IS NOT NULL;
