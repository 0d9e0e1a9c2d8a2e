// Starts the service on HOST and PORT, and ends it when it is told to.
import { app } from "./app.js";
import { pool } from "./database.js";

const server = app.listen(Number(process.env.PORT), process.env.HOST);

process.on("SIGTERM", () => {
  server.close(() => pool.end().then(() => process.exit(0)));
  server.closeIdleConnections();
});
