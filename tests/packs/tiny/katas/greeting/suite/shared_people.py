"""The greetings as the database has them."""


def greetings_of(database, word, limit):
    rows = database.rows("select name from people order by id limit %s", limit)
    return [f"{word}, {row['name']}" for row in rows]
