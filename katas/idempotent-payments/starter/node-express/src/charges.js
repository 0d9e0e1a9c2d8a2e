// Taking money from an account.
import { Problem } from "./problems.js";

/**
 * Lower the balance and write the payment down.
 * @param {import("pg").ClientBase} client in a transaction
 * @param {import("./bodies.js").Charge} charge
 */
export async function makePayment(client, { account_id, amount_cents, reference }) {
  const { rows: accounts } = await client.query("SELECT balance_cents FROM accounts WHERE id = $1 FOR UPDATE", [
    account_id,
  ]);
  if (accounts.length === 0) throw new Problem(404, "There is no such account.");
  const balance_cents = accounts[0].balance_cents - amount_cents;
  if (balance_cents < 0) throw new Problem(402, "The account does not hold enough money.");
  await client.query("UPDATE accounts SET balance_cents = $2 WHERE id = $1", [account_id, balance_cents]);
  const { rows: payments } = await client.query(
    "INSERT INTO payments (account_id, amount_cents, reference) VALUES ($1, $2, $3) RETURNING id",
    [account_id, amount_cents, reference],
  );
  return { id: payments[0].id, account_id, amount_cents, reference, balance_cents };
}
