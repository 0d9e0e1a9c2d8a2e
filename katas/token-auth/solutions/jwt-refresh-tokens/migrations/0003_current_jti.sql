-- Refresh tokens are JWTs now; of each login only the newest one's jti is kept.
DROP TABLE refresh_tokens;
ALTER TABLE logins ADD COLUMN current_jti uuid;
