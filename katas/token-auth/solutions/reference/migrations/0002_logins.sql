-- Everybody logs in once more: the old tokens lay open, and nothing says which of them belong together.
DROP TABLE refresh_tokens;

-- One row for each login; revoking it kills every refresh token that descended from it.
CREATE TABLE logins (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

CREATE TABLE refresh_tokens (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login_id    bigint NOT NULL REFERENCES logins (id) ON DELETE CASCADE,
    fingerprint bytea NOT NULL UNIQUE,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);

-- Failed logins by the hash of what was typed, so that unknown emails count and are not kept.
CREATE TABLE login_failures (
    email_hash     bytea PRIMARY KEY,
    failures       int NOT NULL DEFAULT 0,
    last_failed_at timestamptz
);
