// Errors as RFC 9457 problem documents; nothing of the inside reaches a client.
import { STATUS_CODES } from "node:http";

/** @typedef {{pointer?: string, parameter?: string, detail: string}} Fault */

/** An error with its answer: throw it anywhere in a request. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   * @param {object} [members] added to the document, e.g. `type`
   * @param {Record<string, string>} [headers]
   */
  constructor(status, detail, members = {}, headers = {}) {
    super(detail);
    this.status = status;
    this.members = members;
    this.headers = headers;
  }
}

/**
 * 422 with its faults.
 * @param {...Fault} errors
 */
export function invalid(...errors) {
  return new Problem(422, "The request is well-formed but invalid.", { errors });
}

/** @type {import("express").RequestHandler} */
export function notFound() {
  throw new Problem(404, "There is nothing here.");
}

/** @type {import("express").ErrorRequestHandler} */
export function answerProblem(error, request, response, next) {
  if (response.headersSent) {
    next(error);
    return;
  }
  const problem = problemOf(error);
  // Messages and stacks may quote what a client sent; a name and a code say enough to know where to look.
  if (problem.status === 500) console.error(`${request.method} ${request.baseUrl}: ${error?.name} ${error?.code ?? ""}`);
  response
    .status(problem.status)
    .set(problem.headers)
    .type("application/problem+json")
    .send(JSON.stringify(documentOf(problem)));
}

/** @param {Problem} problem */
export function documentOf(problem) {
  return {
    type: "about:blank",
    title: STATUS_CODES[problem.status],
    status: problem.status,
    detail: problem.message,
    ...problem.members,
  };
}

/**
 * What a client gets to know of an error. Those of the body parser and the router say which 4xx they are.
 * @returns {Problem}
 */
function problemOf(error) {
  if (error instanceof Problem) return error;
  if (error?.type === "entity.parse.failed") return new Problem(400, "The body is not JSON.");
  if (error?.status >= 400 && error.status < 500) return new Problem(error.status, "The request cannot be read.");
  return new Problem(500, "Something went wrong on our side.");
}
