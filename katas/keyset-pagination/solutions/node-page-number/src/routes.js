// The endpoints.
import { Router } from "express";

import { cursorAt, positionOf } from "./cursors.js";
import { pageOf } from "./events.js";
import { wantedOf } from "./parameters.js";

export const routes = Router();

routes.get("/events", async (request, response) => {
  const wanted = wantedOf(request);
  const offset = positionOf(wanted)?.id ?? 0;
  const { events, more } = await pageOf(wanted, offset);
  const next_cursor = more ? cursorAt({ occurred_at: "", id: offset + events.length }, wanted) : null;
  if (next_cursor) response.set("Link", `<${linkTo({ ...wanted, cursor: next_cursor })}>; rel="next"`);
  response.json({ events, next_cursor });
});

/** @param {import("./parameters.js").Wanted} wanted */
function linkTo(wanted) {
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return `/events?${new URLSearchParams(given)}`;
}
