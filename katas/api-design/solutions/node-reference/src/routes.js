// The endpoints.
import { Router } from "express";

import { bookings } from "./bookings.js";
import { document } from "./openapi.js";
import { resource } from "./requests.js";
import { rooms } from "./rooms.js";

const documents = Router();
resource(documents, "/openapi.json", { get: (_request, response) => response.json(document) });

export const routes = Router();
routes.use("/v1", rooms, bookings, documents);
