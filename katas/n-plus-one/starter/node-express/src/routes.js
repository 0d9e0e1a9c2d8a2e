// The endpoints.
import { Router } from "express";

import { customerById, newestOrders, orderById, ordersOfCustomer } from "./orders.js";
import { idOf, oneOf, wholeNumber } from "./parameters.js";
import { Problem } from "./problems.js";
import { topProducts } from "./reports.js";
import { orderView } from "./views.js";

const PAGE = { least: 1, most: 100, otherwise: 20 };
const REPORT = { least: 1, most: 50, otherwise: 10 };
const STATUSES = ["open", "paid", "shipped", "cancelled"];

export const routes = Router();

routes.get("/orders", async (request, response) => {
  const limit = wholeNumber(request, "limit", PAGE);
  const status = oneOf(request, "status", STATUSES);
  response.json({ orders: await viewsOf(await newestOrders(limit, status)) });
});

routes.get("/orders/:id", async (request, response) => {
  const order = await orderById(idOf(request));
  if (!order) throw new Problem(404, "There is no such order.");
  response.json(await orderView(order));
});

routes.get("/customers/:id/orders", async (request, response) => {
  const id = idOf(request);
  const limit = wholeNumber(request, "limit", PAGE);
  if (!(await customerById(id))) throw new Problem(404, "There is no such customer.");
  response.json({ orders: await viewsOf(await ordersOfCustomer(id, limit)) });
});

routes.get("/reports/top-products", async (request, response) => {
  response.json({ products: await topProducts(wholeNumber(request, "limit", REPORT)) });
});

/** @param {import("./orders.js").OrderRow[]} orders */
async function viewsOf(orders) {
  const views = [];
  for (const order of orders) views.push(await orderView(order));
  return views;
}
