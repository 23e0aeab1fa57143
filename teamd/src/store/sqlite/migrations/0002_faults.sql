-- What removals that never give up need to remember across restarts.

-- Until when the key was ours at least: what was ours within a day is looked at again.
ALTER TABLE grants ADD COLUMN owned_at INTEGER;
-- Creates in a row that were accepted and ended FAILED.
ALTER TABLE grants ADD COLUMN failed_creates INTEGER NOT NULL DEFAULT 0 CHECK(failed_creates BETWEEN 0 AND 4294967295);
-- Alarms raised about the removal.
ALTER TABLE grants ADD COLUMN stuck_alarms INTEGER NOT NULL DEFAULT 0 CHECK(stuck_alarms BETWEEN 0 AND 4294967295);

-- The dead-man's switch: for which end the two schedules of a key stand in AWS. NULL: being made or taken away.
CREATE TABLE backstops(
  user_id        TEXT NOT NULL,
  account_id     TEXT NOT NULL,
  permission_set TEXT NOT NULL,
  ends_at        INTEGER,
  PRIMARY KEY(user_id, account_id, permission_set)
) STRICT, WITHOUT ROWID;
