// The endpoints.
import { Router } from "express";

import { cursorAt, positionOf } from "./cursors.js";
import { pageOf } from "./events.js";
import { wantedOf } from "./parameters.js";

export const routes = Router();

routes.get("/events", async (request, response) => {
  const wanted = wantedOf(request);
  const after = positionOf(wanted);
  const { events, more } = await pageOf(wanted, after);
  const next_cursor = more ? cursorAt(events.at(-1), wanted) : null;
  if (next_cursor) response.set("Link", `<${linkTo({ ...wanted, cursor: next_cursor })}>; rel="next"`);
  response.json({ events, next_cursor });
});

/** @param {import("./parameters.js").Wanted} wanted */
function linkTo(wanted) {
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return `/events?${new URLSearchParams(given)}`;
}
