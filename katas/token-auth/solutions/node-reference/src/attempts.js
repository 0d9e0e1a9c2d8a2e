// Guessing passwords: after so many failures for an email, nobody gets in under it for a while.
import { createHash } from "node:crypto";

import { transaction } from "./database.js";
import { storable } from "./bodies.js";
import { LOGIN_LOCK_SECONDS, LOGIN_MAX_FAILURES } from "./settings.js";

/**
 * Let `attempt` run unless the email is locked; attempts for one email run one after the other, in all processes.
 * @template T
 * @param {string} email
 * @param {(client: import("pg").ClientBase) => Promise<T | undefined>} attempt gives undefined for a failure
 * @returns {Promise<{result?: T, retryAfter?: number}>} whole seconds if the email is locked
 */
export function guarded(email, attempt) {
  return transaction(async (client) => {
    const digest = await digestOf(client, email);
    const retryAfter = await lockedFor(client, digest);
    if (retryAfter > 0) return { retryAfter };
    const result = await attempt(client);
    await client.query(
      result === undefined
        ? "UPDATE login_attempts SET failures = failures + 1, last_failure = clock_timestamp() WHERE email_digest = $1"
        : "DELETE FROM login_attempts WHERE email_digest = $1",
      [digest],
    );
    return { result };
  });
}

/** Lock the email's row, forget failures whose lock is over; seconds until the lock ends, 0 if there is none. */
async function lockedFor(client, digest) {
  const { rows } = await client.query(
    `INSERT INTO login_attempts AS a (email_digest) VALUES ($1)
     ON CONFLICT (email_digest) DO UPDATE SET failures =
       CASE WHEN a.failures >= $2 AND a.last_failure + make_interval(secs => $3) <= clock_timestamp()
            THEN 0 ELSE a.failures END
     RETURNING failures >= $2 AS locked,
               ceil(extract(epoch FROM a.last_failure + make_interval(secs => $3) - clock_timestamp()))::int AS seconds`,
    [digest, LOGIN_MAX_FAILURES, LOGIN_LOCK_SECONDS],
  );
  const [{ locked, seconds }] = rows;
  return locked ? Math.min(Math.max(seconds, 1), LOGIN_LOCK_SECONDS) : 0;
}

/** Two spellings share a counter exactly if PostgreSQL takes them for one email. */
async function digestOf(client, email) {
  if (!storable(email)) return createHash("sha256").update(JSON.stringify(email)).digest();
  const { rows } = await client.query("SELECT sha256(convert_to(lower($1), 'UTF8')) AS digest", [email]);
  return rows[0].digest;
}
