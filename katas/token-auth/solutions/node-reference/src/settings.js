// What the environment says.
export const JWT_SECRET = secret("JWT_SECRET");
export const ACCESS_TOKEN_TTL_SECONDS = Number(process.env.ACCESS_TOKEN_TTL_SECONDS ?? 900);
export const REFRESH_TOKEN_TTL_SECONDS = Number(process.env.REFRESH_TOKEN_TTL_SECONDS ?? 1_209_600);
export const LOGIN_MAX_FAILURES = Number(process.env.LOGIN_MAX_FAILURES ?? 5);
export const LOGIN_LOCK_SECONDS = Number(process.env.LOGIN_LOCK_SECONDS ?? 60);

/** There is no default for a secret: a service that everybody can sign for must not start. */
function secret(name) {
  const given = process.env[name] ?? "";
  if (Buffer.byteLength(given) < 32) throw new Error(`${name} must have 32 bytes or more`);
  return given;
}
