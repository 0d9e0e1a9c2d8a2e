// The endpoints.
import { Router } from "express";

import { auth } from "./auth.js";
import { notes } from "./notes.js";
import { people } from "./people.js";

export const routes = Router();
routes.use("/auth", auth);
routes.use("/notes", notes);
routes.use(people);
