// Notes: everyone's own.
import express, { Router } from "express";

import { checked, objectOf, optional, storable, text } from "./bodies.js";
import { pool } from "./database.js";
import { caller } from "./guard.js";
import { Problem, invalid } from "./problems.js";

const NOTE = "id, owner_id, title, body, created_at";
const TITLE = text(1, 200);
const BODY = optional(text(0, 10_000));

export const notes = Router();
notes.use(caller, express.json({ strict: false }));

notes.get("/", async (request, response) => {
  const { q = "" } = request.query;
  if (typeof q !== "string") throw invalid({ parameter: "q", detail: "must stand there once" });
  const { rows } = await pool.query(
    `SELECT ${NOTE} FROM notes
     WHERE owner_id = $1 AND title ILIKE '%' || $2 || '%'
     ORDER BY created_at DESC, id DESC`,
    [response.locals.user.id, storable(q) ? q : "\uFFFF"],
  );
  response.json(rows);
});

notes.post("/", async (request, response) => {
  const { title, body = "" } = checked(objectOf(request), { title: TITLE, body: BODY });
  const { rows } = await pool.query(
    `INSERT INTO notes (owner_id, title, body) VALUES ($1, $2, $3) RETURNING ${NOTE}`,
    [response.locals.user.id, title, body],
  );
  response.status(201).location(`/notes/${rows[0].id}`).json(rows[0]);
});

notes.get("/:id", async (request, response) => {
  const { id, role } = response.locals.user;
  const { rows } = await pool.query(
    `SELECT ${NOTE} FROM notes WHERE id = $1 AND (owner_id = $2 OR $3)`,
    [idOf(request), id, role === "admin"],
  );
  response.json(found(rows));
});

notes.patch("/:id", async (request, response) => {
  const { title, body } = checked(objectOf(request), { title: optional(TITLE), body: BODY });
  const { rows } = await pool.query(
    `UPDATE notes SET title = coalesce($3, title), body = coalesce($4, body)
     WHERE id = $1 AND owner_id = $2 RETURNING ${NOTE}`,
    [idOf(request), response.locals.user.id, title, body],
  );
  response.json(found(rows));
});

notes.delete("/:id", async (request, response) => {
  const { rows } = await pool.query("DELETE FROM notes WHERE id = $1 AND owner_id = $2 RETURNING id", [
    idOf(request),
    response.locals.user.id,
  ]);
  found(rows);
  response.status(204).end();
});

/** The one note, or the answer that says nothing about why there is none. */
function found([note]) {
  if (!note) throw new Problem(404, "There is no such note.");
  return note;
}

function idOf(request) {
  const { id } = request.params;
  return /^\d{1,18}$/.test(id) ? id : found([]);
}
