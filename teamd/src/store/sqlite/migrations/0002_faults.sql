-- What removals that never give up need to remember across restarts.

-- Until when the key was ours at least: what was ours within a day is looked at again.
ALTER TABLE grants ADD COLUMN owned_at INTEGER;
-- Creates in a row that were accepted and ended FAILED.
ALTER TABLE grants ADD COLUMN failed_creates INTEGER NOT NULL DEFAULT 0 CHECK(failed_creates BETWEEN 0 AND 4294967295);
-- Alarms raised about the removal.
ALTER TABLE grants ADD COLUMN stuck_alarms INTEGER NOT NULL DEFAULT 0 CHECK(stuck_alarms BETWEEN 0 AND 4294967295);

-- The first of the two administrators who give up a removal.
ALTER TABLE requests ADD COLUMN given_up_by TEXT CHECK(given_up_by IS NULL OR state = 'ending');
ALTER TABLE requests ADD COLUMN given_up_at INTEGER CHECK((given_up_at IS NULL) = (given_up_by IS NULL));
ALTER TABLE requests ADD COLUMN given_up_reason TEXT
  CHECK((given_up_reason IS NULL) = (given_up_by IS NULL) AND octet_length(given_up_reason) <= 4096);

-- The dead-man's switch: for which end the two schedules of a key stand in AWS. NULL: being made or taken away.
CREATE TABLE backstops(
  user_id        TEXT NOT NULL,
  account_id     TEXT NOT NULL,
  permission_set TEXT NOT NULL,
  ends_at        INTEGER,
  PRIMARY KEY(user_id, account_id, permission_set)
) STRICT, WITHOUT ROWID;
