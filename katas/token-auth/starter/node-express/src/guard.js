// Who is calling.
import { Problem } from "./problems.js";
import { readAccessToken } from "./tokens.js";

export const UNAUTHORIZED = { "WWW-Authenticate": "Bearer" };

/** @type {import("express").RequestHandler} leaves who it is in response.locals.user */
export function caller(request, response, next) {
  const claims = readAccessToken((request.get("Authorization") ?? "").replace("Bearer ", ""));
  if (!claims) throw new Problem(401, "This needs a valid access token.", {}, UNAUTHORIZED);
  response.locals.user = { id: Number(claims.sub), email: claims.email, role: claims.role };
  next();
}

/** @type {import("express").RequestHandler} */
export function admin(_request, response, next) {
  if (response.locals.user.role !== "admin") throw new Problem(403, "This is for admins.");
  next();
}
