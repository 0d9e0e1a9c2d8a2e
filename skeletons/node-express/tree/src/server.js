// Starts the service on HOST and PORT, and ends it when it is told to.
import { app } from "./app.js";
import { pool } from "./database.js";

const PATIENCE_MS = 5_000;

const server = app.listen(Number(process.env.PORT ?? 8000), process.env.HOST ?? "127.0.0.1", (error) => {
  if (!error) return;
  console.error(error.message);
  process.exit(1);
});

/** Answer what has begun, take nothing new, and leave; what takes too long is cut off. */
function stop() {
  setTimeout(() => process.exit(0), PATIENCE_MS).unref();
  server.close(() => pool.end().then(() => process.exit(0)));
}

process.once("SIGTERM", stop);
process.once("SIGINT", stop);
