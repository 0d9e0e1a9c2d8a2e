// Rooms.
import { Router } from "express";

import { pool, transaction } from "./database.js";
import { answerItem, requireMatch } from "./preconditions.js";
import { Problem } from "./problems.js";
import { resource } from "./requests.js";
import { between, merged, queryOf, roomOf } from "./rules.js";

const COLUMNS = "id, name, capacity, contact, version";
const ORDERS = { name: "name, id", "-name": "name DESC, id", capacity: "capacity, id", "-capacity": "capacity DESC, id" };
const LIST = {
  min_capacity: between(0, 1_000_000),
  sort: (given) => (Object.hasOwn(ORDERS, given) ? ORDERS[given] : undefined),
  limit: between(1, 100),
  offset: between(0, Number.MAX_SAFE_INTEGER),
};
const UNIQUE_VIOLATION = "23505";

export const rooms = Router();

resource(rooms, "/rooms", {
  async get(request, response) {
    const { min_capacity = 0, sort = "id", limit = 50, offset = 0 } = queryOf(request, LIST);
    const { rows } = await pool.query(
      `SELECT ${COLUMNS} FROM rooms WHERE capacity >= $1 ORDER BY ${sort} LIMIT $2 OFFSET $3`,
      [min_capacity, limit, offset],
    );
    response.json({ items: rows.map(view) });
  },
  async post(request, response) {
    const { name, capacity, contact } = roomOf(request.body);
    const { rows } = await unlessTaken(
      pool.query(`INSERT INTO rooms (name, capacity, contact) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`, [
        name,
        capacity,
        contact,
      ]),
    );
    response.status(201).location(`/v1/rooms/${rows[0].id}`);
    answerItem(request, response, rows[0], view(rows[0]));
  },
});

resource(rooms, "/rooms/:id", {
  async get(request, response) {
    const room = await roomById(pool, request);
    answerItem(request, response, room, view(room));
  },
  put: (request, response) => change(request, response, () => request.body),
  patch: (request, response) =>
    change(request, response, ({ name, capacity, contact }) => merged({ name, capacity, contact }, request.body)),
  async delete(request, response) {
    await transaction(async (client) => {
      const room = await lockRoom(client, request);
      requireMatch(request, room);
      const { rows } = await client.query("SELECT FROM bookings WHERE room_id = $1 LIMIT 1", [room.id]);
      if (rows.length > 0) throw new Problem("room-in-use", "Delete or move its bookings first.");
      await client.query("DELETE FROM rooms WHERE id = $1", [room.id]);
    });
    response.status(204).end();
  },
});

/** The room of the path, locked until the transaction ends. Throws 404. */
export function lockRoom(client, request) {
  return roomById(client, request, "FOR UPDATE");
}

/** The room of the path. Throws 404. */
export async function roomById(client, request, lock = "") {
  const { id } = request.params;
  const found = /^\d{1,18}$/.test(id)
    ? await client.query(`SELECT ${COLUMNS} FROM rooms WHERE id = $1 ${lock}`, [id])
    : { rows: [] };
  if (found.rows.length === 0) throw new Problem("not-found", "There is no such room.");
  return found.rows[0];
}

/** Make the room what `becoming` says, judged by what comes out. */
async function change(request, response, becoming) {
  const changed = await transaction(async (client) => {
    requireMatch(request, await roomById(client, request));
    const room = await lockRoom(client, request);
    const { name, capacity, contact } = roomOf(becoming(room));
    const { rows: crowded } = await client.query(
      "SELECT FROM bookings WHERE room_id = $1 AND attendees > $2 LIMIT 1",
      [room.id, capacity],
    );
    if (crowded.length > 0) throw new Problem("capacity-in-use", "A booking of this room has more attendees.");
    const { rows } = await unlessTaken(
      client.query(
        `UPDATE rooms SET name = $2, capacity = $3, contact = $4, version = version + 1 WHERE id = $1
         RETURNING ${COLUMNS}`,
        [room.id, name, capacity, contact],
      ),
    );
    return rows[0];
  });
  answerItem(request, response, changed, view(changed));
}

async function unlessTaken(writing) {
  try {
    return await writing;
  } catch (error) {
    if (error.code === UNIQUE_VIOLATION) throw new Problem("name-taken", "Choose another name.");
    throw error;
  }
}

function view({ id, name, capacity, contact }) {
  return { id, name, capacity, contact };
}
