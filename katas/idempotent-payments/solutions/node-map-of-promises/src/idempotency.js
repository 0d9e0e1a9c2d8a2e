// Doing something once for each client and key, and giving the same answer ever after.
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
export async function once(request, payload, operation) {
  const name = JSON.stringify([token(request, "X-Client-Id", 64), token(request, "Idempotency-Key", 255)]);
  const fingerprint = JSON.stringify(payload);
  const known = answers.get(name);
  if (known && known.expires > Date.now()) {
    if (known.fingerprint !== fingerprint) {
      throw new Problem(422, "This key was used for another payment.", { type: "/problems/idempotency-key-reused" });
    }
    return { answer: await known.answer, replayed: true };
  }
  const entry = { fingerprint, answer: transaction(operation), expires: Infinity };
  answers.set(name, entry);
  try {
    const answer = await entry.answer;
    entry.expires = Date.now() + TTL_SECONDS * 1000;
    return { answer, replayed: false };
  } catch (error) {
    answers.delete(name);
    throw error;
  }
}

/** @type {Map<string, {fingerprint: string, answer: Promise<Answer>, expires: number}>} */
const answers = new Map();

/** A header of visible ASCII characters. */
function token(request, name, longest) {
  const given = request.get(name) ?? "";
  if (!/^[\x21-\x7e]+$/.test(given) || given.length > longest) {
    throw new Problem(400, `${name} must have 1 to ${longest} visible ASCII characters.`);
  }
  return given;
}
