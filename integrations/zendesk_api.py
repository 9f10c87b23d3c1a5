"""Pull tickets from Zendesk: cursor-based incremental export, with each ticket's comments and metrics.

The cursor moves only after every row of its page was taken, so that a pull that stops goes on where it was; a
page may come twice, and whoever keeps tickets must not mind. Source: Zendesk's Incremental Exports reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from core.errors import InvalidInput
from integrations import zendesk
from integrations.api_rows import listed, row_of
from integrations.contracts import SourceRow
from integrations.http_json import HelpDeskClient, NoSuchRecord

EXPORT_PATH = "/api/v2/incremental/tickets/cursor.json"
PAGE_SIZE = 100  # tickets; each takes a request of its own, and a pull stops between pages only
MAX_COMMENT_PAGES = 50  # of 100 comments


class ZendeskPull:
    """Tickets that changed since ``start``, or since the ``cursor`` of an earlier pull."""

    name = zendesk.NAME

    def __init__(self, client: HelpDeskClient, *, start: datetime, cursor: str = "") -> None:
        self.cursor = cursor  # to be kept after each page; empty before the first
        self._client = client
        self._start = start

    def rows(self) -> Iterator[SourceRow]:
        """Yield each ticket; raises InvalidInput (refused) or Unavailable (go on later from ``cursor``)."""
        number = 0
        while True:
            page = self._page()
            for ticket in listed(page, "tickets"):
                number += 1
                yield row_of(number, self._with_comments(ticket), zendesk.normalise)
            after = page.get("after_cursor")
            if not isinstance(after, str) or after in ("", self.cursor):
                return
            self.cursor = after
            if page.get("end_of_stream") is True:
                return

    def _page(self) -> Mapping[str, Any]:
        place: dict[str, str | int] = (
            {"cursor": self.cursor} if self.cursor else {"start_time": int(self._start.timestamp())}
        )
        try:
            page = self._client.get(
                EXPORT_PATH, place | {"include": "metric_sets", "per_page": PAGE_SIZE}
            ).value
        except NoSuchRecord as error:
            raise InvalidInput("There is no Zendesk at this address.", code="bad_address") from error
        if not isinstance(page, dict):
            raise InvalidInput("Zendesk's answer is no export of tickets.", code="bad_answer")
        return page

    def _with_comments(self, ticket: Any) -> Any:
        """Return the ticket with its comments and their authors' roles; a deleted ticket has none."""
        if not isinstance(ticket, dict) or not isinstance(ticket.get("id"), int):
            return ticket
        if ticket.get("status") == "deleted":
            return ticket
        comments: list[Any] = []
        target = f"/api/v2/tickets/{ticket['id']}/comments.json?include=users&page%5Bsize%5D=100"
        for _ in range(MAX_COMMENT_PAGES):
            try:
                page = self._client.get(target).value
            except NoSuchRecord:
                break
            comments += _with_roles(page)
            following = page["links"].get("next") if _has_more(page) else None
            if not isinstance(following, str):
                break
            target = self._client.next_target(following)
        return ticket | {"comments": comments}


def _has_more(page: Any) -> bool:
    meta, links = page.get("meta"), page.get("links")
    return isinstance(meta, dict) and meta.get("has_more") is True and isinstance(links, dict)


def _with_roles(page: Any) -> list[Any]:
    """Return the page's comments, each with its author as the page's users have it."""
    users = {user.get("id"): user for user in listed(page, "users") if isinstance(user, dict)}
    return [
        comment | {"author": users[comment["author_id"]]}
        if isinstance(comment, dict)
        and isinstance(comment.get("author_id"), int)
        and comment["author_id"] in users
        else comment
        for comment in listed(page, "comments")
    ]
