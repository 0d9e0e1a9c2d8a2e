// Passwords: kept as slow, salted hashes of the form scrypt$N$r$p$salt$key.
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(scrypt);
// 16 MiB and some 30 ms a guess; raise N until a login costs what you can afford.
const COST = { N: 2 ** 14, r: 8, p: 1, maxmem: 2 ** 26 };
const KEY_BYTES = 32;

/**
 * @param {string} password
 * @returns {Promise<string>}
 */
export async function hashPassword(password) {
  const salt = randomBytes(16);
  const key = await derive(password, salt, KEY_BYTES, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64"), key.toString("base64")].join("$");
}

/** What nobody's password is, but what takes as long to find out. */
const nobodys = hashPassword(randomBytes(32).toString("hex"));

/**
 * @param {string} password
 * @param {string | undefined} stored undefined and hashes of another form match nothing
 * @returns {Promise<boolean>}
 */
export async function verifyPassword(password, stored) {
  const known = stored?.startsWith("scrypt$") ?? false;
  const [, N, r, p, salt, key] = (known ? stored : await nobodys).split("$");
  const wanted = Buffer.from(key, "base64");
  const cost = { N: Number(N), r: Number(r), p: Number(p), maxmem: COST.maxmem };
  const found = await derive(password, Buffer.from(salt, "base64"), wanted.length, cost);
  return timingSafeEqual(found, wanted) && known;
}
