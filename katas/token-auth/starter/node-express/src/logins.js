// Refresh tokens: they give a new access token without a password.
import { randomBytes } from "node:crypto";

import { pool } from "./database.js";

export async function issueRefreshToken(userId) {
  const token = randomBytes(32).toString("base64url");
  await pool.query("INSERT INTO refresh_tokens (token, user_id) VALUES ($1, $2)", [token, userId]);
  return token;
}

/** The user whom the refresh token was issued to. */
export async function ownerOf(token) {
  const { rows } = await pool.query(
    "SELECT u.id, u.email, u.role FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.token = $1",
    [token],
  );
  return rows[0];
}

export async function forget(token) {
  await pool.query("DELETE FROM refresh_tokens WHERE token = $1", [token]);
}
