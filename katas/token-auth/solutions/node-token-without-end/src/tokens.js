// Access tokens: JWTs, signed with HS256 and with nothing else.
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

import { ACCESS_TOKEN_TTL_SECONDS, JWT_SECRET } from "./settings.js";

/** @param {{id: number}} user */
export function issueAccessToken(user) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: String(user.id), iat: now, exp: now + ACCESS_TOKEN_TTL_SECONDS, jti: randomUUID() };
  const signed = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded(claims)}`;
  return `${signed}.${signature(signed)}`;
}

/**
 * The id of the user to whom this service issued the token, undefined if it did not or its time is over.
 * @param {string} token
 * @returns {number | undefined}
 */
export function userIdOf(token) {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  const [header, payload, given] = parts;
  if (!equal(given, signature(`${header}.${payload}`))) return undefined;
  if (decoded(header).alg !== "HS256") return undefined;
  const { sub, exp } = decoded(payload);
  if (exp <= Date.now() / 1000) return undefined;
  return /^\d{1,15}$/.test(sub) ? Number(sub) : undefined;
}

function encoded(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Only what we signed comes here, so it is what `encoded` made. */
function decoded(text) {
  return JSON.parse(Buffer.from(text, "base64url").toString());
}

function signature(text) {
  return createHmac("sha256", JWT_SECRET).update(text).digest("base64url");
}

// As text: several texts decode to the same bytes, and only one of them was issued.
function equal(given, wanted) {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
