-- Ending all sessions of a user removes them in the same transaction, so nothing has to be remembered of it: the table
-- listed those who had left, by their openid, for ever.

DROP TABLE epochs;
