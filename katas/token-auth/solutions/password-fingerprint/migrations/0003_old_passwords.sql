CREATE TABLE old_passwords (
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest  text NOT NULL,
    set_at  timestamptz NOT NULL DEFAULT now()
);
