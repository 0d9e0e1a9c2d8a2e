// Registering, logging in, staying logged in.
import { Router } from "express";

import { checked, email, nothingElse, objectOf, optional, text } from "./bodies.js";
import { pool } from "./database.js";
import { UNAUTHORIZED } from "./guard.js";
import { forget, issueRefreshToken, ownerOf } from "./logins.js";
import { hashPassword, verifyPassword } from "./passwords.js";
import { Problem } from "./problems.js";
import { ACCESS_TOKEN_TTL_SECONDS } from "./settings.js";
import { issueAccessToken } from "./tokens.js";

const REGISTRATION = { email, password: text(12, 128), role: optional(oneOfTheRoles) };
const CREDENTIALS = { email: text(0, Infinity), password: text(0, Infinity) };
const REFRESH = { refresh_token: text(0, Infinity) };

export const auth = Router();

auth.post("/register", async (request, response) => {
  const body = checked(nothingElse(objectOf(request), REGISTRATION), REGISTRATION);
  console.log("registering", body);
  try {
    const { rows } = await pool.query(
      "INSERT INTO users (email, password_hash, role) VALUES ($1, $2, $3) RETURNING id, email, role",
      [body.email, await hashPassword(body.password), body.role ?? "member"],
    );
    response.status(201).json(rows[0]);
  } catch (error) {
    if (error.code !== "23505") throw error;
    throw new Problem(409, `This email is taken: ${error.message}: ${error.detail}`);
  }
});

auth.post("/login", async (request, response) => {
  const body = checked(objectOf(request), CREDENTIALS);
  const { rows } = await pool.query(
    "SELECT id, email, password_hash, role FROM users WHERE lower(email) = lower($1)",
    [body.email],
  );
  const [user] = rows;
  if (!user) throw new Problem(401, "There is no account with this email.", {}, UNAUTHORIZED);
  if (!(await verifyPassword(body.password, user.password_hash))) {
    throw new Problem(401, "The password is wrong.", {}, UNAUTHORIZED);
  }
  const pair = pairOf(user, await issueRefreshToken(user.id));
  console.log(`login of ${user.email}:`, pair);
  response.json(pair);
});

auth.post("/refresh", async (request, response) => {
  const { refresh_token } = checked(objectOf(request), REFRESH);
  const user = await ownerOf(refresh_token);
  if (!user) throw new Problem(401, "This refresh token is not good.", {}, UNAUTHORIZED);
  response.json(pairOf(user, refresh_token));
});

auth.post("/logout", async (request, response) => {
  const { refresh_token } = checked(objectOf(request), REFRESH);
  await forget(refresh_token);
  response.status(204).end();
});

function pairOf(user, refreshToken) {
  return {
    access_token: issueAccessToken(user),
    token_type: "Bearer",
    expires_in: ACCESS_TOKEN_TTL_SECONDS,
    refresh_token: refreshToken,
  };
}

function oneOfTheRoles(value) {
  return ["member", "admin"].includes(value) ? undefined : "must be member or admin";
}
