// Reservations whose time is over: a timer in each process gives their units back.
import { pool, transaction } from "./database.js";
import * as orders from "./orders.js";
import * as stock from "./stock.js";

const PAUSE_MS = 500;

/** Expire every order whose time is over. */
async function sweep() {
  const { rows } = await pool.query(
    "SELECT id FROM orders WHERE status = 'reserved' AND expires_at <= clock_timestamp() ORDER BY id",
  );
  for (const { id } of rows) {
    await transaction(async (client) => {
      await orders.setStatus(client, id, "expired");
      await stock.give(client, await orders.linesOf(client, id));
    });
  }
}

/** Sweep now and then for as long as the process runs. */
export function sweepAlways() {
  const next = () => setTimeout(() => sweep().catch(failed).finally(next), PAUSE_MS).unref();
  next();
}

function failed(error) {
  // It is done again by the next sweep.
  console.error("a sweep failed:", error.message);
}
