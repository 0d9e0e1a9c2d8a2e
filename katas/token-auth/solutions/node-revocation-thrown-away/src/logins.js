// Refresh tokens: each works once; all that descend from one login are a family, and stand or fall together.
import { createHash, randomBytes } from "node:crypto";

import { transaction } from "./database.js";
import { unauthorized } from "./guard.js";
import { REFRESH_TOKEN_TTL_SECONDS } from "./settings.js";

/** The first token of a new family. */
export function newLogin(userId) {
  return transaction(async (client) => {
    const { rows } = await client.query("INSERT INTO refresh_families (user_id) VALUES ($1) RETURNING id", [userId]);
    return issue(client, rows[0].id);
  });
}

/**
 * Exchange a token for the next one of its family. One that was used before ends the family.
 * @param {string} token
 * @returns {Promise<{userId: number, refreshToken: string} | undefined>} undefined if the token is not good
 */
export function rotate(token) {
  return transaction(async (client) => {
    const family = await lockFamily(client, token);
    if (!family || family.revoked_at) return undefined;
    const { rows } = await client.query(
      "SELECT used_at IS NOT NULL AS used, expires_at <= clock_timestamp() AS over FROM refresh_tokens WHERE hash = $1",
      [hashOf(token)],
    );
    if (rows[0].used) {
      await revoke(client, family.id);
      throw unauthorized("This refresh token was used before.");
    }
    if (rows[0].over) return undefined;
    await client.query("UPDATE refresh_tokens SET used_at = clock_timestamp() WHERE hash = $1", [hashOf(token)]);
    return { userId: family.user_id, refreshToken: await issue(client, family.id) };
  });
}

/** End the token's family, if there is one. */
export function endLogin(token) {
  return transaction(async (client) => {
    const family = await lockFamily(client, token);
    if (family) await revoke(client, family.id);
  });
}

/** Whoever comes second waits here, and reads what the first has written only afterwards. */
async function lockFamily(client, token) {
  const { rows } = await client.query(
    `SELECT id, user_id, revoked_at FROM refresh_families
     WHERE id = (SELECT family_id FROM refresh_tokens WHERE hash = $1) FOR UPDATE`,
    [hashOf(token)],
  );
  return rows[0];
}

async function revoke(client, familyId) {
  await client.query("UPDATE refresh_families SET revoked_at = clock_timestamp() WHERE id = $1 AND revoked_at IS NULL", [
    familyId,
  ]);
}

async function issue(client, familyId) {
  const token = randomBytes(32).toString("base64url");
  await client.query(
    `INSERT INTO refresh_tokens (hash, family_id, expires_at)
     VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))`,
    [hashOf(token), familyId, REFRESH_TOKEN_TTL_SECONDS],
  );
  return token;
}

function hashOf(token) {
  return createHash("sha256").update(token).digest();
}
