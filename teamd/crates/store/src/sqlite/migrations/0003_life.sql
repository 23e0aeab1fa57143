-- What people do around a request without changing what it is. Its own table: a claim or a reminder must not make an
-- approver's reading of the request stale.
CREATE TABLE attention(
  request_id     TEXT    NOT NULL PRIMARY KEY REFERENCES requests(id),
  -- who looks at it, and until when that holds
  claimed_by     TEXT    CHECK(octet_length(claimed_by) BETWEEN 1 AND 1224),
  claimed_at     INTEGER CHECK((claimed_at IS NULL) = (claimed_by IS NULL)),
  claimed_until  INTEGER CHECK((claimed_until IS NULL) = (claimed_by IS NULL)),
  -- when its approvers were reminded last, when it went to others too, when its requester was warned of the end last
  reminded_at    INTEGER,
  escalated_at   INTEGER,
  warned_at      INTEGER,
  -- who has looked at what was done with it
  reviewed_by    TEXT    CHECK(octet_length(reviewed_by) BETWEEN 1 AND 1224),
  reviewed_at    INTEGER CHECK((reviewed_at IS NULL) = (reviewed_by IS NULL)),
  review_comment TEXT    CHECK(octet_length(review_comment) <= 4096 AND reviewed_by IS NOT NULL OR review_comment IS NULL)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER attention_self BEFORE UPDATE ON attention
WHEN NEW.reviewed_by = (SELECT user_id FROM requests WHERE id = NEW.request_id)
BEGIN SELECT RAISE(ABORT, 'nobody reviews their own access'); END;
CREATE TRIGGER attention_self_new BEFORE INSERT ON attention
WHEN NEW.reviewed_by = (SELECT user_id FROM requests WHERE id = NEW.request_id)
BEGIN SELECT RAISE(ABORT, 'nobody reviews their own access'); END;
CREATE TRIGGER attention_review BEFORE UPDATE ON attention
WHEN OLD.reviewed_by IS NOT NULL AND (NEW.reviewed_by IS NOT OLD.reviewed_by OR NEW.reviewed_at IS NOT OLD.reviewed_at)
BEGIN SELECT RAISE(ABORT, 'a review is closed once'); END;

CREATE INDEX requests_batch ON requests(batch_id, id) WHERE batch_id IS NOT NULL;
