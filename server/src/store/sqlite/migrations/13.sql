-- Orders of prints. "body" is the record as JSON; the other columns repeat its key and the parts that lists are ordered
-- and selected by.

CREATE TABLE orders (
    id         TEXT PRIMARY KEY,
    user       TEXT NOT NULL, -- empty once the user is erased
    state      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at     INTEGER, -- of the earliest effect
    version    INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT;

CREATE INDEX orders_of_a_user ON orders (user, created_at, id);
CREATE INDEX orders_of_a_user_by_state ON orders (user, state);
CREATE INDEX orders_by_creation ON orders (created_at, id);
CREATE INDEX orders_by_state ON orders (state, created_at, id);
CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;

-- Pictures of orders. Not WITHOUT ROWID: the actions are up to 1 MiB.
CREATE TABLE order_copies (
    id      TEXT PRIMARY KEY,
    seq     INTEGER NOT NULL,
    width   INTEGER NOT NULL,
    height  INTEGER NOT NULL,
    actions BLOB NOT NULL -- each action behind its length, 4 bytes in little-endian order
) STRICT;
