// What the environment says.
export const JWT_SECRET = process.env.JWT_SECRET ?? "change-me";
export const ACCESS_TOKEN_TTL_SECONDS = Number(process.env.ACCESS_TOKEN_TTL_SECONDS ?? 900);
