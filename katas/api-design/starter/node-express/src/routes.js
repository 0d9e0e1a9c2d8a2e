// The endpoints, as the script had its commands.
import { Router } from "express";

import { pool } from "./database.js";

export const routes = Router();

routes.post("/createBooking", async (request, response) => {
  const booking = request.body ?? {};
  try {
    const { rows: rooms } = await pool.query("SELECT id FROM rooms WHERE id = $1", [booking.room]);
    if (rooms.length === 0) return response.json({ ok: false, error: "no such room" });
    const from = new Date(booking.from);
    const to = new Date(booking.to);
    const { rows: others } = await pool.query("SELECT starts_at, ends_at FROM bookings WHERE room_id = $1", [
      booking.room,
    ]);
    for (const other of others) {
      if (new Date(other.starts_at) <= from && from <= new Date(other.ends_at)) {
        return response.json({ ok: false, error: "room is taken" });
      }
    }
    const { rows } = await pool.query(
      "INSERT INTO bookings (room_id, title, starts_at, ends_at, attendees) VALUES ($1, $2, $3, $4, $5) RETURNING id",
      [booking.room, booking.title ?? "", from, to, booking.attendees ?? 1],
    );
    response.json({ ok: true, id: rows[0].id });
  } catch (error) {
    response.json({ ok: false, error: String(error) });
  }
});

routes.get("/listBookings", async (request, response) => {
  try {
    const { rows } = await pool.query(
      'SELECT id, title, starts_at AS "from", ends_at AS "to" FROM bookings WHERE room_id = $1 ORDER BY starts_at',
      [request.query.room],
    );
    response.json({ ok: true, bookings: rows });
  } catch (error) {
    response.json({ ok: false, error: String(error) });
  }
});
