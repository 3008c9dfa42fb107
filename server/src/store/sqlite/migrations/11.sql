-- The end of a code's share. A code that no share ever had, left by a crash, has none.
ALTER TABLE share_codes ADD COLUMN ended_at INTEGER;

-- Until now every code beside the share's own counted as ended.
UPDATE share_codes SET ended_at = created_at
WHERE EXISTS (SELECT 1 FROM shares WHERE (user, drawing) = (share_codes.user, share_codes.drawing)
    AND code != share_codes.code);
