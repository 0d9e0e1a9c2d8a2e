// Cursors: a position in the feed of certain filters, signed, so that only what was issued here is believed.
import { createHmac, timingSafeEqual } from "node:crypto";

import { Problem } from "./problems.js";

const SECRET = process.env.CURSOR_SECRET ?? "";
if (Buffer.byteLength(SECRET) < 32) throw new Error("CURSOR_SECRET must have 32 bytes or more");

/** @typedef {{occurred_at: string, id: number}} Position the last event that was shown */

/**
 * @param {Position} position
 * @param {import("./parameters.js").Wanted} wanted
 */
export function cursorAt({ occurred_at, id }, wanted) {
  const place = Buffer.from(JSON.stringify([occurred_at, id])).toString("base64url");
  return `${place}.${signature(place, wanted)}`;
}

/**
 * @param {import("./parameters.js").Wanted} wanted with a cursor or none
 * @returns {Position | undefined} undefined for the beginning
 */
export function positionOf(wanted) {
  if (wanted.cursor === undefined) return undefined;
  const [place, given = "", ...rest] = wanted.cursor.split(".");
  const [occurred_at, id] = JSON.parse(Buffer.from(place, "base64url").toString());
  if (rest.length > 0 || !equal(given, signature(place, wanted))) {
    throw new Problem(400, "This cursor was not issued for this request.");
  }
  return { occurred_at, id };
}

/** Over the place and the filters. */
function signature(place, { kind, account_id }) {
  const text = JSON.stringify([place, kind ?? null, account_id ?? null]);
  return createHmac("sha256", SECRET).update(text).digest("base64url");
}

function equal(given, wanted) {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
