"""Every turn of a pilot becomes one draft."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pilot.drafts.collecting import drafts_collect
from pilot.drafts.sampling import priority_of, reviews_wanted
from pilot.models import Draft
from runtime.models import Turn


@pytest.mark.row("5.2")
def test_each_turn_in_scope_becomes_one_draft_however_often_it_is_collected(make_pilot, make_draft):
    pilot = make_pilot()
    draft = make_draft(at=datetime(2026, 3, 4, 12, tzinfo=UTC))
    assert (draft.pilot, draft.week, draft.mode) == (pilot, date(2026, 3, 2), "shadow")
    assert (draft.sent_text, draft.sent_via, draft.sent_at) == ("", "", None)
    assert drafts_collect() == 0
    assert Draft.objects.count() == Turn.objects.count() == 1


def test_what_is_out_of_scope_is_no_draft(make_pilot, make_draft):
    make_pilot()
    with pytest.raises(Draft.DoesNotExist):
        make_draft(channel="chat")
    assert (Draft.objects.count(), Turn.objects.get().decision) == (0, "not_in_pilot")


def test_what_the_customer_got_at_once_is_kept_as_sent(make_pilot, make_draft):
    make_pilot(stage="full")
    draft = make_draft()
    assert (draft.mode, draft.sent_via, draft.sent_text) == ("live", "agent", draft.turn.reply)


def test_a_tenth_is_reviewed_twice_and_a_draw_never_changes():
    def wanted(turn_id: int, mode: str = "shadow", percent: int = 30) -> int:
        return reviews_wanted(turn_id=turn_id, mode=mode, review_percent=percent, double_percent=10)

    draws = [wanted(turn_id) for turn_id in range(10_000)]
    assert draws == [wanted(turn_id) for turn_id in range(10_000)]
    assert 0.68 < draws.count(0) / 10_000 < 0.72
    assert 0.09 < draws.count(2) / (draws.count(1) + draws.count(2)) < 0.11
    assert min(wanted(turn_id, "assist") for turn_id in range(1_000)) == 1


@pytest.mark.row("5.6")
def test_what_was_not_understood_comes_first():
    assert [priority_of(reason) for reason in ("low_confidence", "no_answer", "answered")] == [1, 1, 2]
