// What the endpoint asks the database about events.
import { pool } from "./database.js";

/**
 * A page of events, newest first, and how many there are in all.
 * @param {import("./parameters.js").Wanted} wanted
 * @param {string} offset
 */
export async function pageOf({ limit, kind, account_id }, offset) {
  const parameters = [];
  const conditions = [];
  if (kind !== undefined) conditions.push(`kind = $${parameters.push(kind)}`);
  if (account_id !== undefined) conditions.push(`account_id = $${parameters.push(account_id)}`);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const { rows: counted } = await pool.query(`SELECT count(*) AS total FROM events ${where}`, parameters);
  const { rows: events } = await pool.query(
    `SELECT id, account_id, kind, occurred_at, payload FROM events ${where}
     ORDER BY occurred_at DESC, id DESC
     OFFSET $${parameters.length + 1} LIMIT $${parameters.length + 2}`,
    [...parameters, offset, limit],
  );
  return { events, total: counted[0].total };
}
