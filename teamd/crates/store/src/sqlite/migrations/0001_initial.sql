-- Times are whole milliseconds since 1970, UTC. Lengths are bytes: text from people has at most 1024 characters.

CREATE TABLE requests(
  id                TEXT    NOT NULL PRIMARY KEY CHECK(octet_length(id) = 26),
  version           INTEGER NOT NULL CHECK(version >= 1),
  user_id           TEXT    NOT NULL CHECK(octet_length(user_id) BETWEEN 1 AND 1224),
  account_id        TEXT    NOT NULL CHECK(octet_length(account_id) = 12),
  permission_set    TEXT    NOT NULL CHECK(octet_length(permission_set) BETWEEN 1 AND 1224),
  -- terms
  revision          INTEGER NOT NULL CHECK(revision BETWEEN 0 AND 4294967295),
  shape             TEXT    NOT NULL CHECK(shape IN ('floating', 'window', 'until')),
  start_at          INTEGER,
  end_at            INTEGER,
  duration_seconds  INTEGER NOT NULL CHECK(duration_seconds >= 1),
  justification     TEXT    NOT NULL CHECK(octet_length(justification) <= 4096),
  ticket            TEXT    CHECK(octet_length(ticket) <= 4096),
  break_glass       INTEGER NOT NULL CHECK(break_glass IN (0, 1)),
  extends           TEXT    CHECK(octet_length(extends) = 26),
  batch_id          TEXT    CHECK(octet_length(batch_id) <= 1024),
  created_at        INTEGER NOT NULL,
  expires_at        INTEGER NOT NULL,
  -- what policy said, as JSON
  basis             TEXT    NOT NULL CHECK(json_valid(basis)),
  also_held_through TEXT    NOT NULL CHECK(json_valid(also_held_through)),
  -- numbers of the votes that count now, as JSON; the votes themselves are never taken back
  counting          TEXT    NOT NULL CHECK(json_valid(counting)),
  -- state
  state             TEXT    NOT NULL CHECK(state IN ('pending', 'scheduled', 'activating', 'active', 'ending',
                              'ended', 'revoked', 'rejected', 'cancelled', 'expired', 'withdrawn', 'failed', 'lost')),
  approved_at       INTEGER,
  since             INTEGER,
  first_attempt_at  INTEGER,
  session_start     INTEGER,
  session_end       INTEGER,
  due_at            INTEGER,
  reason            TEXT    CHECK(octet_length(reason) <= 4096),
  outcome           TEXT    CHECK(outcome IN ('ended', 'revoked', 'failed')),
  finished_at       INTEGER,
  late_by_seconds   INTEGER,
  residual_until    INTEGER,
  still_held_by     TEXT    CHECK(octet_length(still_held_by) = 26),
  decided_by        TEXT    CHECK(octet_length(decided_by) BETWEEN 1 AND 1224),
  comment           TEXT    CHECK(octet_length(comment) <= 4096),
  -- when a timer must look at it next
  deadline_ms       INTEGER,
  open              INTEGER NOT NULL GENERATED ALWAYS AS
                      (state IN ('pending', 'scheduled', 'activating', 'active', 'ending')) STORED,
  holds_lease       INTEGER NOT NULL GENERATED ALWAYS AS (state IN ('activating', 'active')) STORED,

  CHECK((session_start IS NULL) = (session_end IS NULL)),
  CHECK((state = 'scheduled') = (approved_at IS NOT NULL)),
  CHECK((state IN ('activating', 'ending')) = (since IS NOT NULL)),
  CHECK(state = 'activating' OR first_attempt_at IS NULL),
  CHECK(state <> 'active' OR session_start IS NOT NULL),
  CHECK((state = 'ending') = (due_at IS NOT NULL)),
  CHECK((state = 'ending') = (outcome IS NOT NULL)),
  CHECK(open = (finished_at IS NULL)),
  CHECK((state IN ('ending', 'ended', 'revoked', 'failed', 'withdrawn', 'lost')) = (reason IS NOT NULL)),
  CHECK((state IN ('ended', 'revoked', 'failed')) = (late_by_seconds IS NOT NULL)),
  CHECK((state = 'rejected') = (decided_by IS NOT NULL))
) STRICT;

CREATE INDEX requests_state ON requests(state, id);
CREATE INDEX requests_deadline ON requests(deadline_ms) WHERE deadline_ms IS NOT NULL;
CREATE INDEX requests_user ON requests(user_id, id);
CREATE INDEX requests_account ON requests(account_id, id);
CREATE INDEX requests_key ON requests(user_id, account_id, permission_set, id) WHERE open = 1;
CREATE INDEX requests_short ON requests(substr(id, -6));

CREATE TRIGGER requests_new BEFORE INSERT ON requests WHEN NEW.version <> 1
BEGIN SELECT RAISE(ABORT, 'a new request has version 1'); END;
CREATE TRIGGER requests_version BEFORE UPDATE ON requests WHEN NEW.version <> OLD.version + 1
BEGIN SELECT RAISE(ABORT, 'a request changes by one version at a time'); END;
CREATE TRIGGER requests_content BEFORE UPDATE ON requests
WHEN NEW.id IS NOT OLD.id OR NEW.user_id IS NOT OLD.user_id OR NEW.account_id IS NOT OLD.account_id
  OR NEW.permission_set IS NOT OLD.permission_set OR NEW.created_at IS NOT OLD.created_at
  OR NEW.extends IS NOT OLD.extends OR NEW.batch_id IS NOT OLD.batch_id
BEGIN SELECT RAISE(ABORT, 'what a request is about never changes'); END;

