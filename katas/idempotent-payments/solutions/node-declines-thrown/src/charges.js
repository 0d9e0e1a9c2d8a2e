// Taking money from an account.
import { Problem } from "./problems.js";

/**
 * Lower the balance and write the payment down, or say why not.
 * @param {import("pg").ClientBase} client in a transaction
 * @param {import("./bodies.js").Charge} charge
 * @returns {Promise<import("./idempotency.js").Answer>}
 */
export async function makePayment(client, charge) {
  const { account_id, amount_cents, reference } = charge;
  const { rows: charged } = await client.query(
    `UPDATE accounts SET balance_cents = balance_cents - $2 WHERE id = $1 AND balance_cents >= $2
     RETURNING balance_cents`,
    [account_id, amount_cents],
  );
  if (charged.length === 0) return declined(client, account_id);
  const { rows: payments } = await client.query(
    "INSERT INTO payments (account_id, amount_cents, reference) VALUES ($1, $2, $3) RETURNING id",
    [account_id, amount_cents, reference],
  );
  const { id } = payments[0];
  return {
    status: 201,
    headers: { "Content-Type": "application/json; charset=utf-8", Location: `/payments/${id}` },
    body: { id, ...charge, balance_cents: charged[0].balance_cents },
  };
}

async function declined(client, accountId) {
  const { rows } = await client.query("SELECT FROM accounts WHERE id = $1", [accountId]);
  if (rows.length === 0) throw new Problem(404, "There is no such account.");
  throw new Problem(402, "The account does not hold enough money.");
}
