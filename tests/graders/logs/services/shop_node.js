// A small shop on express and node-postgres: one route that asks for each row, one that does not, and one that
// writes row by row. A request's traceparent header is appended to its SQL, as sqlcommenter does.
const express = require("express");
const { Pool } = require("pg");

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 2, application_name: "shop-node" });
const app = express();

function commented(sql, request) {
  const trace = request.get("traceparent");
  return trace ? `${sql} /*route='${encodeURIComponent(request.route.path)}',traceparent='${trace}'*/` : sql;
}

app.get("/slow", async (request, response) => {
  const orders = await pool.query(
    commented("SELECT id,customer_id FROM orders ORDER BY id LIMIT $1", request), [request.query.limit || 10]);
  const found = [];
  for (const order of orders.rows) {
    const customer = await pool.query(
      commented("SELECT name FROM customer WHERE id=$1 AND id<>$2", request), [order.customer_id, 0]);
    found.push({ id: order.id, customer: customer.rows[0].name });
  }
  response.json({ orders: found });
});

app.get("/fast", async (request, response) => {
  const found = await pool.query(
    commented("SELECT o.id, c.name AS customer FROM orders o JOIN customer c ON c.id=o.customer_id "
      + "ORDER BY o.id LIMIT $1", request), [request.query.limit || 10]);
  response.json({ orders: found.rows });
});

app.get("/import", async (request, response) => {
  const client = await pool.connect();
  await client.query("BEGIN");
  for (let number = 0; number < 8; number++) {
    await client.query("INSERT INTO customer(id,name) VALUES($1,$2)", [1000 + number, `new ${number}`]);
  }
  await client.query("ROLLBACK");
  client.release();
  response.json({ imported: 8 });
});

app.listen(process.env.PORT, "127.0.0.1");
