// What clients may send.
import { Problem, invalid } from "./problems.js";

const MOST_CENTS = 100_000_000;
const LONGEST_REFERENCE = 140;

/** @typedef {{account_id: number, amount_cents: number, reference: string}} Charge */

/**
 * The body of a charge: three fields, and nothing else of it is looked at.
 * @returns {Charge}
 */
export function chargeOf(body) {
  if (body === undefined) throw new Problem(400, "The body is not JSON.");
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw invalid({ pointer: "", detail: "must be an object" });
  }
  const { account_id, amount_cents, reference } = body;
  const faults = [];
  if (!(Number.isSafeInteger(account_id) && account_id >= 1)) {
    faults.push({ pointer: "/account_id", detail: "must be the id of an account" });
  }
  if (!(Number.isSafeInteger(amount_cents) && amount_cents >= 1 && amount_cents <= MOST_CENTS)) {
    faults.push({ pointer: "/amount_cents", detail: `must be a whole number from 1 to ${MOST_CENTS}` });
  }
  if (!isReference(reference)) {
    faults.push({ pointer: "/reference", detail: `must be text of 1 to ${LONGEST_REFERENCE} characters` });
  }
  if (faults.length > 0) throw invalid(...faults);
  return { account_id, amount_cents, reference };
}

function isReference(text) {
  // JSON carries U+0000 and halves of surrogate pairs, PostgreSQL's text does not.
  if (typeof text !== "string" || text.includes("\0") || !text.isWellFormed()) return false;
  const length = [...text].length;
  return length >= 1 && length <= LONGEST_REFERENCE;
}

/**
 * The id of the path, as text that is safe to hand to PostgreSQL. Anything else cannot exist: 404.
 * @param {import("express").Request} request
 * @returns {string}
 */
export function idOf(request) {
  const { id } = request.params;
  if (!/^\d{1,18}$/.test(id)) throw new Problem(404, "There is nothing with such an id.");
  return id;
}
