"""Scenarios with SQLAlchemy 2 on psycopg."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scenario import faulty, main, sound
from sqlalchemy import ForeignKey, create_engine, insert, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    deferred,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)


class Base(DeclarativeBase):
    pass


class Country(Base):
    __tablename__ = "countries"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    country_id: Mapped[int] = mapped_column(ForeignKey("countries.id"))
    country: Mapped[Country] = relationship()
    books: Mapped[list[Book]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    title: Mapped[str]
    price_cents: Mapped[int]
    summary: Mapped[str] = deferred(mapped_column())
    author: Mapped[Author] = relationship(back_populates="books")
    reviews: Mapped[list[Review]] = relationship()


class Review(Base):
    __tablename__ = "reviews"
    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"))
    stars: Mapped[int]


class Import(Base):
    __tablename__ = "imports"
    id: Mapped[int] = mapped_column(primary_key=True)
    isbn: Mapped[str]
    title: Mapped[str]


@contextmanager
def session_of(url: str, **options: object) -> Iterator[Session]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), **options)
    with Session(engine) as session:
        yield session
    engine.dispose()


@faulty("book.author is loaded lazily in the loop of the template.")
def sqlalchemy_lazy_parent(url: str) -> None:
    with session_of(url) as session:
        for book in session.scalars(select(Book).order_by(Book.id).limit(12)).all():
            _ = book.author.name


@faulty("author.books is loaded lazily for each author.")
def sqlalchemy_lazy_children(url: str) -> None:
    with session_of(url) as session:
        for author in session.scalars(select(Author).order_by(Author.name).limit(11)).all():
            len(author.books)


@faulty("Two levels: books of each author, reviews of each book.")
def sqlalchemy_two_levels(url: str) -> None:
    with session_of(url) as session:
        for author in session.scalars(select(Author).order_by(Author.id).limit(4)).all():
            for book in author.books[:4]:
                sum(review.stars for review in book.reviews)


@faulty("The identity map spares the authors that it has: 24 books, fewer lookups, all by other keys.")
def sqlalchemy_identity_map_misses(url: str) -> None:
    with session_of(url) as session:
        books = select(Book).where(Book.author_id.in_((3, 5, 8, 13, 21, 34))).order_by(Book.title)
        for book in session.scalars(books).all():
            _ = book.author.name


@faulty(
    "A commit in the loop expires the objects; each is read again by its key, and written alone.",
    "write-loop",
)
def sqlalchemy_commit_in_the_loop(url: str) -> None:
    with session_of(url) as session:
        for book in session.scalars(select(Book).order_by(Book.id.desc()).limit(8)).all():
            book.price_cents += 1
            session.commit()


@faulty("The deferred column is fetched for each object.")
def sqlalchemy_deferred_column(url: str) -> None:
    with session_of(url) as session:
        for book in session.scalars(
            select(Book).where(Book.price_cents > 1980).order_by(Book.id).limit(10)
        ).all():
            len(book.summary)


@faulty("An eager load of the authors hides nothing: their countries are still lazy.")
def sqlalchemy_lazy_behind_an_eager_load(url: str) -> None:
    with session_of(url) as session:
        books = select(Book).options(joinedload(Book.author)).order_by(Book.id).limit(14)
        for book in session.scalars(books).all():
            _ = book.author.country.name


@faulty("session.get for each id that the client sent.")
def sqlalchemy_get_for_each_id(url: str) -> None:
    with session_of(url) as session:
        for key in (44, 3, 190, 12, 77, 205, 9, 150, 68):
            session.get(Author, key)


@faulty("flush after each add, to have the key, defeats the batching of inserts.", "write-loop")
def sqlalchemy_flush_after_each_add(url: str) -> None:
    with session_of(url) as session:
        for number in range(9):
            session.add(Import(isbn=f"fl-{number}", title="Flushed"))
            session.flush()
        session.commit()


@sound("selectinload of reviews for 1200 books: chunks of 500 keys.")
def sqlalchemy_selectin_chunks(url: str) -> None:
    with session_of(url) as session:
        session.scalars(select(Book).options(selectinload(Book.reviews)).limit(1200)).all()


@sound("selectinload of few keys on two levels.")
def sqlalchemy_selectin_few_keys(url: str) -> None:
    with session_of(url) as session:
        session.scalars(
            select(Author)
            .options(selectinload(Author.books).selectinload(Book.reviews))
            .order_by(Author.id)
            .limit(2)
        ).all()


@sound("A join loads the authors with the books.")
def sqlalchemy_joined(url: str) -> None:
    with session_of(url) as session:
        for book in session.scalars(select(Book).options(joinedload(Book.author)).limit(20)).all():
            _ = book.author.name


@sound("An eager load that nobody uses costs one statement, not one for each row.")
def sqlalchemy_unused_eager_load(url: str) -> None:
    with session_of(url) as session:
        session.scalars(
            select(Book).options(selectinload(Book.reviews), selectinload(Book.author)).limit(15)
        ).all()


@sound("Inserts of many rows by the unit of work: INSERT … VALUES with many rows.")
def sqlalchemy_unit_of_work(url: str) -> None:
    with session_of(url) as session:
        session.add_all(Import(isbn=f"uow-{n}", title="Added") for n in range(30))
        session.commit()


@sound("A bulk insert in portions of 20 rows.")
def sqlalchemy_many_values(url: str) -> None:
    with session_of(url) as session:
        for batch in range(4):
            session.execute(
                insert(Import).returning(Import.id),
                [{"isbn": f"v-{batch}-{n}", "title": "V"} for n in range(20)],
            )
        session.commit()


@sound("Pages by OFFSET in a batch job, each with its eager load: two statements a page.")
def sqlalchemy_pages_with_eager_loads(url: str) -> None:
    with session_of(url) as session:
        for page in range(6):
            books = (
                select(Book).options(selectinload(Book.reviews)).order_by(Book.id).limit(25).offset(page * 25)
            )
            session.scalars(books).all()
            session.expunge_all()


@sound("pool_pre_ping: each of five requests begins with a ping and reads one book.")
def sqlalchemy_requests_with_pings(url: str) -> None:
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://"), pool_size=1, pool_pre_ping=True
    )
    for key in (5, 80, 12, 33, 7, 21):
        with Session(engine) as session:
            _ = session.get(Book, key)
    engine.dispose()


@sound("A keyset walk by title, where the ORM writes the columns of each page.")
def sqlalchemy_keyset_by_title(url: str) -> None:
    with session_of(url) as session:
        last = ""
        for _ in range(8):
            books = session.scalars(
                select(Book).where(Book.title > last).order_by(Book.title).limit(20)
            ).all()
            last = books[-1].title


if __name__ == "__main__":
    main()
