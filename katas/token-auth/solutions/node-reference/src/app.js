// The service: its routes, its errors, its health. The kata is token-auth.
import express from "express";

import { pool } from "./database.js";
import { answerProblem, notFound } from "./problems.js";
import { routes } from "./routes.js";

export const app = express();
app.disable("x-powered-by");
// No body is read here: the routes do, after they know who is calling.

app.get("/healthz", async (_request, response) => {
  await pool.query("SELECT 1");
  response.json({ status: "ok" });
});
app.use(routes);
app.use(notFound);
app.use(answerProblem);
