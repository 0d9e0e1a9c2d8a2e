// The OpenAPI document, made from the same list of problems that the service answers with.
import { PROBLEMS, typeOf } from "./problems.js";

const HEADERS = {
  "X-Request-Id": { description: "The request's own id, or a fresh one.", required: true, schema: { type: "string" } },
};
const ETAG = { ETag: { description: "The version of the item, strong.", required: true, schema: { type: "string" } } };
const LOCATION = { Location: { description: "The new item.", required: true, schema: { type: "string" } } };
const ALLOW = { Allow: { description: "The methods of this resource.", required: true, schema: { type: "string" } } };

const text = (most, least = 0) => ({ type: "string", minLength: least, maxLength: most });
const nullable = (schema) => ({ ...schema, type: [schema.type, "null"] });
const object = (properties, required) => ({ type: "object", properties, required, additionalProperties: false });
const ref = (name) => ({ $ref: `#/components/schemas/${name}` });

const id = { type: "integer", minimum: 1 };
const time = { type: "string", format: "date-time" };
const contact = nullable(object({ email: nullable(text(200)), phone: nullable(text(200)) }, []));
const room = { name: text(200, 1), capacity: { type: "integer", minimum: 1, maximum: 10_000 }, contact };
const booking = {
  title: text(200, 1),
  notes: nullable(text(2000)),
  starts_at: time,
  ends_at: time,
  attendees: { type: "integer", minimum: 1, maximum: 10_000 },
};
const patchOf = (properties) =>
  object(Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, orNull(schema)])), []);
const orNull = (schema) => (Array.isArray(schema.type) ? schema : nullable(schema));
const roomShown = { id, ...room };
const bookingShown = { id, room_id: id, ...booking, created_at: time };

const schemas = {
  Room: object(roomShown, Object.keys(roomShown)),
  RoomWritten: object(room, ["name", "capacity"]),
  RoomPatch: patchOf(room),
  Booking: object(bookingShown, Object.keys(bookingShown)),
  BookingWritten: object(booking, ["title", "starts_at", "ends_at", "attendees"]),
  BookingPatch: patchOf(booking),
  Fault: {
    type: "object",
    properties: { pointer: { type: "string" }, parameter: { type: "string" }, detail: { type: "string" } },
    required: ["detail"],
  },
};

/** The answers of the problems of that name; those of one status are one answer. */
function problems(...names) {
  const answers = {};
  for (const name of ["method-not-allowed", "not-acceptable", ...names]) {
    const { status } = PROBLEMS[name];
    const known = answers[status]?.content["application/problem+json"].schema.properties.type.enum ?? [];
    answers[status] = problemAnswer(status, [...known, typeOf(name)]);
  }
  return answers;
}

function problemAnswer(status, types) {
  const named = Object.entries(PROBLEMS).filter(([name]) => types.includes(typeOf(name)));
  const properties = {
    type: { type: "string", enum: types },
    title: { type: "string" },
    status: { type: "integer", const: status },
    detail: { type: "string" },
  };
  const errors = { errors: { type: "array", items: ref("Fault") } };
  const schema = {
    type: "object",
    properties: status === 422 ? { ...properties, ...errors } : properties,
    required: [...Object.keys(properties), ...(status === 422 ? ["errors"] : [])],
  };
  return {
    description: `${named.map(([, { title }]) => title).join("; or: ")}.`,
    headers: status === 405 ? { ...HEADERS, ...ALLOW } : HEADERS,
    content: { "application/problem+json": { schema } },
  };
}

const json = (schema) => ({ "application/json": { schema } });
const listOf = (name) => json(object({ items: { type: "array", items: ref(name) } }, ["items"]));
const query = (name, schema) => ({ name, in: "query", required: false, schema });
const PATH_ID = { name: "id", in: "path", required: true, schema: id };
const IF_MATCH = { name: "If-Match", in: "header", required: true, schema: { type: "string" } };
const IF_NONE_MATCH = { name: "If-None-Match", in: "header", required: false, schema: { type: "string" } };
const PAGE = [
  query("limit", { type: "integer", minimum: 1, maximum: 100, default: 50 }),
  query("offset", { type: "integer", minimum: 0, default: 0 }),
];
const BODY_PROBLEMS = ["malformed-json", "too-large", "unsupported-media-type", "invalid"];
const MATCH_PROBLEMS = ["not-found", "precondition-failed", "precondition-required"];

function list(summary, name, parameters, ...names) {
  const ok = { 200: { description: "The items.", headers: HEADERS, content: listOf(name) } };
  return { summary, parameters: [...parameters, ...PAGE], responses: { ...ok, ...problems("invalid", ...names) } };
}

function create(summary, name, parameters, ...names) {
  const made = { description: "It was made.", headers: { ...HEADERS, ...ETAG, ...LOCATION }, content: json(ref(name)) };
  return {
    summary,
    parameters,
    requestBody: { required: true, content: json(ref(`${name}Written`)) },
    responses: { 201: made, ...problems(...BODY_PROBLEMS, ...names) },
  };
}

const itemAnswer = (name) => ({ description: "The item.", headers: { ...HEADERS, ...ETAG }, content: json(ref(name)) });

function read(summary, name) {
  const unchanged = { description: "You have it already.", headers: { ...HEADERS, ...ETAG } };
  return {
    summary,
    parameters: [IF_NONE_MATCH],
    responses: { 200: itemAnswer(name), 304: unchanged, ...problems("not-found") },
  };
}

function change(summary, name, content, ...names) {
  return {
    summary,
    parameters: [IF_MATCH],
    requestBody: { required: true, content },
    responses: { 200: itemAnswer(name), ...problems(...BODY_PROBLEMS, ...MATCH_PROBLEMS, ...names) },
  };
}

function remove(summary, ...names) {
  const gone = { description: "It is gone.", headers: HEADERS };
  return { summary, parameters: [IF_MATCH], responses: { 204: gone, ...problems(...MATCH_PROBLEMS, ...names) } };
}

const patch = (name) => ({ "application/merge-patch+json": { schema: ref(name) }, ...json(ref(name)) });

export const document = {
  openapi: "3.1.0",
  info: { title: "Rooms and their bookings", version: "1.0.0" },
  paths: {
    "/v1/rooms": {
      get: list("Rooms", "Room", [
        query("min_capacity", { type: "integer", minimum: 0, maximum: 1_000_000 }),
        query("sort", { type: "string", enum: ["name", "-name", "capacity", "-capacity"] }),
      ]),
      post: create("A new room", "Room", [], "name-taken"),
    },
    "/v1/rooms/{id}": {
      parameters: [PATH_ID],
      get: read("One room", "Room"),
      put: change("Replace a room", "Room", json(ref("RoomWritten")), "name-taken", "capacity-in-use"),
      patch: change("Change a room", "Room", patch("RoomPatch"), "name-taken", "capacity-in-use"),
      delete: remove("Delete a room without bookings", "room-in-use"),
    },
    "/v1/rooms/{id}/bookings": {
      parameters: [PATH_ID],
      get: list("Bookings of a room", "Booking", [query("from", time), query("to", time)], "not-found"),
      post: create("A new booking", "Booking", [], "not-found", "booking-overlap"),
    },
    "/v1/bookings/{id}": {
      parameters: [PATH_ID],
      get: read("One booking", "Booking"),
      patch: change("Change a booking", "Booking", patch("BookingPatch"), "booking-overlap"),
      delete: remove("Delete a booking"),
    },
  },
  components: { schemas },
};
