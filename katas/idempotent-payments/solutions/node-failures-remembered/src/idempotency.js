// Doing something once for each client and key, and giving the same answer ever after.
import { createHash } from "node:crypto";

import { pool, transaction } from "./database.js";
import { Problem, documentOf } from "./problems.js";

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
    if (!(await claim(client, clientId, key, fingerprint))) {
      return { answer: await remembered(client, clientId, key, fingerprint), replayed: true };
    }
    const answer = await operation(client);
    await client.query(
      "UPDATE idempotency_keys SET answer = $3, stored_at = clock_timestamp() WHERE client_id = $1 AND key = $2",
      [clientId, key, JSON.stringify(answer)],
    );
    return { answer, replayed: false };
  }).catch(async (error) => {
    if (error instanceof Problem) throw error;
    const answer = { status: 500, headers: { "Content-Type": "application/problem+json" }, body: documentOf(BROKEN) };
    await pool.query(
      `INSERT INTO idempotency_keys (client_id, key, fingerprint, answer, stored_at)
       VALUES ($1, $2, $3, $4, clock_timestamp()) ON CONFLICT (client_id, key) DO NOTHING`,
      [clientId, key, fingerprint, JSON.stringify(answer)],
    );
    return { answer, replayed: false };
  });
}

const BROKEN = new Problem(500, "Something went wrong on our side.");

/** Whether the key is ours to answer: it is new, or what was stored under it is over. Waits for whoever is at it. */
async function claim(client, clientId, key, fingerprint) {
  const { rowCount } = await client.query(
    `INSERT INTO idempotency_keys AS k (client_id, key, fingerprint) VALUES ($1, $2, $3)
     ON CONFLICT (client_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = NULL, stored_at = NULL
     WHERE k.stored_at <= clock_timestamp() - make_interval(secs => $4)`,
    [clientId, key, fingerprint, TTL_SECONDS],
  );
  return rowCount === 1;
}

async function remembered(client, clientId, key, fingerprint) {
  const { rows } = await client.query(
    "SELECT fingerprint, answer FROM idempotency_keys WHERE client_id = $1 AND key = $2",
    [clientId, key],
  );
  if (rows[0].fingerprint !== fingerprint) {
    throw new Problem(422, "This key was used for another payment.", { type: "/problems/idempotency-key-reused" });
  }
  return rows[0].answer;
}

/** A header of visible ASCII characters. */
function token(request, name, longest) {
  const given = request.get(name) ?? "";
  if (!/^[\x21-\x7e]+$/.test(given) || given.length > longest) {
    throw new Problem(400, `${name} must have 1 to ${longest} visible ASCII characters.`);
  }
  return given;
}
