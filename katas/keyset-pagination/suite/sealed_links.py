"""Where the `next` link leads, and that the last page has none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared_feed import apart, follow, get_page, must_show, own_account

from graders.suite.api import Client, Database


def check_link_header(http: Client) -> None:
    for parameters in (
        {},
        {"limit": 7},
        {"kind": "refund"},
        {"limit": 3, "account_id": 1},
        {"limit": 11, "kind": "export", "account_id": 2},
        {"account_id": 1, "kind": "comment", "limit": 100},
    ):
        _must_lead_on(http, parameters)


def _must_lead_on(http: Client, parameters: dict[str, Any]) -> None:
    page = get_page(http, **parameters)
    for _ in range(3):
        assert page.next_link is not None, f"{page.answer.request.target} has a next page and no `next` link"
        assert page.next_cursor is not None, (
            f"{page.answer.request.target} has a `next` link and no next_cursor"
        )
        behind = get_page(http, **{**parameters, "cursor": page.next_cursor})
        page = follow(http, page.next_link)
        what = f"the page of the link {page.answer.request.target}"
        must_show(page.events, behind.events, what, ("id",))


def check_link_header__on_the_last_page(http: Client, database: Database) -> None:
    with own_account(database, apart(datetime(2024, 6, 1, tzinfo=UTC), 12)) as account:
        page = get_page(http, limit=4, account_id=account)
        for _ in range(2):
            assert page.next_link is not None, "a page in the middle has no `next` link"
            page = follow(http, page.next_link)
        assert page.next_link is None, "the last page, which is exactly full, has a `next` link"
