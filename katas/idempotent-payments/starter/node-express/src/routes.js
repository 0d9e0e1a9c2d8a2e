// The endpoints.
import { Router } from "express";

import { chargeOf, idOf } from "./bodies.js";
import { makePayment } from "./charges.js";
import { pool, transaction } from "./database.js";
import { Problem } from "./problems.js";

export const routes = Router();

routes.post("/payments", async (request, response) => {
  const charge = chargeOf(request.body);
  const payment = await transaction((client) => makePayment(client, charge));
  response.status(201).location(`/payments/${payment.id}`).json(payment);
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
