"""Pull tickets from Freshdesk: the list by time of change, with each ticket's conversations and ratings.

Freshdesk has no cursor: ours is the time of the last ticket that was taken, from which the list begins again.
So the tickets of that moment come twice, and whoever keeps tickets must not mind. After 300 pages Freshdesk
refuses; then the list begins anew by itself. Source: Freshdesk's API v2 reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from core.errors import InvalidInput, Unavailable
from integrations import freshdesk
from integrations.api_rows import row_of
from integrations.contracts import SourceRow
from integrations.http_json import Answer, HelpDeskClient, NoSuchRecord

LIST_PATH = "/api/v2/tickets"
PAGE_SIZE = 100
MAX_PAGES = 300  # of one list; Freshdesk's own limit
MAX_CONVERSATION_PAGES = 50
NEXT_LINK = re.compile(r'<([^<>]{1,2000})>\s*;\s*rel="?next"?', re.IGNORECASE)


class FreshdeskPull:
    """Tickets that changed since ``start``, or since the ``cursor`` of an earlier pull."""

    name = freshdesk.NAME

    def __init__(
        self, client: HelpDeskClient, *, start: datetime, cursor: str = "", with_ratings: bool = True
    ) -> None:
        self.cursor = cursor  # to be kept after each page; empty before the first
        self._client = client
        self._start = start
        self._with_ratings = with_ratings

    def rows(self) -> Iterator[SourceRow]:
        """Yield each ticket; raises InvalidInput (refused) or Unavailable (go on later from ``cursor``)."""
        number = 0
        while True:
            since = self.cursor or self._start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            finished = False
            for page, is_last in self._pages(since):
                for ticket in page:
                    number += 1
                    yield row_of(number, self._complete(ticket), freshdesk.normalise)
                self.cursor = _last_change(page) or self.cursor
                finished = is_last
            if finished:
                return
            if self.cursor in ("", since):
                message = "More tickets than Freshdesk lists changed in the same second."
                raise InvalidInput(message, code="too_many_tickets")

    def _pages(self, since: str) -> Iterator[tuple[list[Any], bool]]:
        """Yield the pages of one list, each with whether it is the last."""
        target = (
            f"{LIST_PATH}?updated_since={quote(since)}&include=stats,description&order_by=updated_at&order_type=asc"
            f"&per_page={PAGE_SIZE}"
        )
        for _ in range(MAX_PAGES):
            try:
                answer = self._client.get(target)
            except NoSuchRecord as error:
                raise InvalidInput("There is no Freshdesk at this address.", code="bad_address") from error
            if not isinstance(answer.value, list):
                raise InvalidInput("Freshdesk's answer is no list of tickets.", code="bad_answer")
            following = self._following(answer)
            yield answer.value, not following
            if not following:
                return
            target = following

    def _following(self, answer: Answer) -> str:
        link = NEXT_LINK.search(answer.headers.get("link", ""))
        return self._client.next_target(link[1]) if link else ""

    def _complete(self, ticket: Any) -> Any:
        """Return the ticket with its conversations and satisfaction ratings."""
        if not isinstance(ticket, dict) or not isinstance(ticket.get("id"), int):
            return ticket
        path = f"{LIST_PATH}/{ticket['id']}"
        found = ticket | {"conversations": self._all(f"{path}/conversations?per_page={PAGE_SIZE}")}
        if self._with_ratings:
            try:
                found["satisfaction_ratings"] = self._all(f"{path}/satisfaction_ratings")
            except InvalidInput:  # an account without surveys refuses
                self._with_ratings = False
        return found

    def _all(self, target: str) -> list[Any]:
        """Return the items of all pages; a ticket that was deleted meanwhile has none."""
        items: list[Any] = []
        for _ in range(MAX_CONVERSATION_PAGES):
            try:
                answer = self._client.get(target)
            except NoSuchRecord:
                break
            if not isinstance(answer.value, list):
                raise Unavailable("Freshdesk's answer is no list.", code="help_desk_unavailable")
            items += answer.value
            target = self._following(answer)
            if not target:
                break
        return items


def _last_change(page: list[Any]) -> str:
    times = [ticket.get("updated_at") for ticket in page if isinstance(ticket, dict)]
    return next((time for time in reversed(times) if isinstance(time, str)), "")
