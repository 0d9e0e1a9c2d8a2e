"""Scenarios with Django's ORM on psycopg."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import django
from django.conf import settings
from scenario import faulty, main, sound, think

parts = urlsplit(sys.argv[1])
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path[1:],
            "USER": parts.username,
            "HOST": parts.hostname,
            "PORT": parts.port,
        }
    },
    INSTALLED_APPS=[],
    USE_TZ=True,
)
django.setup()

from django.core.paginator import Paginator  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402


class Author(models.Model):
    id = models.IntegerField(primary_key=True)
    name = models.TextField()
    kind = models.TextField()

    class Meta:
        app_label = "library"
        db_table = "authors"


class Book(models.Model):
    id = models.IntegerField(primary_key=True)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    title = models.TextField()
    price_cents = models.IntegerField()
    summary = models.TextField()

    class Meta:
        app_label = "library"
        db_table = "books"


class Review(models.Model):
    id = models.IntegerField(primary_key=True)
    book = models.ForeignKey(Book, models.CASCADE, related_name="reviews")
    member_id = models.IntegerField()
    stars = models.IntegerField()

    class Meta:
        app_label = "library"
        db_table = "reviews"


class Import(models.Model):
    id = models.AutoField(primary_key=True)
    isbn = models.TextField(unique=True)
    title = models.TextField()

    class Meta:
        app_label = "library"
        db_table = "imports"


@faulty("book.author in a template, without select_related.")
def django_parent_of_each(_url: str) -> None:
    for book in Book.objects.order_by("id")[:10]:
        _ = book.author.name
    connection.close()


@faulty("author.books.count() in a list.")
def django_count_for_each(_url: str) -> None:
    for author in Author.objects.order_by("name")[:10]:
        author.books.count()
    connection.close()


@faulty("exists() for each book: did this member review it?")
def django_exists_for_each(_url: str) -> None:
    for book in Book.objects.order_by("-id")[:9]:
        book.reviews.filter(member_id=17).exists()
    connection.close()


@faulty("filter() on a prefetched relation asks the database again for each row.")
def django_prefetch_defeated(_url: str) -> None:
    for book in Book.objects.prefetch_related("reviews").order_by("id")[:12]:
        list(book.reviews.filter(stars__gte=4))
    connection.close()


@faulty("only('title') defers the price, which the loop then reads.")
def django_only_too_little(_url: str) -> None:
    for book in Book.objects.only("title").order_by("id")[50:60]:
        _ = book.price_cents
    connection.close()


@faulty("save() in a loop: bulk_update or an expression would be one statement.", "write-loop")
def django_save_in_a_loop(_url: str) -> None:
    with transaction.atomic():
        for book in Book.objects.filter(author_id__in=(30, 31, 33)).order_by("id"):
            book.price_cents += 5
            book.save(update_fields=["price_cents"])
    connection.close()


@faulty("get_or_create for each row of an upload.", "write-loop")
def django_get_or_create(_url: str) -> None:
    for number in range(7):
        Import.objects.get_or_create(isbn=f"goc-{number}", defaults={"title": "New"})
    connection.close()


@sound("prefetch_related on two levels.")
def django_prefetch(_url: str) -> None:
    for author in Author.objects.prefetch_related("books__reviews").order_by("id")[:12]:
        [len(book.reviews.all()) for book in author.books.all()]
    connection.close()


@sound("in_bulk in chunks of 40 keys.")
def django_in_bulk(_url: str) -> None:
    for first in range(1, 200, 40):
        Book.objects.in_bulk(list(range(first, first + 40)))
    connection.close()


@sound("bulk_create with a batch size.")
def django_bulk_create(_url: str) -> None:
    Import.objects.bulk_create([Import(isbn=f"bc-{n}", title="B") for n in range(120)], batch_size=30)
    connection.close()


@sound("Paginator over all pages in a batch job; its last page is short.")
def django_paginator(_url: str) -> None:
    for page in Paginator(Author.objects.order_by("id"), 65):
        list(page)
    connection.close()


@sound("iterator() with a chunk size: one server-side cursor.")
def django_iterator(_url: str) -> None:
    for _ in Review.objects.order_by("id").iterator(chunk_size=700):
        pass
    connection.close()


@sound("Persistent connection: eight requests for one book and its author, 30 ms apart.")
def django_persistent_connection(_url: str) -> None:
    for key in range(301, 309):
        book = Book.objects.get(id=key)
        _ = book.author.name
        think(30)
    connection.close()


if __name__ == "__main__":
    main()
