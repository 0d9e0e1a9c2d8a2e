// Scenarios with pg, Knex and Sequelize.
const url = process.argv[2];
const modules = process.argv[3];
const { createRequire } = require("node:module");
const need = createRequire(modules + "/");
const { Client, Pool } = need("pg");
const makeKnex = need("knex");
const { Sequelize, DataTypes } = need("sequelize");

const declared = [];
const faulty = (why, run, fault = "n-plus-one", more = {}) => declared.push({ name: run.name, run, fault, why, ...more });
const sound = (why, run, more) => faulty(why, run, "none", more);

async function withClient(use) {
  const client = new Client({ connectionString: url });
  await client.connect();
  await use(client);
  await client.end();
}
async function withKnex(use) {
  const knex = makeKnex({ client: "pg", connection: url, pool: { min: 1, max: 3 } });
  await use(knex);
  await knex.destroy();
}
async function withSequelize(use) {
  const orm = new Sequelize(url, { logging: false, dialect: "postgres", pool: { max: 3 } });
  const plain = { timestamps: false };
  const Author = orm.define("author", { name: DataTypes.TEXT }, { ...plain, tableName: "authors" });
  const Book = orm.define("book", { title: DataTypes.TEXT, author_id: DataTypes.INTEGER }, { ...plain, tableName: "books" });
  const Import = orm.define("import", { isbn: DataTypes.TEXT, title: DataTypes.TEXT }, { ...plain, tableName: "imports" });
  Book.belongsTo(Author, { foreignKey: "author_id" });
  Author.hasMany(Book, { foreignKey: "author_id" });
  await use({ orm, Author, Book, Import });
  await orm.close();
}

faulty("await in a for loop over the rows.", async function pg_awaits_in_a_loop() {
  await withClient(async (client) => {
    const { rows } = await client.query("SELECT id, member_id FROM loans WHERE book_id < $1 ORDER BY id", [12]);
    for (const row of rows) await client.query("SELECT name, email FROM members WHERE id = $1", [row.member_id]);
  });
});
faulty("Promise.all over a pool of five: the loop is spread over sessions.", async function pg_promises_over_a_pool() {
  const pool = new Pool({ connectionString: url, max: 5 });
  const { rows } = await pool.query("SELECT id FROM books ORDER BY title LIMIT 25");
  await Promise.all(rows.map((row) => pool.query("SELECT stars, body FROM reviews WHERE book_id = $1", [row.id])));
  await pool.end();
});
faulty("Knex: first() for each row.", async function knex_first_for_each() {
  await withKnex(async (knex) => {
    const books = await knex("books").select("id", "author_id").orderBy("id").limit(11);
    for (const book of books) await knex("authors").where({ id: book.author_id }).first();
  });
});
faulty("Knex: insert for each element of a body, within a transaction.", async function knex_inserts_one_by_one() {
  await withKnex((knex) =>
    knex.transaction(async (trx) => {
      for (let n = 0; n < 10; n++) await trx("imports").insert({ isbn: "kx-" + n, title: "K" });
    }));
}, "write-loop");
faulty("Sequelize: getAuthor() for each book.", async function sequelize_parent_of_each() {
  await withSequelize(async ({ Book }) => {
    for (const book of await Book.findAll({ limit: 10, order: ["id"] })) await book.getAuthor();
  });
});
faulty("Sequelize: create() for each element.", async function sequelize_creates_one_by_one() {
  await withSequelize(async ({ Import }) => {
    for (let n = 0; n < 9; n++) await Import.create({ isbn: "sq-" + n, title: "S" });
  });
}, "write-loop");
sound("Sequelize: include is a join.", async function sequelize_include() {
  await withSequelize(({ Book, Author }) => Book.findAll({ limit: 20, include: [Author] }));
});
sound("Sequelize: bulkCreate in three portions.", async function sequelize_bulk_create() {
  await withSequelize(async ({ Import }) => {
    for (let p = 0; p < 3; p++)
      await Import.bulkCreate(Array.from({ length: 20 }, (_, n) => ({ isbn: `sb-${p}-${n}`, title: "S" })));
  });
});
sound("Knex: whereIn in chunks of 30 keys.", async function knex_chunked_where_in() {
  await withKnex(async (knex) => {
    const ids = (await knex("books").select("author_id").limit(150)).map((b) => b.author_id);
    for (let i = 0; i < ids.length; i += 30) await knex("authors").whereIn("id", ids.slice(i, i + 30)).select("id", "name");
  });
});
sound("pg: a keyset walk by e-mail address.", async function pg_keyset_by_text() {
  await withClient(async (client) => {
    let last = "";
    for (;;) {
      const { rows } = await client.query("SELECT email FROM members WHERE email > $1 ORDER BY email LIMIT 30", [last]);
      if (rows.length === 0) break;
      last = rows[rows.length - 1].email;
    }
  });
});
sound("pg: twenty clients' requests over a pool, 40 ms apart, each for one book.", async function pg_concurrent_requests() {
  const pool = new Pool({ connectionString: url, max: 4 });
  await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      await new Promise((done) => setTimeout(done, 40 * n));
      await pool.query("SELECT id, title FROM books WHERE id = $1", [30 + n * 3]);
      await pool.query("SELECT count(*) FROM reviews WHERE book_id = $1", [30 + n * 3]);
    }));
  await pool.end();
});

(async () => {
  const marker = new Client({ connectionString: url, application_name: "scenario-marker" });
  await marker.connect();
  const labels = {};
  for (const { name, run, fault, why, ...more } of declared) {
    await marker.query(`SELECT 'scenario-marker ${name}'`);
    await run();
    await new Promise((done) => setTimeout(done, 20));
    labels[name] = { fault, why, ...more };
  }
  await marker.query("SELECT 'scenario-marker -'");
  await marker.end();
  console.log(JSON.stringify(labels));
})();
