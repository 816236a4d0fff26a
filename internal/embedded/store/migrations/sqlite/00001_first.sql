-- Times are Unix nanoseconds, 0 for none. The schemas of SQLite and PostgreSQL are the same but for types and collations.

-- +goose Up
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE tokens (
    id                  TEXT PRIMARY KEY,
    name                TEXT NOT NULL,
    apple_id            TEXT NOT NULL,
    type                TEXT NOT NULL,
    refusal             TEXT NOT NULL, -- what Apple refused the server token with last, '' when it did not
    server_token        BLOB,          -- encrypted
    server_token_key    TEXT NOT NULL, -- id of the store key
    server_token_sha256 TEXT NOT NULL,
    uploaded_at         BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL,
    organization        TEXT NOT NULL,
    organization_id     TEXT NOT NULL,
    org_type            TEXT NOT NULL,
    server_name         TEXT NOT NULL,
    server_uuid         TEXT NOT NULL,
    admin_id            TEXT NOT NULL,
    page_limit          BIGINT NOT NULL,
    shared_with_sds     BOOLEAN NOT NULL,
    created_at          BIGINT NOT NULL
);

-- Keys outlive their token by the time that they are archived for.
CREATE TABLE keys (
    id              TEXT PRIMARY KEY,
    token_id        TEXT NOT NULL,
    state           TEXT NOT NULL, -- serving, staged, archived
    certificate_pem TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    private_key     BLOB NOT NULL, -- encrypted
    private_key_key TEXT NOT NULL, -- id of the store key
    created_at      BIGINT NOT NULL,
    archived_until  BIGINT NOT NULL
);
CREATE INDEX keys_token ON keys (token_id, state);

CREATE TABLE profiles (
    id         TEXT PRIMARY KEY,
    token_id   TEXT NOT NULL,
    name       TEXT NOT NULL,
    spec       TEXT NOT NULL, -- JSON
    definition TEXT NOT NULL, -- JSON as Apple has it, '' before it does
    apple_uuid TEXT NOT NULL, -- the present definition, '' before there is one
    created_at BIGINT NOT NULL
);
CREATE INDEX profiles_token ON profiles (token_id, name);

CREATE TABLE apple_profiles (
    apple_uuid TEXT PRIMARY KEY,
    profile_id TEXT NOT NULL,
    state      TEXT NOT NULL, -- current, superseded
    since      BIGINT NOT NULL
);
CREATE INDEX apple_profiles_profile ON apple_profiles (profile_id);

CREATE TABLE default_profiles (
    token_id   TEXT NOT NULL,
    platform   TEXT NOT NULL,
    profile_id TEXT NOT NULL,
    set_at     BIGINT NOT NULL,
    PRIMARY KEY (token_id, platform)
);

CREATE TABLE devices (
    token_id            TEXT NOT NULL,
    serial_number       TEXT NOT NULL,
    facts               TEXT NOT NULL, -- what Apple says that nobody looks for: in one column, because a first sync writes every device
    apple_uuid          TEXT NOT NULL,
    profile_status      TEXT NOT NULL,
    profile_assigned_at BIGINT NOT NULL,
    profile_pushed_at   BIGINT NOT NULL,
    activated           BOOLEAN NOT NULL, -- it has taken a profile at some time
    holder              TEXT NOT NULL DEFAULT '',
    acted_at            BIGINT NOT NULL DEFAULT 0, -- when this service last changed its profile
    throttled_until     BIGINT NOT NULL DEFAULT 0,
    op_date             BIGINT NOT NULL,
    generation          BIGINT NOT NULL, -- of the full fetch that saw it last
    fresh_at            BIGINT NOT NULL, -- when it was first seen, 0 once it got its pending or default profile
    PRIMARY KEY (token_id, serial_number)
);
-- Nobody looks for devices by the profile that they do not have.
CREATE INDEX devices_profile ON devices (token_id, apple_uuid, serial_number) WHERE apple_uuid <> '';

CREATE TABLE wishes (
    token_id      TEXT NOT NULL,
    serial_number TEXT NOT NULL,
    profile_id    TEXT NOT NULL,
    holder        TEXT NOT NULL,
    take_over     TEXT NOT NULL, -- JSON
    made_at       BIGINT NOT NULL,
    PRIMARY KEY (token_id, serial_number)
);

-- Assignments that want the profile that a device has from another assignment, its holder.
CREATE TABLE claims (
    token_id      TEXT NOT NULL,
    serial_number TEXT NOT NULL,
    profile_id    TEXT NOT NULL,
    holder        TEXT NOT NULL,
    PRIMARY KEY (token_id, serial_number, profile_id, holder)
);

-- What was or is being sent to Apple and is not known to have been answered.
CREATE TABLE journal (
    id         TEXT PRIMARY KEY,
    token_id   TEXT NOT NULL,
    op         TEXT NOT NULL, -- define, assign, remove
    profile_id TEXT NOT NULL,
    apple_uuid TEXT NOT NULL,
    definition TEXT NOT NULL, -- JSON, of define
    hash       TEXT NOT NULL, -- of the definition
    holder     TEXT NOT NULL,
    serials    BLOB NOT NULL, -- gzip, one a line
    owner      TEXT NOT NULL,
    unanswered BOOLEAN NOT NULL,
    opened_at  BIGINT NOT NULL
);
CREATE INDEX journal_token ON journal (token_id, opened_at);

CREATE TABLE sync_states (
    token_id    TEXT PRIMARY KEY,
    unfinished  TEXT NOT NULL, -- kind of a fetch that is under way
    page_cursor TEXT NOT NULL,
    generation  BIGINT NOT NULL,
    full_at     BIGINT NOT NULL,
    recovery_at BIGINT NOT NULL,
    forced      TEXT NOT NULL
);

CREATE TABLE leases (
    token_id   TEXT PRIMARY KEY,
    run_id     TEXT NOT NULL,
    owner      TEXT NOT NULL,
    started_at BIGINT NOT NULL
);

CREATE TABLE sync_runs (
    id          TEXT PRIMARY KEY,
    token_id    TEXT NOT NULL,
    asked       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    state       TEXT NOT NULL,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    pages       BIGINT NOT NULL,
    devices     BIGINT NOT NULL,
    added       BIGINT NOT NULL,
    removed     BIGINT NOT NULL,
    assigned    BIGINT NOT NULL,
    reason      TEXT NOT NULL,
    err         TEXT NOT NULL,
    warnings    TEXT NOT NULL -- JSON
);
CREATE INDEX sync_runs_token ON sync_runs (token_id, started_at);
