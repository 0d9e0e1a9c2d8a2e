// What clients may say in a path or a query.
import { Problem, invalid } from "./problems.js";

const BIGINT = 9_223_372_036_854_775_807n;

/**
 * A whole number of the query between `least` and `most`.
 * @param {import("express").Request} request
 * @param {string} name
 * @param {{least: number, most: number, otherwise: number}} rule
 * @returns {number}
 */
export function wholeNumber(request, name, { least, most, otherwise }) {
  const given = request.query[name];
  if (given === undefined) return otherwise;
  const number = parseInt(given, 10);
  if (!(number >= least && number <= most)) {
    throw invalid({ parameter: name, detail: `must be a whole number from ${least} to ${most}` });
  }
  return number;
}

/**
 * One of the words in `allowed`, or undefined if the query does not say.
 * @param {import("express").Request} request
 * @param {string} name
 * @param {readonly string[]} allowed
 * @returns {string | undefined}
 */
export function oneOf(request, name, allowed) {
  const given = request.query[name];
  if (given === undefined) return undefined;
  if (!allowed.includes(given)) throw invalid({ parameter: name, detail: `must be one of ${allowed.join(", ")}` });
  return given;
}

/**
 * The id of the path, as text that is safe to hand to PostgreSQL. Anything else cannot exist: 404.
 * @param {import("express").Request} request
 * @returns {string}
 */
export function idOf(request) {
  const { id } = request.params;
  if (!/^\d{1,19}$/.test(id) || BigInt(id) > BIGINT) throw new Problem(404, "There is nothing with such an id.");
  return id;
}
