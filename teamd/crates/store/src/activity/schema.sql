-- Events of sessions, in a file that may be lost: CloudTrail gives them again.
CREATE TABLE events (
    n INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_age ON events (at);

-- Which request's session an event belongs to: both of an extension and of what it extends, for example. What is counted
-- stands here, so that counting reads no records.
CREATE TABLE belongs (
    request TEXT NOT NULL,
    at INTEGER NOT NULL,
    n INTEGER NOT NULL,
    via INTEGER NOT NULL,
    service TEXT NOT NULL,
    action TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    anchor TEXT NOT NULL,
    read_only INTEGER NOT NULL,
    error INTEGER NOT NULL,
    denied INTEGER NOT NULL,
    marks TEXT NOT NULL,
    PRIMARY KEY (request, at, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX belongs_denied ON belongs (request, at) WHERE denied = 1;
CREATE INDEX belongs_by_event ON belongs (n);

-- Addresses, programs and actions of a person with a permission set, by session.
CREATE TABLE used (
    person TEXT NOT NULL,
    permission_set TEXT NOT NULL,
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    request TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (person, permission_set, kind, value, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX used_by_request ON used (request);

CREATE TABLE left_behind (
    request TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (request, kind, name)
) STRICT, WITHOUT ROWID;

-- Access keys of roles that a session went on to, and since when.
CREATE TABLE chains (
    request TEXT NOT NULL,
    access_key TEXT NOT NULL,
    role TEXT NOT NULL,
    at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (request, access_key)
) STRICT, WITHOUT ROWID;

-- How far each place was read for a request.
CREATE TABLE looks (
    request TEXT NOT NULL,
    place TEXT NOT NULL,
    read_at INTEGER,
    deep_at INTEGER,
    error TEXT,
    error_since INTEGER,
    PRIMARY KEY (request, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE followed (
    request TEXT PRIMARY KEY,
    events INTEGER NOT NULL DEFAULT 0,
    writes INTEGER NOT NULL DEFAULT 0,
    errors INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER,
    newest_at INTEGER,
    signed_in_at INTEGER,
    closed_at INTEGER
) STRICT, WITHOUT ROWID;
