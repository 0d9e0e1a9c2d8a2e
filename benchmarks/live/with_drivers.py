"""psycopg 3, psycopg2 and asyncpg without an ORM, in good and bad hands."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncpg
import psycopg
import psycopg2
from psycopg import sql
from serving import serve

three = psycopg.connect(sys.argv[1])
client = psycopg.connect(sys.argv[1], cursor_factory=psycopg.ClientCursor)
two = psycopg2.connect(sys.argv[1])
loop = asyncio.new_event_loop()
other = loop.run_until_complete(asyncpg.connect(sys.argv[1]))


def ask(connection: Any, text: Any, values: Any = None) -> list[Any]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(text, values)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.rollback() if "select" in str(text)[:12].lower() else connection.commit()


def orders(size: int) -> list[Any]:
    return ask(three, "select id, customer_id from orders order by id limit %s", (size,))


def bad_psycopg_loop(size: int) -> None:
    for _, customer in orders(size):
        ask(three, "select name from customer where id = %s", (customer,))


def bad_literal_loop(size: int) -> None:
    for _, customer in orders(size):
        ask(two, "select name from customer where id = %s", (customer,))


def bad_pasted_loop(size: int) -> None:
    for _, customer in orders(size):
        ask(three, f"select name from customer where id = {customer}")


def bad_asyncpg_loop(size: int) -> None:
    async def run() -> None:
        for row in await other.fetch("select customer_id from orders order by id limit $1", size):
            await other.fetchrow("select name from customer where id = $1", row[0])

    loop.run_until_complete(run())


def bad_interleaved(size: int) -> None:
    for order, customer in orders(size):
        ask(three, "select name from customer where id = %s", (customer,))
        ask(three, "select 1")
        ask(three, "select sum(qty) from line where order_id = %s", (order,))


def bad_two_sessions(size: int) -> None:
    for number, (_, customer) in enumerate(orders(size)):
        ask(three if number % 2 else client, "select name from customer where id = %s", (customer,))


def bad_short_lists(size: int) -> None:
    for order, _ in orders(size):
        ask(three, "select id from line where order_id = any(%s)", ([order, order + 1],))


def bad_inside_function(size: int) -> None:
    ask(three, "select total_by_loop(%s)", (size,))


def bad_next_rows(size: int) -> None:
    for order, _ in orders(size):
        ask(three, "select id from orders where id > %s order by id limit 3", (order,))


def bad_autocommit_updates(size: int) -> None:
    for order, _ in orders(size):
        ask(three, "update orders set status = %s where id = %s", ("paid", order))


def bad_update_and_read(size: int) -> None:
    with three.cursor() as cursor:
        for number in range(1, size + 1):
            cursor.execute("update product set price = price + 1 where id = %s", (number,))
            cursor.execute("select price from product where id = %s", (number,))
    three.commit()


def bad_executemany_one_by_one(size: int) -> None:
    with two.cursor() as cursor:
        cursor.executemany(
            "insert into note (body) values (%s)", [(f"note {number}",) for number in range(size)]
        )
    two.commit()


def good_join(size: int) -> None:
    ask(
        three,
        "select o.id, c.name from orders o join customer c on c.id = o.customer_id order by o.id limit %s",
        (size,),
    )


def good_any(size: int) -> None:
    ask(three, "select name from customer where id = any(%s)", ([customer for _, customer in orders(size)],))


def good_inlined_list(size: int) -> None:
    ask(two, "select name from customer where id in %s", (tuple(customer for _, customer in orders(size)),))


def good_asyncpg_any(size: int) -> None:
    loop.run_until_complete(
        other.fetch("select name from customer where id = any($1)", list(range(1, size + 1)))
    )


def good_executemany_pipelined(size: int) -> None:
    with psycopg.connect(sys.argv[1], autocommit=True) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into note (body) values (%s)", [(f"note {number}",) for number in range(size)]
        )


def good_asyncpg_executemany(size: int) -> None:
    values = [(f"note {number}",) for number in range(size)]
    loop.run_until_complete(other.executemany("insert into note (body) values ($1)", values))


def good_unnest(size: int) -> None:
    ask(
        three,
        "insert into note (body) select * from unnest(%s::text[])",
        ([f"note {n}" for n in range(size)],),
    )


def good_function_at_once(size: int) -> None:
    ask(three, "select total_at_once(%s)", (size,))


def good_walk_by_date(size: int) -> None:
    after: Any = ("2026-01-01", 0)
    text = (
        "select created_at, id from orders where (created_at, id) > (%s, %s) order by created_at, id limit %s"
    )
    for _ in range(4):
        after = ask(three, text, (*after, size))[-1]


def good_chunks(size: int) -> None:
    numbers = list(range(1, size * 20 + 1))
    for start in range(0, len(numbers), 100):
        ask(three, "select count(*) from product where id = any(%s)", (numbers[start : start + 100],))


def good_same_rows_at_any_size(**_: object) -> None:
    for number in (1, 2, 3):
        ask(three, "select name from customer where id = %s", (number,))


def safe_psycopg_server(value: str) -> None:
    ask(three, "select id from customer where name = %s", (value,))


def safe_psycopg_client(value: str) -> None:
    ask(client, "select id from customer where name = %s", (value,))


def safe_psycopg_client_like(value: str) -> None:
    ask(client, "select id from customer where name like %s", (f"%{value}%",))


def safe_psycopg_literal(value: str) -> None:
    ask(three, sql.SQL("select id from customer where name = {}").format(sql.Literal(value)))


def safe_psycopg2(value: str) -> None:
    ask(two, "select id from customer where name = %s", (value,))


def safe_psycopg2_list(value: str) -> None:
    ask(two, "select id from customer where name in %s", ((value, "other"),))


def safe_psycopg2_array(value: str) -> None:
    ask(two, "select id from customer where name = any(%s)", ([value, "other"],))


def safe_psycopg2_json(value: str) -> None:
    ask(two, "select id from customer where name = (%s::jsonb)->>'a'", (psycopg2.extras.Json({"a": value}),))


def safe_asyncpg(value: str) -> None:
    loop.run_until_complete(other.fetch("select id from customer where name = $1", value))


def safe_asyncpg_quoted(value: str) -> None:
    async def run() -> None:
        quoted = await other.fetchval("select quote_literal($1::text)", value)
        await other.fetch(f"select id from customer where name = {quoted}")

    loop.run_until_complete(run())


def safe_dollar_quoted(value: str) -> None:
    ask(three, f"select id from customer where name = $kata${value}$kata$")


def safe_number(value: str) -> None:
    number = int("".join(character for character in value if character.isdigit())[:5] or 0)
    ask(three, f"select id from customer where id = {number}")


def unsafe_psycopg_pasted(value: str) -> None:
    ask(three, f"select id from customer where name = '{value}'")


def unsafe_psycopg_number(value: str) -> None:
    ask(three, f"select id from customer where id = {value}")


def unsafe_psycopg2_pasted(value: str) -> None:
    ask(two, f"select id from customer where name = '{value}'")


def unsafe_psycopg2_half(value: str) -> None:
    ask(
        two,
        f"select id from customer where email = %s and name = '{value.replace('%', '%%')}'",
        ("c5@shop.test",),
    )


def unsafe_doubled_in_escape_string(value: str) -> None:
    """Doubling quotes does not help in an E string, where a backslash takes the first of them away."""
    ask(three, "select id from customer where name = E'" + value.replace("'", "''") + "'")


def unsafe_asyncpg(value: str) -> None:
    loop.run_until_complete(other.fetch(f"select id from customer where name like '%{value}%'"))


def unsafe_order_by(value: str) -> None:
    ask(three, f"select id from customer order by {value} limit 5")


if __name__ == "__main__":
    import psycopg2.extras

    serve(
        {
            name: one
            for name, one in globals().items()
            if name.split("_")[0] in ("bad", "good", "clean", "safe", "unsafe")
        }
    )
