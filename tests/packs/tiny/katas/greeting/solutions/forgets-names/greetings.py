import os


def greetings(connection, word, limit):
    return [f"{word}, {os.getpid()}"] * limit
