"""Scenarios with peewee and Tortoise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import peewee
from scenario import faulty, main, sound
from tortoise import Tortoise, fields
from tortoise.models import Model

database = peewee.DatabaseProxy()


class Record(peewee.Model):
    class Meta:
        database = database


class Writer(Record):
    name = peewee.TextField()

    class Meta:
        table_name = "authors"


class Volume(Record):
    author = peewee.ForeignKeyField(Writer, backref="volumes")
    title = peewee.TextField()

    class Meta:
        table_name = "books"


class Row(Record):
    isbn = peewee.TextField()
    title = peewee.TextField()

    class Meta:
        table_name = "imports"


def connect(url: str) -> peewee.PostgresqlDatabase:
    server = peewee.PostgresqlDatabase(url)
    database.initialize(server)
    server.connect()
    return server


@faulty("volume.author of each volume.")
def peewee_parent_of_each(url: str) -> None:
    with_server = connect(url)
    for volume in Volume.select().order_by(Volume.id).limit(10):
        _ = volume.author.name
    with_server.close()


@faulty("create() for each row of a file in one transaction.", "write-loop")
def peewee_create_for_each(url: str) -> None:
    server = connect(url)
    with server.atomic():
        for number in range(12):
            Row.create(isbn=f"pw-{number}", title="Created")
    server.close()


@faulty("count() of the volumes of each author.")
def peewee_count_for_each(url: str) -> None:
    server = connect(url)
    for writer in Writer.select().where(Writer.id > 250).order_by(Writer.id).limit(9):
        writer.volumes.count()
    server.close()


@sound("prefetch: one statement a table.")
def peewee_prefetch(url: str) -> None:
    server = connect(url)
    for writer in peewee.prefetch(Writer.select().limit(10), Volume.select()):
        len(writer.volumes)
    server.close()


@sound("insert_many in portions of 25 rows.")
def peewee_inserts_in_portions(url: str) -> None:
    server = connect(url)
    with server.atomic():
        for portion in peewee.chunked([{"isbn": f"pp-{n}", "title": "P"} for n in range(100)], 25):
            Row.insert_many(portion).execute()
    server.close()


@sound("paginate(): pages 1 to 6 of an export, the last of which is not full.")
def peewee_paginates(url: str) -> None:
    server = connect(url)
    for page in range(1, 7):
        list(Writer.select().order_by(Writer.id).paginate(page, 55))
    server.close()


class TortoiseAuthor(Model):
    id = fields.IntField(primary_key=True)
    name = fields.TextField()
    books: fields.ReverseRelation[TortoiseBook]

    class Meta:
        table = "authors"


class TortoiseBook(Model):
    id = fields.IntField(primary_key=True)
    title = fields.TextField()
    author: fields.ForeignKeyRelation[TortoiseAuthor] = fields.ForeignKeyField(
        "models.TortoiseAuthor", related_name="books"
    )

    class Meta:
        table = "books"


def with_tortoise(url: str, handle: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        address = url.replace("postgresql://", "asyncpg://") + "?minsize=1&maxsize=4"
        await Tortoise.init(db_url=address, modules={"models": [__name__]}, _enable_global_fallback=True)
        await handle()
        await Tortoise.close_connections()

    asyncio.run(run())


@faulty("await book.author in a loop.")
def tortoise_parent_of_each(url: str) -> None:
    async def handle() -> None:
        for book in await TortoiseBook.all().order_by("-id").limit(12):
            _ = (await book.author).name

    with_tortoise(url, handle)


@faulty("The related books of all authors are asked for at the same time, over the pool.")
def tortoise_gathers(url: str) -> None:
    async def handle() -> None:
        authors = await TortoiseAuthor.all().order_by("id").limit(16)
        await asyncio.gather(*(author.books.all() for author in authors))

    with_tortoise(url, handle)


@sound("prefetch_related.")
def tortoise_prefetch(url: str) -> None:
    async def handle() -> None:
        await TortoiseAuthor.all().order_by("id").limit(16).prefetch_related("books")

    with_tortoise(url, handle)


if __name__ == "__main__":
    main()
