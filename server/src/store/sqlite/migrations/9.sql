-- Shares of drawings and their review. "body" is the record as JSON; the other columns repeat its key and the parts
-- that lists are ordered and selected by.

CREATE TABLE shares (
    user       TEXT NOT NULL,
    drawing    TEXT NOT NULL,
    code       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (user, drawing)
) STRICT, WITHOUT ROWID;

CREATE INDEX shares_by_creation ON shares (user, created_at, code);

-- Codes of shares. The login codes of WeChat have the table "codes".
CREATE TABLE share_codes (
    code       TEXT PRIMARY KEY,
    user       TEXT NOT NULL,
    drawing    TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX share_codes_of_a_drawing ON share_codes (user, drawing);

-- Not WITHOUT ROWID: the actions are up to 1 MiB.
CREATE TABLE share_copies (
    user     TEXT NOT NULL,
    code     TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    title    TEXT NOT NULL,
    width    INTEGER NOT NULL,
    height   INTEGER NOT NULL,
    drawn_at INTEGER NOT NULL,
    actions  BLOB NOT NULL, -- each action behind its length, 4 bytes in little-endian order
    PRIMARY KEY (user, code, seq)
) STRICT;

CREATE TABLE cases (
    id        TEXT PRIMARY KEY,
    owner     TEXT NOT NULL, -- empty once the author is erased
    state     TEXT NOT NULL,
    reason    INTEGER,
    opened_by TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    rank_at   INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    body      TEXT NOT NULL
) STRICT;

CREATE INDEX cases_by_rank ON cases (rank_at, id);
CREATE INDEX cases_by_state ON cases (state, rank_at, id);
CREATE INDEX cases_of_an_author ON cases (owner, rank_at, id);
CREATE INDEX cases_by_age ON cases (state, opened_at);

CREATE TABLE share_reports (
    code     TEXT NOT NULL,
    reporter TEXT NOT NULL,
    user     TEXT, -- the reporter, unless a visitor of the page
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (code, reporter)
) STRICT, WITHOUT ROWID;

CREATE INDEX share_reports_by_time ON share_reports (code, at, reporter);
CREATE INDEX share_reports_of_a_user ON share_reports (user) WHERE user IS NOT NULL;

CREATE TABLE evidence (
    id         TEXT PRIMARY KEY, -- of the case
    sealed     TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX evidence_to_remove ON evidence (expires_at);

-- A check may wait for an operator, and keeps the last content that passed.
CREATE TABLE checks_with_passed (
    user       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    content    TEXT NOT NULL,
    standing   TEXT NOT NULL CHECK (standing IN ('pending', 'passed', 'rejected', 'held')),
    label      INTEGER,
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    due_at     INTEGER, -- when WeChat is to be asked
    asked_at   INTEGER,
    tries      INTEGER NOT NULL,
    trace_id   TEXT,    -- by what WeChat's answer will be known
    passed     TEXT,    -- the last content that passed
    PRIMARY KEY (user, subject)
) STRICT, WITHOUT ROWID;

INSERT INTO checks_with_passed
    SELECT user, subject, content, standing, label, created_at, version, due_at, asked_at, tries, trace_id,
        iif(standing = 'passed', content, NULL)
    FROM checks;
DROP TABLE checks;
ALTER TABLE checks_with_passed RENAME TO checks;

CREATE INDEX checks_due ON checks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX checks_by_trace ON checks (trace_id) WHERE trace_id IS NOT NULL;
