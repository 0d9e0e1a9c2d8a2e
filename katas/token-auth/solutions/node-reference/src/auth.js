// Registering, logging in, staying logged in.
import express, { Router } from "express";

import { guarded } from "./attempts.js";
import { checked, email, newPassword, nothingElse, objectOf, storable, text } from "./bodies.js";
import { pool } from "./database.js";
import { unauthorized } from "./guard.js";
import { endLogin, newLogin, rotate } from "./logins.js";
import { hashPassword, verifyPassword } from "./passwords.js";
import { Problem } from "./problems.js";
import { ACCESS_TOKEN_TTL_SECONDS } from "./settings.js";
import { issueAccessToken } from "./tokens.js";

const UNIQUE_VIOLATION = "23505";
const REGISTRATION = { email, password: newPassword };
const CREDENTIALS = { email: text(0, Infinity), password: text(0, Infinity) };
const REFRESH = { refresh_token: text(0, Infinity) };

export const auth = Router();
auth.use(express.json({ strict: false }));

auth.post("/register", async (request, response) => {
  const body = checked(nothingElse(objectOf(request), REGISTRATION), REGISTRATION);
  const hash = await hashPassword(body.password);
  try {
    const { rows } = await pool.query(
      "INSERT INTO users (email, password_hash) VALUES ($1, $2) RETURNING id, email, role",
      [body.email, hash],
    );
    response.status(201).json(rows[0]);
  } catch (error) {
    if (error.code !== UNIQUE_VIOLATION) throw error;
    throw new Problem(409, "This email is taken.");
  }
});

auth.post("/login", async (request, response) => {
  const credentials = checked(objectOf(request), CREDENTIALS);
  const { result: user, retryAfter } = await guarded(credentials.email, (client) => userOf(client, credentials));
  if (retryAfter) throw new Problem(429, "Too many failures.", {}, { "Retry-After": String(retryAfter) });
  if (!user) throw unauthorized("The email or the password is wrong.");
  answerPair(response, user.id, await newLogin(user.id));
});

auth.post("/refresh", async (request, response) => {
  const { refresh_token } = checked(objectOf(request), REFRESH);
  const rotated = await rotate(refresh_token);
  if (!rotated) throw unauthorized("This refresh token is not good.");
  answerPair(response, rotated.userId, rotated.refreshToken);
});

auth.post("/logout", async (request, response) => {
  const { refresh_token } = checked(objectOf(request), REFRESH);
  await endLogin(refresh_token);
  response.status(204).end();
});

/** The user with this email and password. Finding out that there is none takes as long. */
async function userOf(client, { email: given, password }) {
  const { rows } = storable(given)
    ? await client.query("SELECT id, password_hash FROM users WHERE lower(email) = lower($1)", [given])
    : { rows: [] };
  const [user] = rows;
  return (await verifyPassword(password, user?.password_hash)) ? user : undefined;
}

function answerPair(response, userId, refreshToken) {
  response.set("Cache-Control", "no-store").json({
    access_token: issueAccessToken({ id: userId }),
    token_type: "Bearer",
    expires_in: ACCESS_TOKEN_TTL_SECONDS,
    refresh_token: refreshToken,
  });
}
