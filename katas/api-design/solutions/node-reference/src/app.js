// The service: its routes, its errors, its health. The kata is api-design.
import express from "express";

import { pool } from "./database.js";
import { answerProblem, notFound } from "./problems.js";
import { identify } from "./requests.js";
import { routes } from "./routes.js";

export const app = express();
app.disable("x-powered-by");
// Express would tag each answer, weakly; the tags here are the versions of rows.
app.disable("etag");
// First of all, so that the answer to a request that goes no further has its id as well.
app.use(identify);

app.get("/healthz", async (_request, response) => {
  await pool.query("SELECT 1");
  response.json({ status: "ok" });
});
app.use(routes);
app.use(notFound);
app.use(answerProblem);
