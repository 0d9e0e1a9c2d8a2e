// Doing something once for each client and key, and giving the same answer ever after.
import { createHash } from "node:crypto";

import { transaction } from "./database.js";
import { Problem } from "./problems.js";

const TTL_SECONDS = Number(process.env.IDEMPOTENCY_TTL_SECONDS ?? 86_400);

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {Record<string, string>} headers
 * @property {object} body
 */

/**
 * Run `operation` unless this client's key has an answer already. It runs in the transaction that remembers its answer.
 * @param {import("express").Request} request
 * @param {object} payload what must be equal for a repetition to be one
 * @param {(client: import("pg").ClientBase) => Promise<Answer>} operation
 * @returns {Promise<{answer: Answer, replayed: boolean}>}
 */
export function once(request, payload, operation) {
  const clientId = token(request, "X-Client-Id", 64);
  const key = token(request, "Idempotency-Key", 255);
  const fingerprint = createHash("sha256").update(JSON.stringify(payload)).digest("hex");
  return transaction(async (client) => {
    const { rows } = await client.query(
      `SELECT fingerprint, answer FROM idempotency_keys
       WHERE client_id = $1 AND key = $2 AND stored_at > clock_timestamp() - make_interval(secs => $3)`,
      [clientId, key, TTL_SECONDS],
    );
    if (rows.length > 0) return { answer: sameOrRefused(rows[0], fingerprint), replayed: true };
    const answer = await operation(client);
    await client.query(
      `INSERT INTO idempotency_keys (client_id, key, fingerprint, answer, stored_at)
       VALUES ($1, $2, $3, $4, clock_timestamp())`,
      [clientId, key, fingerprint, JSON.stringify(answer)],
    );
    return { answer, replayed: false };
  });
}

function sameOrRefused(stored, fingerprint) {
  if (stored.fingerprint === fingerprint) return stored.answer;
  throw new Problem(422, "This key was used for another payment.", { type: "/problems/idempotency-key-reused" });
}

/** A header of visible ASCII characters. */
function token(request, name, longest) {
  const given = request.get(name) ?? "";
  if (!/^[\x21-\x7e]+$/.test(given) || given.length > longest) {
    throw new Problem(400, `${name} must have 1 to ${longest} visible ASCII characters.`);
  }
  return given;
}
