// Errors as RFC 9457 problem documents: every kind that there is, each with a type of its own.

/** What each type means; the OpenAPI document lists the same. */
export const PROBLEMS = {
  "malformed-json": { status: 400, title: "The body is not JSON" },
  "not-found": { status: 404, title: "There is no such thing" },
  "method-not-allowed": { status: 405, title: "This resource has no such method" },
  "not-acceptable": { status: 406, title: "Only JSON can be had here" },
  "name-taken": { status: 409, title: "Another room has this name" },
  "room-in-use": { status: 409, title: "The room has bookings" },
  "capacity-in-use": { status: 409, title: "A booking of the room needs more places" },
  "booking-overlap": { status: 409, title: "The room is booked for a part of this time" },
  "precondition-failed": { status: 412, title: "It was changed by somebody else" },
  "too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body is of another type" },
  invalid: { status: 422, title: "The request is well-formed but invalid" },
  "precondition-required": { status: 428, title: "If-Match is missing" },
  internal: { status: 500, title: "Something went wrong on our side" },
};

/** @typedef {keyof typeof PROBLEMS} ProblemName */
/** @typedef {{pointer?: string, parameter?: string, detail: string}} Fault */

/** @param {ProblemName} name */
export function typeOf(name) {
  return `/problems/${name}`;
}

/** An error with its answer: throw it anywhere in a request. */
export class Problem extends Error {
  /**
   * @param {ProblemName} name
   * @param {string} detail
   * @param {object} [members] added to the document
   * @param {Record<string, string>} [headers]
   */
  constructor(name, detail, members = {}, headers = {}) {
    super(detail);
    this.kind = name;
    this.status = PROBLEMS[name].status;
    this.document = { type: typeOf(name), ...PROBLEMS[name], detail, ...members };
    this.headers = headers;
  }
}

/**
 * 422 with its faults, all of them.
 * @param {Fault[]} errors
 */
export function invalid(errors) {
  return new Problem("invalid", "The entry of `errors` names the fault and its place.", { errors: errors.slice(0, 1) });
}

/** @type {import("express").RequestHandler} */
export function notFound() {
  throw new Problem("not-found", "There is nothing at this address.");
}

/** @type {import("express").ErrorRequestHandler} */
export function answerProblem(error, request, response, next) {
  if (response.headersSent) {
    next(error);
    return;
  }
  const problem = problemOf(error);
  if (problem.status === 500) console.error(`${request.method} ${request.path}:`, error);
  response
    .status(problem.status)
    .set(problem.headers)
    .type("application/problem+json")
    .send(JSON.stringify(problem.document));
}

function problemOf(error) {
  if (error instanceof Problem) return error;
  if (error?.status === 413) return new Problem("too-large", "A body has 1 MB at most.");
  if (error?.status === 415) return new Problem("unsupported-media-type", "The body's encoding is not known here.");
  // The router's, for an address with a broken percent code; the body parser's, for a body that ended early.
  if (error instanceof URIError) return new Problem("not-found", "There is nothing at this address.");
  if (error?.status === 400) return new Problem("malformed-json", "The body cannot be read.");
  return new Problem("internal", "Try again later, and name the request's id when you ask about it.");
}
