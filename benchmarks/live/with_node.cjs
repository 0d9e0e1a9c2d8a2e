// node-postgres, Knex and Sequelize in good and bad hands. Run by benchmarks/sql_live.py next to its node_modules.
const readline = require("node:readline");
const { createRequire } = require("node:module");
const need = createRequire(process.argv[3] + "/");
const { Client, Pool } = need("pg");
const knex = need("knex")({ client: "pg", connection: process.argv[2], pool: { min: 0, max: 2 } });
const { Sequelize, DataTypes } = need("sequelize");

const pool = new Pool({ connectionString: process.argv[2], max: 3 });
const sequelize = new Sequelize(process.argv[2], { logging: false });
const plain = { timestamps: false, freezeTableName: true };
const Customer = sequelize.define("customer", { name: DataTypes.TEXT, email: DataTypes.TEXT, tenant_id: DataTypes.INTEGER }, plain);
const Order = sequelize.define("orders", { status: DataTypes.STRING, total: DataTypes.DECIMAL, customer_id: DataTypes.INTEGER }, plain);
const Line = sequelize.define("line", { order_id: DataTypes.INTEGER, product_id: DataTypes.INTEGER, qty: DataTypes.INTEGER }, plain);
const Note = sequelize.define("note", { body: DataTypes.TEXT, seen: DataTypes.BOOLEAN }, plain);
Order.belongsTo(Customer, { foreignKey: "customer_id" });
Order.hasMany(Line, { foreignKey: "order_id" });

const range = (size) => Array.from({ length: size }, (_, place) => place + 1);
const orders = async (size) => (await pool.query("SELECT id, customer_id FROM orders ORDER BY id LIMIT $1", [size])).rows;

