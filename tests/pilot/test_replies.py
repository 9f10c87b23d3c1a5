"""What a help desk's webhook says was sent stands beside the draft."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pilot.drafts.replies import replies_collect
from pilot.models import Draft
from pilot.tasks import collect_drafts
from runtime.models import HumanReply, InboundSource, InboundThread

AT = datetime(2026, 3, 4, 12, 5, tzinfo=UTC)


@pytest.fixture
def say(db) -> object:
    source = InboundSource.objects.create(system="zendesk", name="Our Zendesk")
    thread = InboundThread.objects.create(source=source, external_id="77")

    def add(draft: Draft, text: str, number: int = 1) -> None:
        HumanReply.objects.create(
            turn=draft.turn, thread=thread, external_id=f"r{number}", text=text, sent_by="Tara", sent_at=AT
        )

    return add


@pytest.mark.row("5.2")
def test_the_first_reply_after_a_draft_is_kept_with_it_once(make_pilot, make_draft, say):
    make_pilot()
    draft, other = make_draft(), make_draft()
    say(draft, "Use Settings › Export.")
    say(draft, "Anything else?", 2)
    assert collect_drafts(progress=lambda *_: None) == {"drafts": 0, "replies": 1}
    draft.refresh_from_db()
    assert (draft.sent_text, draft.sent_via, draft.sent_by, draft.sent_at) == (
        *("Use Settings › Export.", "webhook", "Tara"),
        AT,
    )
    other.refresh_from_db()
    assert (other.sent_text, other.sent_at) == ("", None)
    assert replies_collect() == 0


def test_what_was_sent_from_elsewhere_is_not_overwritten(make_pilot, make_draft, say):
    make_pilot(stage="full")
    draft = make_draft()
    say(draft, "Something else")
    assert replies_collect() == 0
    assert Draft.objects.get().sent_text == draft.turn.reply
