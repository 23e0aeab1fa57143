-- Who somebody was, and as what, when their session was first followed.
CREATE TABLE IF NOT EXISTS faces (
    request TEXT PRIMARY KEY,
    user_name TEXT NOT NULL,
    permission_set TEXT NOT NULL,
    session_seconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
