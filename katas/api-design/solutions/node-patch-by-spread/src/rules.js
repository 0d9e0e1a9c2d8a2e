// What rooms, bookings and queries must be like. Every rule collects its faults, so that all can be told at once.
import { invalid } from "./problems.js";
import { instantOf } from "./times.js";

const DAY = 86_400_000_000n;
const BLANK = /^[\s\u0085\u001c-\u001f]*$/;

/** @typedef {(value: unknown, pointer: string) => import("./problems.js").Fault[]} Rule */

const ROOM = {
  name: required(text(1, 200)),
  capacity: required(whole(1, 10_000)),
  contact: optional(members({ email: optional(text(0, 200)), phone: optional(text(0, 200)) })),
};
const BOOKING = {
  title: required(text(1, 200)),
  notes: optional(text(0, 2000)),
  starts_at: required(time),
  ends_at: required(time),
  attendees: required(whole(1, 10_000)),
};

/** A room as it may be stored. Throws 422 with every fault. */
export function roomOf(body) {
  const faults = members(ROOM)(body, "");
  if (faults.length > 0) throw invalid(faults);
  const { name, capacity, contact } = body;
  return { name, capacity, contact: contact ? { email: contact.email ?? null, phone: contact.phone ?? null } : null };
}

/**
 * A booking as it may be stored in a room of that capacity. Throws 422 with every fault.
 * @param {unknown} body
 * @param {number} capacity
 */
export function bookingOf(body, capacity) {
  const faults = members(BOOKING)(body, "");
  const faulty = (pointer) => faults.some((fault) => fault.pointer === pointer);
  if (!faulty("") && !faulty("/attendees") && body.attendees > capacity) {
    faults.push({ pointer: "/attendees", detail: `must be ${capacity} at most, the room's capacity` });
  }
  if (!faulty("") && !faulty("/starts_at") && !faulty("/ends_at")) faults.push(...intervalFaults(body));
  if (faults.length > 0) throw invalid(faults);
  const { title, notes, starts_at, ends_at, attendees } = body;
  return { title, notes: notes ?? null, starts_at: instantOf(starts_at), ends_at: instantOf(ends_at), attendees };
}

function intervalFaults({ starts_at, ends_at }) {
  const length = instantOf(ends_at) - instantOf(starts_at);
  if (length <= 0n) return [{ pointer: "/ends_at", detail: "must be after starts_at" }];
  if (length > DAY) return [{ pointer: "/ends_at", detail: "must be 24 hours after starts_at at most" }];
  return [];
}

/**
 * A JSON Merge Patch (RFC 7396) applied: null removes, objects are merged, everything else replaces.
 * @returns {unknown}
 */
export function merged(target, patch) {
  return isObject(patch) ? { ...target, ...patch } : patch;
}

/**
 * The parameters of a query, each by its reader; one that is not there is undefined. Throws 422 with every fault.
 * @template {Record<string, (text: string) => unknown>} Readers
 * @param {import("express").Request} request
 * @param {Readers} readers each gives undefined for what it cannot read
 */
export function queryOf({ query }, readers) {
  const faults = [];
  const read = {};
  for (const [parameter, reader] of Object.entries(readers)) {
    const given = query[parameter];
    if (given === undefined) continue;
    read[parameter] = typeof given === "string" ? reader(given) : undefined;
    if (read[parameter] === undefined) faults.push({ parameter, detail: "is not allowed to be that" });
  }
  if (faults.length > 0) throw invalid(faults);
  return read;
}

/** A reader of whole numbers. */
export function between(least, most) {
  return (given) => {
    const number = /^\d{1,15}$/.test(given) ? Number(given) : NaN;
    return number >= least && number <= most ? number : undefined;
  };
}

/** @returns {Rule} an object of these members and no others */
function members(rules) {
  return (value, pointer) => {
    if (!isObject(value)) return [{ pointer, detail: "must be an object" }];
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(rules, name));
    return [
      ...unknown.map((name) => ({ pointer: `${pointer}/${escaped(name)}`, detail: "is unknown" })),
      ...Object.entries(rules).flatMap(([name, rule]) =>
        rule(Object.hasOwn(value, name) ? value[name] : undefined, `${pointer}/${name}`),
      ),
    ];
  };
}

/** @returns {Rule} */
function required(rule) {
  return (value, pointer) => (value === undefined ? [{ pointer, detail: "is missing" }] : rule(value, pointer));
}

/** @returns {Rule} */
function optional(rule) {
  return (value, pointer) => (value === undefined || value === null ? [] : rule(value, pointer));
}

/** @returns {Rule} text that PostgreSQL can keep; what must have a character must have a visible one */
function text(least, most) {
  return (value, pointer) => {
    if (typeof value !== "string") return [{ pointer, detail: "must be text" }];
    if (value.includes("\0") || !value.isWellFormed()) return [{ pointer, detail: "must be text that can be stored" }];
    if ([...value].length > most) return [{ pointer, detail: `must have ${most} characters at most` }];
    if (least > 0 && BLANK.test(value)) return [{ pointer, detail: "must not be blank" }];
    return [];
  };
}

/** @returns {Rule} */
function whole(least, most) {
  return (value, pointer) =>
    Number.isInteger(value) && value >= least && value <= most
      ? []
      : [{ pointer, detail: `must be a whole number from ${least} to ${most}` }];
}

/** @type {Rule} */
function time(value, pointer) {
  return instantOf(value) === undefined ? [{ pointer, detail: "must be an RFC 3339 time with an offset" }] : [];
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A name as a part of a JSON pointer (RFC 6901). */
function escaped(name) {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
