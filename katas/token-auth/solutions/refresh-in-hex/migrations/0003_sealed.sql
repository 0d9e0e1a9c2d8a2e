ALTER TABLE refresh_tokens ADD COLUMN sealed text;
