// What holds for every request: its id, its methods, what it accepts, its body.
import { randomUUID } from "node:crypto";
import express from "express";

import { Problem } from "./problems.js";

const readBytes = express.raw({ type: () => true, limit: "1mb" });
const BODY_TYPES = {
  POST: ["application/json"],
  PUT: ["application/json"],
  PATCH: ["application/merge-patch+json", "application/json"],
};

/** @type {import("express").RequestHandler} */
export function identify(request, response, next) {
  const given = request.get("X-Request-Id") ?? "";
  response.set("X-Request-Id", /^[\x21-\x7e]{1,64}$/.test(given) ? given : randomUUID());
  next();
}

/**
 * Everything that can be done at a path; any other method is 405 with all of these.
 * @param {import("express").Router} router
 * @param {string} path
 * @param {Record<string, import("express").RequestHandler>} handlers by method, in small letters
 */
export function resource(router, path, handlers) {
  const methods = Object.keys(handlers).flatMap((method) => (method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()]));
  const allow = [...methods, "OPTIONS"].join(", ");
  router.all(path, (request, response, next) => {
    if (request.method === "OPTIONS") return response.status(204).set("Allow", allow).end();
    if (!methods.includes(request.method)) {
      throw new Problem("method-not-allowed", `Here is ${allow}.`, {}, { Allow: allow });
    }
    if (!acceptsJson(request.get("Accept"))) {
      throw new Problem("not-acceptable", "Accept application/json, application/* or */*.");
    }
    next();
  });
  for (const [method, handler] of Object.entries(handlers)) {
    const body = method.toUpperCase() in BODY_TYPES ? [requireType, readBytes, parseJson] : [];
    router[method](path, ...body, handler);
  }
}

/** Whether JSON may be answered. */
export function acceptsJson(header = "") {
  return header === "" || ["application/json", "application/*", "*/*"].some((range) => header.includes(range));
}

function requireType(request, _response, next) {
  const type = (request.get("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
  const allowed = BODY_TYPES[request.method];
  if (!allowed.includes(type)) {
    throw new Problem("unsupported-media-type", `The body must be ${allowed.join(" or ")}.`);
  }
  next();
}

function parseJson(request, _response, next) {
  try {
    const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    request.body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Problem("malformed-json", "The body must be one JSON value in UTF-8.");
  }
  next();
}
