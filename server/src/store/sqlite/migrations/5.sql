-- What users show of themselves.

ALTER TABLE users ADD COLUMN avatar TEXT; -- the id of the image in "avatars"

CREATE TABLE avatars (
    user  TEXT PRIMARY KEY,
    id    TEXT NOT NULL,
    image BLOB NOT NULL
) STRICT;
