// Who is calling.
import { pool } from "./database.js";
import { Problem } from "./problems.js";
import { userIdOf } from "./tokens.js";

/** 401, always with what it takes to be let in. */
export function unauthorized(detail) {
  return new Problem(401, detail, {}, { "WWW-Authenticate": "Bearer" });
}

/** @type {import("express").RequestHandler} leaves who it is in response.locals.user, with the role of this moment */
export async function caller(request, response, next) {
  const [, token = ""] = /^Bearer +([^ ]+)$/i.exec(request.get("Authorization") ?? "") ?? [];
  const id = userIdOf(token);
  const user = id === undefined ? undefined : await userById(id);
  if (!user) throw unauthorized("This needs a valid access token.");
  response.locals.user = user;
  next();
}

/** @type {import("express").RequestHandler} */
export function admin(_request, response, next) {
  if (response.locals.user.role !== "admin") throw new Problem(403, "This is for admins.");
  next();
}

async function userById(id) {
  const { rows } = await pool.query("SELECT id, email, role FROM users WHERE id = $1", [id]);
  return rows[0];
}
