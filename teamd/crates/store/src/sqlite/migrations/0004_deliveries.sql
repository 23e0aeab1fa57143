-- Who is told of what over which channel, and what came of it. Rows are made when a row of the outbox is taken, in the
-- same transaction; the identity of each is made of the event, the channel and the recipient, so that none is made twice.
CREATE TABLE deliveries(
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT    NOT NULL UNIQUE CHECK(octet_length(id) BETWEEN 1 AND 64),
  seq        INTEGER NOT NULL REFERENCES audit(seq),
  kind       TEXT    NOT NULL CHECK(octet_length(kind) BETWEEN 1 AND 64),
  request_id TEXT    CHECK(octet_length(request_id) = 26),
  channel    TEXT    NOT NULL CHECK(octet_length(channel) BETWEEN 1 AND 256),
  recipient  TEXT    NOT NULL CHECK(octet_length(recipient) BETWEEN 1 AND 1224),
  created_at INTEGER NOT NULL,
  state      TEXT    NOT NULL CHECK(state IN ('due', 'sent', 'dead', 'skipped')),
  attempts   INTEGER NOT NULL CHECK(attempts BETWEEN 0 AND 4294967295),
  not_before INTEGER NOT NULL,
  tried_at   INTEGER,
  reply      TEXT    CHECK(octet_length(reply) <= 4096)
) STRICT;

CREATE INDEX deliveries_due ON deliveries(channel, not_before) WHERE state = 'due';
CREATE INDEX deliveries_open ON deliveries(state, channel) WHERE state IN ('due', 'dead');
CREATE INDEX deliveries_request ON deliveries(request_id, number) WHERE request_id IS NOT NULL;
CREATE INDEX deliveries_created ON deliveries(created_at) WHERE state <> 'due';
