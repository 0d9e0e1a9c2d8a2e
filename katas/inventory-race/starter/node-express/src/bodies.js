// What clients may send.
import { Problem, invalid } from "./problems.js";

const MOST = 1000;
const MOST_LINES = 20;

/** @typedef {{sku: string, quantity: number}} Line */

/**
 * The lines of a new order.
 * @returns {Line[]}
 */
export function linesOf(body) {
  const lines = member(body, "lines");
  if (!Array.isArray(lines) || lines.length < 1 || lines.length > MOST_LINES) {
    throw invalid({ pointer: "/lines", detail: `must be a list of 1 to ${MOST_LINES} lines` });
  }
  const faults = lines.flatMap((line, at) => faultsOf(line, at));
  if (faults.length > 0) throw invalid(...faults);
  return lines.map(({ sku, quantity }) => ({ sku, quantity }));
}

function faultsOf(line, at) {
  if (line === null || typeof line !== "object") return [{ pointer: `/lines/${at}`, detail: "must be an object" }];
  const faults = [];
  if (!isSku(line.sku)) faults.push({ pointer: `/lines/${at}/sku`, detail: "must be the sku of an item" });
  if (!isQuantity(line.quantity)) faults.push({ pointer: `/lines/${at}/quantity`, detail: wanted });
  return faults;
}

/** The quantity of a restock. */
export function quantityOf(body) {
  const quantity = member(body, "quantity");
  if (!isQuantity(quantity)) throw invalid({ pointer: "/quantity", detail: wanted });
  return quantity;
}

const wanted = `must be a whole number from 1 to ${MOST}`;

function member(body, name) {
  if (body === undefined) throw new Problem(400, "The body is not JSON.");
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw invalid({ pointer: "", detail: "must be an object" });
  }
  return body[name];
}

function isSku(value) {
  return typeof value === "string" && /^[!-~]{1,64}$/.test(value);
}

function isQuantity(value) {
  return Number.isInteger(value) && value >= 1 && value <= MOST;
}

/** The id of the path, as text that is safe to hand to PostgreSQL. Anything else cannot exist: 404. */
export function idOf({ params: { id } }) {
  if (!/^\d{1,18}$/.test(id)) throw new Problem(404, "There is nothing with such an id.");
  return id;
}
