-- The tokens that were issued so far are stored in clear: whoever holds one logs in again.
DROP TABLE refresh_tokens;

CREATE TABLE logins (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL
);

CREATE TABLE spent_tokens (
    token_hash bytea PRIMARY KEY,
    login_id   bigint NOT NULL REFERENCES logins (id) ON DELETE CASCADE
);
CREATE INDEX spent_tokens_login_id ON spent_tokens (login_id);

CREATE TABLE login_failures (
    email_hash bytea PRIMARY KEY,
    failures   int NOT NULL DEFAULT 0,
    last_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
