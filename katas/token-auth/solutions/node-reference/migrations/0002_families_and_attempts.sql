-- Refresh tokens are kept as hashes, in families: one for each login.
DROP TABLE refresh_tokens;

CREATE TABLE refresh_families (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    revoked_at timestamptz
);

CREATE INDEX refresh_families_user ON refresh_families (user_id);

CREATE TABLE refresh_tokens (
    hash       bytea PRIMARY KEY,
    family_id  bigint NOT NULL REFERENCES refresh_families (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);

-- One row for each email that somebody tried, whether it is known or not. A digest, since emails may be of any length.
CREATE TABLE login_attempts (
    email_digest bytea PRIMARY KEY,
    failures     int NOT NULL DEFAULT 0,
    last_failure timestamptz
);
