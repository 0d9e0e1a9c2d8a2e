// The way to PostgreSQL: one pool for the process, transactions as a function that is repeated where it must be.
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

const { builtins } = pg.types;
// bigint arrives as text, since it may be larger than a number holds exactly; ids and counts here are not.
pg.types.setTypeParser(builtins.INT8, Number);
// A Date holds milliseconds and PostgreSQL microseconds, so a time stays text: RFC 3339, in UTC (see `options`).
pg.types.setTypeParser(builtins.TIMESTAMPTZ, (text) => text.replace(" ", "T").replace(/\+00$/, "Z"));

const TRY_AGAIN = ["40001", "40P01"];
const ATTEMPTS = 10;

export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: 16,
  options: "-c TimeZone=UTC",
});
// A connection may break at any time, in use or idle. Whoever uses it hears of it from its query and the pool makes
// a new one; without listeners Node would end the process.
pool.on("error", () => {});
pool.on("connect", (client) => client.on("error", () => {}));

/**
 * Run `work` in a transaction: committed when it ends, rolled back when it throws, repeated after a deadlock.
 * @template T
 * @param {(client: pg.PoolClient) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function transaction(work) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(work);
    } catch (error) {
      if (attempt === ATTEMPTS || !TRY_AGAIN.includes(error?.code)) throw error;
      await pause(Math.random() * 10 * attempt);
    }
  }
}

async function once(work) {
  const client = await pool.connect();
  /** @type {Error | undefined} */
  let broken;
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch((failure) => {
      broken = failure;
    });
    throw error;
  } finally {
    // A connection that could not even roll back is not given to anybody else.
    client.release(broken);
  }
}