CREATE TABLE votes(
  request_id TEXT    NOT NULL REFERENCES requests(id),
  n          INTEGER NOT NULL CHECK(n >= 1),
  voter      TEXT    NOT NULL CHECK(octet_length(voter) BETWEEN 1 AND 1224),
  at         INTEGER NOT NULL,
  digest     TEXT    NOT NULL CHECK(octet_length(digest) <= 256),
  comment    TEXT    CHECK(octet_length(comment) <= 4096),
  PRIMARY KEY(request_id, n)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER votes_self BEFORE INSERT ON votes
WHEN NEW.voter = (SELECT user_id FROM requests WHERE id = NEW.request_id)
BEGIN SELECT RAISE(ABORT, 'nobody votes on their own request'); END;
CREATE TRIGGER votes_update BEFORE UPDATE ON votes BEGIN SELECT RAISE(ABORT, 'votes are append-only'); END;
CREATE TRIGGER votes_delete BEFORE DELETE ON votes BEGIN SELECT RAISE(ABORT, 'votes are append-only'); END;

CREATE TABLE grants(
  user_id             TEXT    NOT NULL CHECK(octet_length(user_id) BETWEEN 1 AND 1224),
  account_id          TEXT    NOT NULL CHECK(octet_length(account_id) = 12),
  permission_set      TEXT    NOT NULL CHECK(octet_length(permission_set) BETWEEN 1 AND 1224),
  state               TEXT    NOT NULL
                        CHECK(state IN ('absent', 'creating', 'present', 'deleting', 'foreign', 'unknown')),
  listed_at           INTEGER,
  phase               TEXT    CHECK(phase IN ('intent', 'accepted', 'verifying')),
  phase_request_id    TEXT    CHECK(octet_length(phase_request_id) <= 4096),
  phase_at            INTEGER,
  attempts            INTEGER NOT NULL CHECK(attempts BETWEEN 0 AND 4294967295),
  next_attempt_at     INTEGER,
  last_error          TEXT    CHECK(octet_length(last_error) <= 4096),
  aws_request_id      TEXT    CHECK(octet_length(aws_request_id) <= 4096),
  ambiguous_create_at INTEGER,
  PRIMARY KEY(user_id, account_id, permission_set),
  CHECK((state IN ('creating', 'deleting')) = (phase IS NOT NULL)),
  CHECK((phase IN ('accepted', 'verifying')) IS (phase_at IS NOT NULL) OR phase IS NULL AND phase_at IS NULL),
  CHECK(state <> 'foreign' OR listed_at IS NOT NULL),
  CHECK(state IN ('absent', 'foreign') OR listed_at IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_state ON grants(state);

-- The trail. The format of its rows is fixed; see the module `chain`.
CREATE TABLE audit(
  seq   INTEGER PRIMARY KEY,
  ts_ms INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  body  BLOB NOT NULL CHECK(length(body) <= 16384),
  prev  BLOB NOT NULL CHECK(length(prev) = 32),
  hash  BLOB NOT NULL UNIQUE CHECK(length(hash) = 32)
) STRICT;
CREATE TABLE audit_text(seq INTEGER, field TEXT, salt BLOB, text TEXT, PRIMARY KEY(seq, field)) STRICT;
CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, ts_ms INTEGER, note BLOB NOT NULL, anchors TEXT NOT NULL) STRICT;
-- Which rows are of which request. Says nothing that the bodies do not say.
CREATE TABLE audit_request(
  request_id TEXT    NOT NULL,
  seq        INTEGER NOT NULL REFERENCES audit(seq),
  PRIMARY KEY(request_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_ts ON audit(ts_ms);

CREATE TRIGGER audit_insert BEFORE INSERT ON audit
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
  OR NEW.prev IS NOT coalesce((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), zeroblob(32))
BEGIN SELECT RAISE(ABORT, 'an audit row must follow the one before'); END;
CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
-- A free text may be erased, never changed.
CREATE TRIGGER audit_text_update BEFORE UPDATE ON audit_text
BEGIN SELECT RAISE(ABORT, 'audit_text is not changed'); END;
CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;

CREATE TABLE outbox(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  seq        INTEGER NOT NULL REFERENCES audit(seq),
  attempts   INTEGER NOT NULL CHECK(attempts BETWEEN 0 AND 4294967295),
  not_before INTEGER NOT NULL
) STRICT;

CREATE INDEX outbox_due ON outbox(not_before);

CREATE TABLE policy(
  version    INTEGER PRIMARY KEY CHECK(version >= 1),
  document   TEXT    NOT NULL,
  sha256     TEXT    NOT NULL CHECK(octet_length(sha256) = 64),
  applied_by TEXT    NOT NULL CHECK(octet_length(applied_by) <= 4096),
  applied_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER policy_update BEFORE UPDATE ON policy BEGIN SELECT RAISE(ABORT, 'policy is append-only'); END;
CREATE TRIGGER policy_delete BEFORE DELETE ON policy BEGIN SELECT RAISE(ABORT, 'policy is append-only'); END;

CREATE TABLE directory(
  id       INTEGER PRIMARY KEY CHECK(id = 1),
  document TEXT NOT NULL CHECK(json_valid(document))
) STRICT;

CREATE TABLE idempotency(
  caller      TEXT    NOT NULL CHECK(octet_length(caller) <= 4096),
  key         TEXT    NOT NULL CHECK(octet_length(key) <= 4096),
  fingerprint BLOB    NOT NULL CHECK(length(fingerprint) = 32),
  status      INTEGER NOT NULL CHECK(status BETWEEN 0 AND 65535),
  body        TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY(caller, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_at ON idempotency(at);

CREATE TABLE meta(
  name  TEXT NOT NULL PRIMARY KEY CHECK(octet_length(name) BETWEEN 1 AND 256),
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
