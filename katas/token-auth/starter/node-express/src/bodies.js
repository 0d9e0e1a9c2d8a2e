// What clients may send.
import { Problem, invalid } from "./problems.js";

/**
 * @param {import("express").Request} request
 * @returns {Record<string, unknown>}
 */
export function objectOf({ body }) {
  if (body === undefined) throw new Problem(400, "The body is not JSON.");
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw invalid({ pointer: "", detail: "must be an object", input: body });
  }
  return body;
}

/**
 * The body if each of its members is what the rule of that name wants.
 * @param {Record<string, unknown>} body
 * @param {Record<string, (value: unknown) => string | undefined>} rules each gives the fault of a value
 */
export function checked(body, rules) {
  const errors = Object.entries(rules)
    .map(([name, faultOf]) => ({ pointer: `/${name}`, detail: faultOf(body[name]), input: body[name] }))
    .filter(({ detail }) => detail !== undefined);
  if (errors.length > 0) throw invalid(...errors);
  return body;
}

/** The body if it has no member that has no rule. */
export function nothingElse(body, rules) {
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(rules, name));
  if (unknown.length > 0) throw invalid(...unknown.map((name) => ({ pointer: `/${name}`, detail: "is unknown" })));
  return body;
}

/** A rule: text of so many characters. */
export function text(least, most) {
  return (value) => {
    if (typeof value !== "string") return "must be text";
    const length = [...value].length;
    if (length < least || length > most) return `must have ${least} to ${most} characters`;
    return undefined;
  };
}

/** A rule that also allows that there is nothing. */
export function optional(rule) {
  return (value) => (value === undefined ? undefined : rule(value));
}

/** A rule: something@somewhere. */
export function email(value) {
  if (typeof value !== "string") return "must be text";
  const at = value.lastIndexOf("@");
  if (at < 1 || at === value.length - 1) return "must be something@somewhere";
  if (/[\s\u0085]/.test(value)) return "must have no white space";
  if ([...value].length > 254) return "must have 254 characters at most";
  return undefined;
}
