// What clients may send.
import { Problem, invalid } from "./problems.js";

/**
 * @param {import("express").Request} request
 * @returns {Record<string, unknown>}
 */
export function objectOf({ body }) {
  if (body === undefined) throw new Problem(400, "The body is not JSON.");
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw invalid({ pointer: "", detail: "must be an object" });
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
    .map(([name, faultOf]) => ({ pointer: `/${name}`, detail: faultOf(body[name]) }))
    .filter(({ detail }) => detail !== undefined);
  if (errors.length > 0) throw invalid(...errors);
  return body;
}

/** The body if it has no member that has no rule. */
export function nothingElse(body, rules) {
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(rules, name));
  const pointerTo = (name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  if (unknown.length > 0) throw invalid(...unknown.map((name) => ({ pointer: pointerTo(name), detail: "is unknown" })));
  return body;
}

/** A rule: text of so many characters; text that may be endless is only compared, so that it may be any text. */
export function text(least, most) {
  return (value) => {
    if (typeof value !== "string") return "must be text";
    const length = [...value].length;
    if (length < least || length > most) return `must have ${least} to ${most} characters`;
    return most === Infinity || storable(value) ? undefined : "must be text that can be stored";
  };
}

/** A rule that also allows that there is nothing. */
export function optional(rule) {
  return (value) => (value === undefined ? undefined : rule(value));
}

/** Whether PostgreSQL can keep the text: JSON carries U+0000 and halves of surrogate pairs, too. */
export function storable(value) {
  return !value.includes("\0") && value.isWellFormed();
}

/** A rule: 12 to 128 characters, of any kind that text is made of. */
export function newPassword(value) {
  const length = typeof value === "string" && value.isWellFormed() ? [...value].length : 0;
  return length < 12 || length > 128 ? "must be text of 12 to 128 characters" : undefined;
}

/** A rule: something@somewhere. */
export function email(value) {
  if (typeof value !== "string") return "must be text";
  const at = value.lastIndexOf("@");
  if (at < 1 || at === value.length - 1) return "must be something@somewhere";
  if (/[\s\u0085]/.test(value)) return "must have no white space";
  if ([...value].length > 254) return "must have 254 characters at most";
  if (!storable(value)) return "must be text that can be stored";
  return undefined;
}
