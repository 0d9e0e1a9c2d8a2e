def greetings(connection, word, limit):
    ids = connection.execute("select id from people order by id limit %s", [limit]).fetchall()
    names = [connection.execute("select name from people where id = %s", [id]).fetchone()[0] for (id,) in ids]
    return [f"{word}, {name}" for name in names]
