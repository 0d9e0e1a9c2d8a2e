// The endpoints.
import { Router } from "express";

import { chargeOf, idOf } from "./bodies.js";
import { makePayment } from "./charges.js";
import { pool } from "./database.js";
import { once } from "./idempotency.js";
import { Problem } from "./problems.js";

export const routes = Router();

routes.post("/payments", async (request, response) => {
  const charge = chargeOf(request.body);
  const { answer, replayed } = await once(request, charge, (client) => makePayment(client, charge));
  if (replayed) response.set("Idempotency-Replayed", "true");
  response.status(answer.status).set(answer.headers).send(JSON.stringify(answer.body));
});

routes.get("/payments/:id", async (request, response) => {
  const { rows } = await pool.query("SELECT id, account_id, amount_cents, reference FROM payments WHERE id = $1", [
    idOf(request),
  ]);
  if (rows.length === 0) throw new Problem(404, "There is no such payment.");
  response.json(rows[0]);
});

routes.get("/accounts/:id", async (request, response) => {
  const { rows } = await pool.query("SELECT id, owner, balance_cents FROM accounts WHERE id = $1", [idOf(request)]);
  if (rows.length === 0) throw new Problem(404, "There is no such account.");
  response.json(rows[0]);
});
