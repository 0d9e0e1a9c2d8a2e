// Times: RFC 3339 with an offset, as whole microseconds since 1970.

const FORM = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const FIRST = Date.parse("0001-01-01T00:00:00Z");
const LAST = Date.parse("9999-12-31T23:59:59Z");

/**
 * @param {unknown} value
 * @returns {bigint | undefined} undefined if it is no time
 */
export function instantOf(value) {
  const [, date, time, fraction = "", sign, hours = "0", minutes = "0"] =
    (typeof value === "string" && FORM.exec(value)) || [];
  if (date === undefined || Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const local = Date.parse(`${date}T${time}Z`);
  // The engine takes the 30th of February for the 2nd of March.
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== `${date}T${time}`) return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === "-" ? -1 : 1);
  const utc = local - offset;
  if (utc < FIRST || utc > LAST) return undefined;
  return BigInt(utc) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, "0"));
}

/**
 * RFC 3339, in UTC.
 * @param {bigint} instant
 */
export function textOf(instant) {
  const micros = ((instant % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((instant - micros) / 1000n)).toISOString().slice(0, 19);
  return micros === 0n ? `${seconds}Z` : `${seconds}.${String(micros).padStart(6, "0")}Z`;
}
