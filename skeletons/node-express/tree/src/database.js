// The way to PostgreSQL: one pool for the process, transactions as a function.
import pg from "pg";

// bigint and numeric arrive as text, since they may be larger than a number holds; ids and counts here are not.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
// A connection that breaks while it is idle is replaced; without a listener it would end the process.
pool.on("error", () => {});

/**
 * Run `work` in a transaction: committed when it ends, rolled back when it throws.
 * @template T
 * @param {(client: pg.PoolClient) => Promise<T>} work
 * @param {string} [begin]
 * @returns {Promise<T>}
 */
export async function transaction(work, begin = "BEGIN") {
  const client = await pool.connect();
  let broken;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch((failure) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
