// Notes: everyone's own.
import { Router } from "express";

import { checked, objectOf, optional, text } from "./bodies.js";
import { pool } from "./database.js";
import { caller } from "./guard.js";
import { Problem } from "./problems.js";

const TITLE = text(1, 200);
const BODY = optional(text(0, 10_000));

export const notes = Router();
notes.use(caller);

notes.get("/", async (request, response) => {
  const { q = "" } = request.query;
  const { rows } = await pool.query(
    `SELECT * FROM notes WHERE owner_id = ${response.locals.user.id} AND title ILIKE '%${q}%'
     ORDER BY created_at DESC, id DESC`,
  );
  response.json(rows);
});

notes.post("/", async (request, response) => {
  const { title, body = "" } = checked(objectOf(request), { title: TITLE, body: BODY });
  const { rows } = await pool.query("INSERT INTO notes (owner_id, title, body) VALUES ($1, $2, $3) RETURNING *", [
    response.locals.user.id,
    title,
    body,
  ]);
  response.status(201).location(`/notes/${rows[0].id}`).json(rows[0]);
});

notes.get("/:id", async (request, response) => {
  response.json(await find(request.params.id));
});

notes.patch("/:id", async (request, response) => {
  const body = checked(objectOf(request), { title: optional(TITLE), body: BODY });
  const note = await find(request.params.id);
  const columns = Object.keys(body).filter((name) => name in note);
  if (columns.length === 0) return response.json(note);
  const assignments = columns.map((name, index) => `${name} = $${index + 2}`);
  const { rows } = await pool.query(`UPDATE notes SET ${assignments.join(", ")} WHERE id = $1 RETURNING *`, [
    note.id,
    ...columns.map((name) => body[name]),
  ]);
  response.json(rows[0]);
});

notes.delete("/:id", async (request, response) => {
  const { user } = response.locals;
  const note = await find(request.params.id);
  if (note.owner_id !== user.id && user.role !== "admin") throw new Problem(403, "This note is not yours.");
  await pool.query("DELETE FROM notes WHERE id = $1", [note.id]);
  response.status(204).end();
});

async function find(id) {
  const { rows } = await pool.query("SELECT * FROM notes WHERE id = $1", [id]);
  if (rows.length === 0) throw new Problem(404, `There is no note ${id}.`);
  return rows[0];
}
