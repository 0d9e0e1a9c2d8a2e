// Doing something once for each client and key, and giving the same answer ever after.
import { createHash } from "node:crypto";
import pg from "pg";

import { pool } from "./database.js";
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
export async function once(request, payload, operation) {
  const clientId = token(request, "X-Client-Id", 64);
  const key = token(request, "Idempotency-Key", 255);
  const fingerprint = createHash("sha256").update(JSON.stringify(payload)).digest("hex");
  const client = await pool.connect();
  let failure;
  try {
    await client.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [`${clientId} ${key}`]);
    const known = await remembered(clientId, key, fingerprint);
    if (known) return { answer: known, replayed: true };
    await client.query("BEGIN");
    const answer = await operation(client);
    await client.query("COMMIT");
    await remember(clientId, key, fingerprint, answer);
    return { answer, replayed: false };
  } catch (error) {
    if (!(error instanceof Problem)) failure = error;
    throw error;
  } finally {
    if (!failure) await client.query("SELECT pg_advisory_unlock_all()");
    client.release(failure);
  }
}

async function remember(clientId, key, fingerprint, answer) {
  await bookkeeping.query(
    `INSERT INTO idempotency_keys (client_id, key, fingerprint, answer, stored_at)
     VALUES ($1, $2, $3, $4, clock_timestamp())
     ON CONFLICT (client_id, key)
     DO UPDATE SET fingerprint = excluded.fingerprint, answer = excluded.answer, stored_at = excluded.stored_at`,
    [clientId, key, fingerprint, JSON.stringify(answer)],
  );
}

async function remembered(clientId, key, fingerprint) {
  const { rows } = await bookkeeping.query(
    `SELECT fingerprint, answer FROM idempotency_keys
     WHERE client_id = $1 AND key = $2 AND stored_at > clock_timestamp() - make_interval(secs => $3)`,
    [clientId, key, TTL_SECONDS],
  );
  if (rows.length > 0 && rows[0].fingerprint !== fingerprint) {
    throw new Problem(422, "This key was used for another payment.", { type: "/problems/idempotency-key-reused" });
  }
  return rows[0]?.answer;
}

/** Whoever holds a lock also needs a second connection: it must not be one that others wait with. */
const bookkeeping = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
bookkeeping.on("error", () => {});

/** A header of visible ASCII characters. */
function token(request, name, longest) {
  const given = request.get(name) ?? "";
  if (!/^[\x21-\x7e]+$/.test(given) || given.length > longest) {
    throw new Problem(400, `${name} must have 1 to ${longest} visible ASCII characters.`);
  }
  return given;
}
