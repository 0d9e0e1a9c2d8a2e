// Guessing passwords: after so many failures for an email, nobody gets in under it for a while.
import { pool } from "./database.js";
import { LOGIN_LOCK_SECONDS, LOGIN_MAX_FAILURES } from "./settings.js";

/** @type {Map<string, {failures: number, until: number}>} */
const counters = new Map();

/**
 * Let `attempt` run unless the email is locked.
 * @template T
 * @param {string} email
 * @param {(client: {query: Function}) => Promise<T | undefined>} attempt gives undefined for a failure
 * @returns {Promise<{result?: T, retryAfter?: number}>} whole seconds if the email is locked
 */
export async function guarded(email, attempt) {
  const counter = counterOf(email);
  if (counter.failures >= LOGIN_MAX_FAILURES) return { retryAfter: secondsUntil(counter.until) };
  // Counted before the slow part, so that guesses at the same time do not all see the same number.
  counter.failures += 1;
  const result = await attempt(pool);
  counter.until = Date.now() + LOGIN_LOCK_SECONDS * 1000;
  if (result !== undefined) counters.delete(email);
  return { result };
}

function counterOf(email) {
  const known = counters.get(email);
  if (known && (known.failures < LOGIN_MAX_FAILURES || known.until > Date.now())) return known;
  const fresh = { failures: 0, until: Infinity };
  counters.set(email, fresh);
  return fresh;
}

function secondsUntil(moment) {
  return Math.min(Math.max(Math.ceil((moment - Date.now()) / 1000), 1), LOGIN_LOCK_SECONDS);
}
