def greetings(connection, word, limit):
    rows = connection.execute("select name from people order by id limit %s", [limit]).fetchall()
    return [f"{word}, {name}" for (name,) in rows]
