// Who one is, and whom an admin sees.
import { Router } from "express";

import { pool } from "./database.js";
import { admin, caller } from "./guard.js";

export const people = Router();

people.get("/me", caller, (_request, response) => {
  response.json(response.locals.user);
});

people.get("/admin/users", caller, admin, async (_request, response) => {
  const { rows } = await pool.query("SELECT id, email, role FROM users ORDER BY id");
  response.json(rows);
});
