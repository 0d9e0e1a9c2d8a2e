// Times: RFC 3339 with an offset, as whole microseconds since 1970.

/**
 * @param {unknown} value
 * @returns {bigint | undefined} undefined if it is no time
 */
export function instantOf(value) {
  const moment = typeof value === "string" ? new Date(value).getTime() : NaN;
  return Number.isNaN(moment) ? undefined : BigInt(moment) * 1000n;
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
