// The endpoints.
import { Router } from "express";

import { pageOf } from "./events.js";
import { wantedOf } from "./parameters.js";
import { Problem } from "./problems.js";

export const routes = Router();

routes.get("/events", async (request, response) => {
  const wanted = wantedOf(request);
  const offset = offsetOf(wanted.cursor);
  const { events, total } = await pageOf(wanted, offset);
  const next = Number(offset) + wanted.limit;
  const next_cursor = next < total ? String(next) : null;
  if (next_cursor) response.set("Link", `<${linkTo({ ...wanted, cursor: next_cursor })}>; rel="next"`);
  response.json({ events, next_cursor });
});

function offsetOf(cursor = "0") {
  if (!/^\d{1,18}$/.test(cursor)) throw new Problem(400, "This is no cursor.");
  return cursor;
}

/** @param {import("./parameters.js").Wanted} wanted */
function linkTo(wanted) {
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return `/events?${new URLSearchParams(given)}`;
}
