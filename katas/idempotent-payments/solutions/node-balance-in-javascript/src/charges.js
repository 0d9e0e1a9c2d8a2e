// Taking money from an account.
import { Problem, documentOf } from "./problems.js";

/**
 * Lower the balance and write the payment down, or say why not.
 * @param {import("pg").ClientBase} client in a transaction
 * @param {import("./bodies.js").Charge} charge
 * @returns {Promise<import("./idempotency.js").Answer>}
 */
export async function makePayment(client, charge) {
  const { account_id, amount_cents, reference } = charge;
  const { rows: accounts } = await client.query("SELECT balance_cents FROM accounts WHERE id = $1", [account_id]);
  const balance_cents = (accounts[0]?.balance_cents ?? 0) - amount_cents;
  if (balance_cents < 0) return declined(accounts.length > 0);
  await client.query("UPDATE accounts SET balance_cents = $2 WHERE id = $1", [account_id, balance_cents]);
  const { rows: payments } = await client.query(
    "INSERT INTO payments (account_id, amount_cents, reference) VALUES ($1, $2, $3) RETURNING id",
    [account_id, amount_cents, reference],
  );
  const { id } = payments[0];
  return {
    status: 201,
    headers: { "Content-Type": "application/json; charset=utf-8", Location: `/payments/${id}` },
    body: { id, ...charge, balance_cents },
  };
}

function declined(known) {
  const problem = known
    ? new Problem(402, "The account does not hold enough money.")
    : new Problem(404, "There is no such account.");
  return {
    status: problem.status,
    headers: { "Content-Type": "application/problem+json; charset=utf-8" },
    body: documentOf(problem),
  };
}
