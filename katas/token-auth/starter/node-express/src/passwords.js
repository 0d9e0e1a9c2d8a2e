// Passwords: never stored as they are.
import { createHash } from "node:crypto";

/**
 * @param {string} password
 * @returns {Promise<string>}
 */
export async function hashPassword(password) {
  return createHash("sha256").update(password).digest("hex");
}

/**
 * @param {string} password
 * @param {string} stored
 * @returns {Promise<boolean>}
 */
export async function verifyPassword(password, stored) {
  return (await hashPassword(password)) === stored;
}
