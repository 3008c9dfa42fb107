-- Actions by one integer. By two columns, with the action in the same row, each step of a search compared a whole
-- row, and read it from the file where it was larger than a quarter of a page.

CREATE TABLE actions_by_place (
    place INTEGER PRIMARY KEY, -- the drawing's number, and in the lower 32 bits the action's
    blob  BLOB NOT NULL
) STRICT;

INSERT INTO actions_by_place SELECT drawing << 32 | seq, blob FROM actions ORDER BY drawing, seq;
DROP TABLE actions;
ALTER TABLE actions_by_place RENAME TO actions;

CREATE TRIGGER actions_of_a_removed_drawing AFTER DELETE ON drawings BEGIN
    DELETE FROM actions WHERE place BETWEEN old.number << 32 AND (old.number << 32 | 0xffffffff);
END;
