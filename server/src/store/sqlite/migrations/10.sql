-- Pictures of mini-program codes, made once by WeChat. Not WITHOUT ROWID: a picture has about 100 kB.

CREATE TABLE miniprogram_codes (
    number INTEGER PRIMARY KEY,
    app    TEXT NOT NULL,
    scene  TEXT NOT NULL,
    page   TEXT NOT NULL,
    env    TEXT NOT NULL,
    width  INTEGER NOT NULL,
    image  BLOB NOT NULL,
    UNIQUE (app, scene, page, env, width)
) STRICT;

-- A user's key begins with the app id and a slash.
CREATE TRIGGER pictures_of_a_removed_share_code AFTER DELETE ON share_codes BEGIN
    DELETE FROM miniprogram_codes
        WHERE app = substr(old.user, 1, instr(old.user, '/') - 1) AND scene = old.code;
END;