const scenarios = {
  async bad_await_in_loop({ size }) {
    for (const order of await orders(size)) await pool.query("SELECT name FROM customer WHERE id=$1", [order.customer_id]);
  },
  async bad_promise_all({ size }) {
    await Promise.all((await orders(size)).map((order) => pool.query("SELECT name FROM customer WHERE id=$1", [order.customer_id])));
  },
  async bad_template_literal({ size }) {
    for (const order of await orders(size)) await pool.query(`SELECT qty FROM line WHERE order_id = ${order.id}`);
  },
  async bad_two_each({ size }) {
    for (const order of await orders(size)) {
      await pool.query("SELECT name FROM customer WHERE id=$1", [order.customer_id]);
      await pool.query("SELECT sum(qty) FROM line WHERE order_id=$1", [order.id]);
    }
  },
  async bad_insert_each({ size }) {
    for (const number of range(size)) await pool.query("INSERT INTO note(body) VALUES($1)", [`note ${number}`]);
  },
  async bad_knex_loop({ size }) {
    for (const number of range(size)) await knex("product").where({ id: number }).first();
  },
  async bad_sequelize_lazy({ size }) {
    for (const order of await Order.findAll({ order: ["id"], limit: size })) await order.getLines();
  },
  async bad_sequelize_save({ size }) {
    for (const order of await Order.findAll({ order: ["id"], limit: size })) await order.update({ status: order.status === "paid" ? "sent" : "paid" });
  },
  async good_any({ size }) {
    await pool.query("SELECT name FROM customer WHERE id=ANY($1::int[])", [(await orders(size)).map((order) => order.customer_id)]);
  },
  async good_in_list({ size }) {
    const ids = range(size);
    await pool.query(`SELECT name FROM customer WHERE id IN (${ids.map((_, place) => `$${place + 1}`).join(",")})`, ids);
  },
  async good_join({ size }) {
    await pool.query("SELECT o.id,c.name FROM orders o JOIN customer c ON c.id=o.customer_id ORDER BY o.id LIMIT $1", [size]);
  },
  async good_values({ size }) {
    const rows = range(size);
    await pool.query(`INSERT INTO note(body) VALUES ${rows.map((_, place) => `($${place + 1})`).join(",")}`, rows.map((one) => `note ${one}`));
  },
  async good_knex_where_in({ size }) {
    await knex("product").whereIn("id", range(size)).orderBy("id");
  },
  async good_sequelize_include({ size }) {
    await Order.findAll({ include: [Customer], order: ["id"], limit: size });
  },
  async good_sequelize_separate({ size }) {
    await Order.findAll({ include: [{ model: Line, separate: true }], order: ["id"], limit: size });
  },
  async good_sequelize_bulk({ size }) {
    await Note.bulkCreate(range(size).map((number) => ({ body: `note ${number}` })));
  },
  async clean() {
    await knex("customer").where({ email: "c5@shop.test" }).first();
    await knex("customer").select("id", "name").where({ tenant_id: 2 }).orderBy(["name", "id"]).limit(10);
    await knex("orders").join("customer", "customer.id", "orders.customer_id").where("orders.id", 7).select("orders.*", "customer.name");
    await knex("orders").where({ status: "paid" }).count();
    await knex("orders").select("status").sum("total").groupBy("status").orderBy("status");
    await knex("product").where("name", "like", "product 1%").orderBy("id");
    await knex("line").join("product", "product.id", "line.product_id").where("line.order_id", 3).select("line.qty", "product.name").orderBy("line.id");
    await knex("orders").where("created_at", ">", "2026-01-05").orderBy(["created_at", "id"]).limit(20);
    await knex("customer").whereIn("id", [1, 2, 3]).orderBy("id");
    await knex("orders").max("created_at");
    await knex("product").whereBetween("price", [5, 9]).orderBy(["price", "id"]);
    await knex("line").select("order_id").sum("qty").groupBy("order_id").havingRaw("sum(qty) > ?", [5]).orderBy("order_id");
    await knex("orders").whereIn("id", knex("line").select("order_id").where({ product_id: 5 })).orderBy("id");
    await knex("orders").where({ status: "new" }).orWhere("total", "<", 3).orderBy("id").limit(10);
    await knex("customer").distinct("name").where("id", "<", 20).orderBy("name");
    await knex.with("paid", knex("orders").where({ status: "paid" })).select("*").from("paid").orderBy("id");
    await knex("orders").where({ id: 3 }).increment("total", 1);
    await knex.transaction(async (trx) => {
      const [order] = await trx("orders").insert({ customer_id: 3, total: 5 }).returning("id");
      await trx("line").insert({ order_id: order.id, product_id: 2 });
      await trx("line").where({ order_id: order.id }).del();
      await trx("orders").where({ id: order.id }).del();
    });
    await Customer.findOne({ where: { email: "c6@shop.test" } });
    await Customer.findByPk(4);
    await Customer.max("id");
    await Order.findAndCountAll({ where: { status: "paid" }, order: [["created_at", "DESC"], ["id", "DESC"]], limit: 5 });
    await Line.findAll({ where: { qty: { [Sequelize.Op.gt]: 3 } }, order: ["id"], limit: 5 });
    await knex("product").where({ id: 7 }).first("name");
    await knex("orders").where("status", "new").orWhereNull("status").count();
    await Customer.findAll({ where: { tenant_id: 3 }, order: ["name", "id"], limit: 10 });
    await Order.findByPk(8, { include: [Customer] });
    await Order.findAll({ where: { customer_id: 9 }, include: [Line], order: ["id"] });
    await Order.count({ where: { status: "sent" } });
    await Order.sum("total", { where: { status: "sent" } });
    await Order.findAll({ attributes: ["status", [sequelize.fn("COUNT", sequelize.col("id")), "n"]], group: ["status"], order: ["status"] });
    await Order.update({ status: "sent" }, { where: { id: 12 } });
    const note = await Note.create({ body: "one", seen: true });
    await note.destroy();
    await sequelize.transaction(async (transaction) => {
      const order = await Order.create({ customer_id: 4, total: 3 }, { transaction });
      await Line.create({ order_id: order.id, product_id: 3 }, { transaction });
      await Line.destroy({ where: { order_id: order.id }, transaction });
      await order.destroy({ transaction });
    });
    await Order.increment("total", { by: 1, where: { id: 5 } });
  },
  safe_bound: ({ value }) => pool.query("SELECT id FROM customer WHERE name=$1", [value]),
  safe_escaped: ({ value }) => pool.query(`SELECT id FROM customer WHERE name = ${Client.prototype.escapeLiteral(value)}`),
  safe_knex_where: ({ value }) => knex("customer").where({ name: value }),
  safe_knex_raw_bound: ({ value }) => knex.raw("select id from customer where name = ?", [value]),
  safe_sequelize: ({ value }) => Customer.findAll({ where: { name: value }, order: ["id"] }),
  safe_sequelize_replacements: ({ value }) =>
    sequelize.query("select id from customer where name = :name", { replacements: { name: value } }),
  unsafe_template: ({ value }) => pool.query(`SELECT id FROM customer WHERE name = '${value}'`),
  unsafe_number: ({ value }) => pool.query(`SELECT id FROM customer WHERE id = ${value}`),
  unsafe_knex_raw: ({ value }) => knex.raw(`select id from customer where name = '${value.replaceAll("?", "\\?")}'`),
  unsafe_sequelize_literal: ({ value }) => Customer.findAll({ where: sequelize.literal(`name = '${value}'`), order: ["id"] }),
};

async function main() {
  console.log(JSON.stringify(Object.keys(scenarios).sort()));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { do: name, ...rest } = JSON.parse(line);
    try {
      await scenarios[name](rest);
      console.log(JSON.stringify({ ok: true }));
    } catch (error) {
      console.log(JSON.stringify({ ok: false, error: String(error) }));
    }
  }
  process.exit(0);
}
main();
