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
CREATE INDEX grants_owned ON grants(owned_at) WHERE owned_at IS NOT NULL;
CREATE INDEX grants_pair ON grants(account_id, permission_set);

-- Where AWS and the book differ, as of the last look at the key.
CREATE TABLE drift(
  user_id        TEXT    NOT NULL CHECK(octet_length(user_id) BETWEEN 1 AND 1224),
  account_id     TEXT    NOT NULL CHECK(octet_length(account_id) = 12),
  permission_set TEXT    NOT NULL CHECK(octet_length(permission_set) BETWEEN 1 AND 1224),
  kind           TEXT    NOT NULL CHECK(kind IN ('missing', 'foreign')),
  found_at       INTEGER NOT NULL,
  PRIMARY KEY(user_id, account_id, permission_set)
) STRICT, WITHOUT ROWID;

-- Assignments that are not ours, as of the last look at their account and permission set.
CREATE TABLE standing(
  account_id     TEXT    NOT NULL CHECK(octet_length(account_id) = 12),
  permission_set TEXT    NOT NULL CHECK(octet_length(permission_set) BETWEEN 1 AND 1224),
  holder_kind    TEXT    NOT NULL CHECK(holder_kind IN ('user', 'group')),
  holder_id      TEXT    NOT NULL CHECK(octet_length(holder_id) BETWEEN 1 AND 1224),
  found_at       INTEGER NOT NULL,
  seen_at        INTEGER NOT NULL,
  PRIMARY KEY(account_id, permission_set, holder_kind, holder_id)
) STRICT, WITHOUT ROWID;

-- An extension holds its lease from its approval on. `holds_lease` did not know of extensions and is used no more: what
-- is generated cannot be altered.
ALTER TABLE requests ADD COLUMN leased INTEGER GENERATED ALWAYS AS
  (state IN ('activating', 'active') OR state = 'scheduled' AND extends IS NOT NULL) VIRTUAL;
