// Applies migrations/*.sql, each once, in the order of their names.
import { readFile, readdir } from "node:fs/promises";
import pg from "pg";

const LOCK = 7_251_190;
const folder = new URL("../migrations/", import.meta.url);
const files = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();

if (files.length > 0) {
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  try {
    await applyAll(client);
  } finally {
    await client.end();
  }
}

/**
 * Several processes may start at once: one applies, the others wait and find nothing left to do.
 * @param {pg.Client} client
 */
async function applyAll(client) {
  await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
  await client.query(
    "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
  );
  const { rows } = await client.query("SELECT name FROM schema_migrations");
  const done = new Set(rows.map((row) => row.name));
  for (const name of files.filter((file) => !done.has(file))) {
    try {
      await apply(client, name);
    } catch (error) {
      console.error(`migrations/${name}: ${error.message}`);
      process.exitCode = 1;
      return;
    }
    console.log(`applied migrations/${name}`);
  }
}

/**
 * One file, in a transaction of its own.
 * @param {pg.Client} client
 * @param {string} name
 */
async function apply(client, name) {
  const statements = await readFile(new URL(name, folder), "utf8");
  await client.query("BEGIN");
  try {
    await client.query(statements);
    await client.query("INSERT INTO schema_migrations (name) VALUES ($1)", [name]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}
