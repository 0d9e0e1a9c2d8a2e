// ETags, and what requests ask of them (RFC 9110, 13.1).
import { Problem } from "./problems.js";

/** @param {{version: number}} row */
export function etagOf(row) {
  return `"${row.version}"`;
}

/**
 * Answer an item, or that the client has it already.
 * @param {import("express").Request} request
 * @param {import("express").Response} response
 */
export function answerItem(request, response, row, view) {
  response.set("ETag", etagOf(row));
  const known = tagsOf(request.get("If-None-Match"));
  const reading = request.method === "GET" || request.method === "HEAD";
  if (reading && known && (known.includes("*") || known.map(opaque).includes(etagOf(row)))) {
    response.status(304).end();
  } else {
    response.json(view);
  }
}

/**
 * Refuse to change a row of which the client has not seen this version. Call it under the row's lock.
 * @param {import("express").Request} request
 */
export function requireMatch(request, row) {
  const wanted = tagsOf(request.get("If-Match"));
  if (wanted === undefined) throw new Problem("precondition-required", "Send If-Match with the ETag that you have read.");
  if (!wanted.includes("*") && !wanted.includes(etagOf(row))) {
    throw new Problem("precondition-failed", "Read it again and decide whether your change still holds.");
  }
}

/** The tags of a header, as they are written; a weak one equals no strong one. */
function tagsOf(header) {
  if (header === undefined) return undefined;
  if (header.trim() === "*") return ["*"];
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

function opaque(tag) {
  return tag.replace(/^W\//, "");
}
