// The endpoints.
import { Router } from "express";

import { idOf, linesOf, quantityOf } from "./bodies.js";
import { pool, transaction } from "./database.js";
import { sweepAlways } from "./expiry.js";
import * as orders from "./orders.js";
import { Problem, invalid } from "./problems.js";
import * as stock from "./stock.js";

export const routes = Router();
sweepAlways();

routes.post("/orders", async (request, response) => {
  const lines = linesOf(request.body);
  const known = await stock.knownOf(
    pool,
    lines.map(({ sku }) => sku),
  );
  const faults = lines.flatMap(({ sku }, at) =>
    known.has(sku) ? [] : [{ pointer: `/lines/${at}/sku`, detail: "There is no such item." }],
  );
  if (faults.length > 0) throw invalid(...faults);
  const id = await transaction((client) => orders.place(client, lines));
  response.status(201).location(`/orders/${id}`).json(await orders.read(pool, id));
});

routes.get("/orders/:id", async (request, response) => {
  response.json(await orders.read(pool, idOf(request)));
});

routes.post("/orders/:id/confirm", async (request, response) => {
  const id = idOf(request);
  await transaction((client) => orders.confirm(client, id));
  response.json(await closed(id, "confirmed"));
});

routes.post("/orders/:id/cancel", async (request, response) => {
  const id = idOf(request);
  await transaction((client) => orders.cancel(client, id));
  response.json(await closed(id, "cancelled"));
});

/** The order where it is as wanted; a problem where it is something else. */
async function closed(id, wanted) {
  const order = await orders.read(pool, id);
  if (order.status === wanted) return order;
  throw new Problem(409, "The order is closed, or its time is over.", { type: "/problems/order-closed" });
}

routes.get("/items/:sku", async (request, response) => {
  response.json(await stock.read(pool, request.params.sku));
});

routes.post("/items/:sku/restock", async (request, response) => {
  const quantity = quantityOf(request.body);
  await transaction((client) => stock.restock(client, request.params.sku, quantity));
  response.json(await stock.read(pool, request.params.sku));
});
