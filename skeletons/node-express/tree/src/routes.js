// The endpoints.
import { Router } from "express";

export const routes = Router();
