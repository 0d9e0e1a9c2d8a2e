ALTER TABLE users ADD COLUMN reuse text;
