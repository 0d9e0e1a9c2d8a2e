// What clients may say in a query.
import { invalid } from "./problems.js";

const KINDS = ["login", "purchase", "refund", "comment", "export"];
const BIGINT = 9_223_372_036_854_775_807n;

/**
 * @typedef {object} Wanted
 * @property {number} limit
 * @property {string} [kind]
 * @property {string} [account_id] digits, since an id may be larger than a number holds exactly
 * @property {string} [cursor]
 */

/**
 * @param {import("express").Request} request
 * @returns {Wanted}
 */
export function wantedOf({ query }) {
  const rules = {
    limit: [query.limit ?? "25", isLimit, "must be a whole number from 1 to 100"],
    kind: [query.kind, (kind) => KINDS.includes(kind), `must be one of ${KINDS.join(", ")}`],
    account_id: [query.account_id, isId, "must be the id of an account"],
    cursor: [query.cursor, (cursor) => typeof cursor === "string", "must stand there once"],
  };
  const faults = Object.entries(rules)
    .filter(([, [value, isRight]]) => value !== undefined && !isRight(value))
    .map(([parameter, [, , detail]]) => ({ parameter, detail }));
  if (faults.length > 0) throw invalid(...faults);
  const account_id = query.account_id === undefined ? undefined : String(BigInt(query.account_id));
  return { limit: Number(rules.limit[0]), kind: query.kind, account_id, cursor: query.cursor };
}

function isLimit(text) {
  return typeof text === "string" && /^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= 100;
}

function isId(text) {
  if (typeof text !== "string" || !/^-?\d{1,19}$/.test(text)) return false;
  return BigInt(text) <= BIGINT && BigInt(text) >= -BIGINT;
}
