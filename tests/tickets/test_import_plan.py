"""What a row does to what is known, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.contracts import Rejection, SourceRow
from tests.tickets.builders import NOW, rows_of, ticket
from tickets.import_plan import ChunkPlan, Known, Outcome, Window, decide, hash_of, plan_chunk

WINDOW = Window(NOW - timedelta(days=90), NOW)
SAME = hash_of(ticket())


def plan(*tickets: Any, known: dict[str, Known] | None = None) -> ChunkPlan:
    return plan_chunk(rows_of(*tickets), known or {}, window=WINDOW, batch_id=2)


def known(
    content_hash: str = SAME, *, days_ago: float = 10, batch_id: int = 1, in_window: bool = True
) -> Known:
    return Known(content_hash, NOW - timedelta(days=days_ago), batch_id, in_window)


@pytest.mark.row("1.1")
@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"closed_days_ago": 89}, Outcome.CREATED),
        ({"closed_days_ago": 90}, Outcome.CREATED),
        ({"closed_days_ago": 90.001}, Outcome.OUTSIDE),
        ({"closed_days_ago": 91}, Outcome.OUTSIDE),
        ({"closed_days_ago": 0}, Outcome.CREATED),
        ({"closed_days_ago": -1}, Outcome.OUTSIDE),
        ({"status": "solved"}, Outcome.CREATED),
        ({"status": "open"}, Outcome.OUTSIDE),
        ({"status": "new"}, Outcome.OUTSIDE),
        ({"status": "pending"}, Outcome.OUTSIDE),
        ({"status": "hold"}, Outcome.OUTSIDE),
        ({"status": "merged"}, Outcome.OUTSIDE),
        ({"status": "deleted"}, Outcome.OUTSIDE),
        ({"closed_at": None, "updated_at": NOW - timedelta(days=1)}, Outcome.CREATED),
        ({"closed_at": None, "updated_at": NOW - timedelta(days=91)}, Outcome.OUTSIDE),
    ],
)
def test_only_tickets_closed_inside_the_window_count(changes: dict[str, Any], outcome: Outcome) -> None:
    assert decide(ticket(**changes), "x", None, window=WINDOW, batch_id=2) is outcome


@pytest.mark.row("1.1")
@pytest.mark.parametrize(
    ("before", "changes", "outcome"),
    [
        (known(), {}, Outcome.UNCHANGED),
        (known("other"), {}, Outcome.UPDATED),  # read or cleaned otherwise than by the last import
        (known("other", batch_id=2), {}, Outcome.UNCHANGED),  # of two rows of a file that tie the first wins
        (known("other", days_ago=11), {}, Outcome.UPDATED),
        (known("other", days_ago=9), {}, Outcome.UNCHANGED),
        (known(in_window=False), {}, Outcome.UPDATED),
        (known(), {"status": "open"}, Outcome.OUTSIDE),
        (known(), {"status": "merged"}, Outcome.OUTSIDE),
    ],
)
def test_what_a_row_does_to_a_known_ticket(before: Known, changes: dict[str, Any], outcome: Outcome) -> None:
    row = ticket(**changes)
    assert decide(row, hash_of(row), before, window=WINDOW, batch_id=2) is outcome


def test_of_rows_with_one_id_the_one_that_was_changed_last_wins_and_all_are_counted() -> None:
    old, new = ticket(closed_days_ago=20, subject="Old"), ticket(closed_days_ago=10, subject="New")
    first, last = plan(old, new), plan(new, old)
    assert dict(first.counts) == {"created": 1, "updated": 1, "rows_in": 2}
    assert dict(last.counts) == {"created": 1, "unchanged": 1, "rows_in": 2}
    assert [p.writes["1"].ticket.subject for p in (first, last)] == ["New", "New"]


def test_a_known_ticket_that_is_reopened_leaves_and_comes_back_when_it_is_closed_again() -> None:
    reopened = ticket(status="open", updated_at=NOW - timedelta(days=5))
    closed = ticket(closed_days_ago=2)
    left = plan(reopened, known={"1": known()})
    assert (list(left.leaving), left.writes, left.counts["not_closed"]) == (["1"], {}, 1)
    back = plan(reopened, closed, known={"1": known()})
    assert (list(back.leaving), list(back.writes)) == ([], ["1"])
    assert dict(back.counts) == {"outside_window": 1, "not_closed": 1, "updated": 1, "rows_in": 2}


def test_an_old_row_does_not_take_a_known_ticket_out_of_the_audit() -> None:
    stale = ticket(status="open", updated_at=NOW - timedelta(days=11))
    assert plan(stale, known={"1": known()}).leaving == {}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"external_id": ""}, "bad_id"),
        ({"external_id": "1" * 101}, "bad_id"),
        ({"external_id": "1\x00"}, "bad_id"),
        ({"external_id": "\ud83d"}, "bad_id"),
        ({"csat": 0}, "bad_csat"),
        ({"csat": 6}, "bad_csat"),
        ({"reopens": -1}, "bad_number"),
        ({"resolution_seconds": 2_147_483_648}, "bad_number"),
        ({"updated_at": NOW.replace(tzinfo=None)}, "bad_time"),
        ({"subject": "\ud83d"}, "bad_text"),
    ],
)
def test_what_cannot_be_stored_is_rejected_with_its_line_and_a_reason(
    changes: dict[str, Any], code: str
) -> None:
    made = plan(ticket("2"), ticket(**changes))
    assert [(line, why.code) for line, why in made.rejections] == [(2, code)]
    assert dict(made.counts) == {"created": 1, "rejected": 1, "rows_in": 2}


def test_a_row_that_the_reader_rejected_keeps_the_readers_reason() -> None:
    why = Rejection("bad_date", "created_at is “soon”.")
    made = plan_chunk([SourceRow(7, rejection=why), SourceRow(8)], {}, window=WINDOW, batch_id=2)
    assert [(line, reason.code) for line, reason in made.rejections] == [(7, "bad_date"), (8, "empty_row")]


ROWS = st.lists(
    st.builds(
        lambda key, hours, status, subject: ticket(
            key, closed_days_ago=hours / 24, status=status, subject=subject
        ),
        st.sampled_from("abc"),
        st.integers(0, 6).map(lambda n: n * 450),
        st.sampled_from(["closed", "solved", "open", "merged"]),
        st.sampled_from(["", "x", "y"]),
    )
    | st.just(Rejection("bad", "Bad.")),
    max_size=12,
)


def run(chunks: list[list[SourceRow]], known: dict[str, Known], batch_id: int) -> Any:
    """Plan and apply the chunks one after the other; return the counts and what is known then."""
    counts: dict[str, int] = {}
    for chunk in chunks:
        made = plan_chunk(chunk, known, window=WINDOW, batch_id=batch_id)
        known = settled(known, made, batch_id)
        for name, count in made.counts.items():
            counts[name] = counts.get(name, 0) + count
    return {name: count for name, count in counts.items() if count}, known


def settled(known: dict[str, Known], made: ChunkPlan, batch_id: int) -> dict[str, Known]:
    """Return what is known after the plan was applied."""
    after = dict(known)
    for key, write in made.writes.items():
        after[key] = Known(write.content_hash, write.ticket.updated_at, batch_id, True)
    for key in made.seen:
        after[key] = Known(after[key].content_hash, after[key].updated_at, batch_id, after[key].in_window)
    for key, row in made.leaving.items():
        after[key] = Known("", row.updated_at, batch_id, False)
    return after


@given(ROWS, st.integers(0, 12))
def test_where_a_file_is_cut_into_chunks_makes_no_difference(tickets: list[Any], cut: int) -> None:
    rows = rows_of(*tickets)
    assert run([rows], {}, 1) == run([rows[:cut], rows[cut:]], {}, 1)


@given(ROWS)
def test_the_same_file_again_changes_nothing_where_it_is_in_order_of_time(tickets: list[Any]) -> None:
    rows = rows_of(*sorted(tickets, key=lambda t: getattr(t, "updated_at", NOW)))
    _, first = run([rows], {}, 1)
    _, second = run([rows], first, 2)
    assert {key: replace(facts, batch_id=1) for key, facts in second.items()} == first
