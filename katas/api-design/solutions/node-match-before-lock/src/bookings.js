// Bookings.
import { Router } from "express";

import { pool, transaction } from "./database.js";
import { answerItem, requireMatch } from "./preconditions.js";
import { Problem, invalid } from "./problems.js";
import { resource } from "./requests.js";
import { lockRoom, roomById } from "./rooms.js";
import { between, bookingOf, merged, queryOf } from "./rules.js";
import { instantOf, textOf } from "./times.js";

const COLUMNS = "id, room_id, title, notes, starts_at, ends_at, attendees, version, created_at";
const LIST = { from: instantOf, to: instantOf, limit: between(1, 100), offset: between(0, Number.MAX_SAFE_INTEGER) };
const EXCLUSION_VIOLATION = "23P01";

export const bookings = Router();

resource(bookings, "/rooms/:id/bookings", {
  async get(request, response) {
    const { from, to, limit = 50, offset = 0 } = queryOf(request, LIST);
    if (from !== undefined && to !== undefined && from >= to) {
      throw invalid([{ parameter: "to", detail: "must be after from" }]);
    }
    const room = await roomById(pool, request);
    const { rows } = await pool.query(
      `SELECT ${COLUMNS} FROM bookings
       WHERE room_id = $1 AND ends_at > coalesce($2, '-infinity'::timestamptz)
         AND starts_at < coalesce($3, 'infinity'::timestamptz)
       ORDER BY starts_at, id LIMIT $4 OFFSET $5`,
      [room.id, from === undefined ? null : textOf(from), to === undefined ? null : textOf(to), limit, offset],
    );
    response.json({ items: rows.map(view) });
  },
  async post(request, response) {
    const booking = await transaction(async (client) => {
      const room = await lockRoom(client, request);
      const wanted = bookingOf(request.body, room.capacity);
      await requireFree(client, room.id, wanted);
      const { rows } = await unlessOverlapping(
        client.query(
          `INSERT INTO bookings (room_id, title, notes, starts_at, ends_at, attendees)
           VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
          [room.id, ...valuesOf(wanted)],
        ),
      );
      return rows[0];
    });
    response.status(201).location(`/v1/bookings/${booking.id}`);
    answerItem(request, response, booking, view(booking));
  },
});

resource(bookings, "/bookings/:id", {
  async get(request, response) {
    const booking = await bookingById(pool, request);
    answerItem(request, response, booking, view(booking));
  },
  async patch(request, response) {
    const changed = await transaction(async (client) => {
      // The room first, in the same order as everybody: only then is what the booking says of any use.
      const seen = await bookingById(client, request);
      requireMatch(request, seen);
      const room = await lockRoom(client, { params: { id: String(seen.room_id) } });
      const booking = await bookingById(client, request, "FOR UPDATE");
      const { title, notes, starts_at, ends_at, attendees } = booking;
      const wanted = bookingOf(merged({ title, notes, starts_at, ends_at, attendees }, request.body), room.capacity);
      await requireFree(client, room.id, wanted, booking.id);
      const { rows } = await unlessOverlapping(
        client.query(
          `UPDATE bookings SET title = $2, notes = $3, starts_at = $4, ends_at = $5, attendees = $6,
                               version = version + 1
           WHERE id = $1 RETURNING ${COLUMNS}`,
          [booking.id, ...valuesOf(wanted)],
        ),
      );
      return rows[0];
    });
    answerItem(request, response, changed, view(changed));
  },
  async delete(request, response) {
    await transaction(async (client) => {
      const booking = await bookingById(client, request, "FOR UPDATE");
      requireMatch(request, booking);
      await client.query("DELETE FROM bookings WHERE id = $1", [booking.id]);
    });
    response.status(204).end();
  },
});

/** The booking of the path. Throws 404. */
async function bookingById(client, request, lock = "") {
  const { id } = request.params;
  const found = /^\d{1,18}$/.test(id)
    ? await client.query(`SELECT ${COLUMNS} FROM bookings WHERE id = $1 ${lock}`, [id])
    : { rows: [] };
  if (found.rows.length === 0) throw new Problem("not-found", "There is no such booking.");
  return found.rows[0];
}

/** Throws 409 if another booking of the room takes up a part of that time. Call it under the room's lock. */
async function requireFree(client, roomId, { starts_at, ends_at }, except = 0) {
  const { rows } = await client.query(
    "SELECT FROM bookings WHERE room_id = $1 AND starts_at < $3 AND ends_at > $2 AND id <> $4 LIMIT 1",
    [roomId, textOf(starts_at), textOf(ends_at), except],
  );
  if (rows.length > 0) throw overlap();
}

async function unlessOverlapping(writing) {
  try {
    return await writing;
  } catch (error) {
    throw error.code === EXCLUSION_VIOLATION ? overlap() : error;
  }
}

function overlap() {
  return new Problem("booking-overlap", "Choose another time or another room.");
}

function valuesOf({ title, notes, starts_at, ends_at, attendees }) {
  return [title, notes, textOf(starts_at), textOf(ends_at), attendees];
}

function view({ version, ...shown }) {
  return shown;
}
