"""Reviewing drafts: who gets which, what may be said, what is sent, what is kept and taken back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from core.models import Activity
from pilot.drafts.agreement import coverage_of, kappa_of, progress_of, reviewers_of
from pilot.drafts.claiming import drafts_release, drafts_take, offer_of
from pilot.drafts.contracts import Reviewed
from pilot.drafts.reviewing import review_record, review_undo
from pilot.drafts.sending import draft_sent_report
from pilot.models import Draft, Pilot, Review
from runtime.models import Conversation, Handoff, Trace, Turn
from runtime.services import handoff_accept, handoff_return, message_reply
from tests.runtime.conftest import SYSTEM

pytestmark = [pytest.mark.django_db, pytest.mark.row("5.2", "5.8", "5.12")]
PERMISSION = "pilot.review_draft"


@pytest.fixture
def people(make_user: Callable[..., Any]) -> tuple[Actor, Actor, Actor]:
    return tuple(Actor.of_user(make_user(name, PERMISSION)) for name in ("ann", "ben", "cleo"))  # type: ignore[return-value]


def review(actor: Actor, draft: Draft, outcome: str = "approved", **fields: Any) -> Reviewed:
    usual = {"key": uuid.uuid4(), "verdict": "correct", "seconds": 3.0}
    return review_record(actor=actor, draft_id=draft.pk, outcome=outcome, **(usual | fields))


def twice(draft: Draft) -> Draft:
    Draft.objects.filter(pk=draft.pk).update(is_double=True, missing=2)
    return draft


def kept() -> tuple[int, int, int]:
    return (
        Review.objects.count(),
        Draft.objects.exclude(sent_at=None).count(),
        Activity.objects.filter(verb__startswith="draft.").count(),
    )


def test_what_was_not_understood_is_given_first_and_then_who_wrote_first(make_pilot, make_draft, people):
    make_pilot(double_percent=0)
    later = make_draft(at=datetime(2026, 3, 4, 12, tzinfo=UTC))
    earlier = make_draft(at=datetime(2026, 3, 3, 12, tzinfo=UTC))
    urgent = make_draft("unsure what to do nothing", at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    Draft.objects.filter(pk=urgent.pk).update(priority=1)
    for draft, day in ((later, 4), (earlier, 3), (urgent, 5)):
        Draft.objects.filter(pk=draft.pk).update(happened_at=datetime(2026, 3, day, 12, tzinfo=UTC))
    given = drafts_take(actor=people[0], want=5)
    assert [offer.draft_id for offer in given] == [urgent.pk, earlier.pk, later.pk]


def test_no_two_people_hold_the_same_draft_and_a_lease_ends(make_pilot, make_draft, people):
    make_pilot(double_percent=0)
    drafts = [make_draft() for _ in range(3)]
    first = drafts_take(actor=people[0], want=2)
    second = drafts_take(actor=people[1], want=5)
    assert len(first) == 2
    assert {o.draft_id for o in first} & {o.draft_id for o in second} == set()
    with pytest.raises(Conflict) as refused:
        review(people[1], Draft.objects.get(pk=first[0].draft_id))
    assert (refused.value.code, kept()) == ("claimed", (0, 0, 0))
    assert drafts_release(actor=people[0], held=[first[0].draft_id]) == 1
    Draft.objects.filter(pk=first[1].draft_id).update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert len(drafts_take(actor=people[1], want=5, held=[second[0].draft_id])) == 2
    assert len(drafts) == 3


def test_what_a_person_skips_is_left_to_others(make_pilot, make_draft, people):
    make_pilot(double_percent=0)
    draft = make_draft()
    drafts_take(actor=people[0], want=1)
    drafts_release(actor=people[0], held=[draft.pk])
    assert drafts_take(actor=people[0], want=1, skipped=[draft.pk]) == []
    assert [offer.draft_id for offer in drafts_take(actor=people[1], want=1)] == [draft.pk]


def test_drafts_of_one_pilot_can_be_asked_for_and_an_ended_one_has_none(make_pilot, make_draft, people):
    pilot = make_pilot(double_percent=0)
    draft = make_draft()
    assert drafts_take(actor=people[0], want=1, pilot_id=pilot.pk + 1) == []
    assert [one.draft_id for one in drafts_take(actor=people[0], want=1, pilot_id=pilot.pk)] == [draft.pk]
    Pilot.objects.update(state="ended")
    assert drafts_take(actor=people[1], want=1) == []
    assert progress_of(people[1].user_id).left == 0


def test_a_review_is_kept_once_however_often_it_is_sent(make_pilot, make_draft, people):
    make_pilot(double_percent=0)
    draft, key = make_draft(), uuid.uuid4()
    first = review(people[0], draft, key=key, note="  Good  ")
    again = review(people[0], draft, key=key)
    assert (first.is_new, again.is_new, again.review.pk) == (True, False, first.review.pk)
    assert (first.review.note, first.review.role, first.review.person_name) == ("Good", "first", "ann")
    draft.refresh_from_db()
    assert (draft.missing, draft.claimed_by_id) == (0, None)
    assert kept() == (1, 0, 1)
    with pytest.raises(Conflict) as refused:
        review(people[1], draft, key=key)
    assert refused.value.code == "key_taken"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"outcome": "liked"}, "bad_outcome"),
        ({"verdict": "meh"}, "bad_verdict"),
        ({"verdict": "wrong_tone"}, "approved_is_correct"),
        ({"outcome": "rejected", "verdict": "wrong_segment"}, "tier_missing"),
        ({"outcome": "rejected", "verdict": "wrong_segment", "tier": " "}, "tier_missing"),
        ({"outcome": "rejected", "verdict": "wrong_fact", "tier": "pro"}, "tier_without_segment"),
        ({"outcome": "rejected", "verdict": "wrong_segment", "tier": "t" * 65}, "tier_too_long"),
        ({"outcome": "edited", "verdict": "wrong_tone"}, "empty_text"),
        ({"outcome": "edited", "verdict": "wrong_tone", "final_text": "x" * 4001}, "text_too_long"),
        ({"outcome": "edited", "verdict": "wrong_tone", "final_text": "SAME"}, "not_edited"),
        ({"outcome": "rejected", "verdict": "unsafe", "final_text": "Words"}, "text_without_edit"),
        ({"note": "n" * 1001}, "note_too_long"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_kept(make_pilot, make_draft, people, fields, code):
    make_pilot(double_percent=0, stage="assist")
    draft = make_draft()
    if fields.get("final_text") == "SAME":
        fields = {**fields, "final_text": f" {draft.turn.reply}".replace("\n", "\r\n")}
    with pytest.raises(InvalidInput) as refused:
        review(people[0], draft, **{"outcome": "approved", **fields})
    draft.refresh_from_db()
    assert (refused.value.code, kept(), draft.missing) == (code, (0, 0, 0), 1)


def test_only_people_with_the_permission_review(make_pilot, make_draft, make_user):
    make_pilot()
    draft = make_draft()
    for actor in (SYSTEM, Actor.of_user(make_user("zed")), Actor("api_key", 1, "bot")):
        with pytest.raises(NotAllowed):
            review(actor, draft)
        with pytest.raises(NotAllowed):
            drafts_take(actor=actor, want=1)
    assert kept() == (0, 0, 0)


def test_the_second_opinion_is_another_person_s_and_blind(make_pilot, make_draft, people):
    make_pilot()
    draft = twice(make_draft())
    before = offer_of(draft.pk)
    review(people[0], draft, "rejected", verdict="wrong_tone", note="Too stiff")
    with pytest.raises(Conflict) as refused:
        review(people[0], draft)
    assert refused.value.code == "already_reviewed"
    assert drafts_take(actor=people[0], want=1) == []
    offered = drafts_take(actor=people[1], want=1)
    assert offered == [before]  # to the letter what the first one saw
    assert review(people[1], draft).review.role == "second"
    with pytest.raises(Conflict) as late:
        review(people[2], draft)
    assert late.value.code == "reviewed_meanwhile"
    assert kept() == (2, 0, 2)


@pytest.mark.row("5.2")
def test_in_shadow_nothing_is_ever_sent(make_pilot, make_draft, people):
    make_pilot(double_percent=0)
    approved, edited = make_draft(), make_draft()
    assert review(people[0], approved).sent is False
    done = review(people[0], edited, "edited", verdict="wrong_tone", final_text="Friendlier words")
    assert (done.sent, done.sends_note) == (False, "Shadow mode: nothing is sent.")
    assert not Draft.objects.exclude(sent_text="", sent_via="", sent_by="", sent_at=None).exists()
    assert Review.objects.get(draft=edited).final_text == "Friendlier words"


@pytest.mark.row("5.2", "5.3")
def test_in_assist_the_first_review_sends_with_it_and_cannot_be_taken_back(make_pilot, make_draft, people):
    make_pilot(stage="assist", double_percent=0)
    approved, edited, rejected = make_draft(), make_draft(), make_draft()
    first = review(people[0], approved)
    review(people[0], edited, "edited", verdict="incomplete", final_text="Under *Settings*.")
    last = review(people[0], rejected, "rejected", verdict="unsafe")
    for draft in (approved, edited, rejected):
        draft.refresh_from_db()
    assert (approved.sent_text, approved.sent_via, approved.sent_by) == (approved.turn.reply, "desk", "ann")
    assert approved.sent_at is not None
    assert (edited.sent_text, edited.sent_via) == ("Under *Settings*.", "desk")
    assert (rejected.sent_text, rejected.sent_at, last.sent) == ("", None, False)
    with pytest.raises(Conflict) as refused:
        review_undo(actor=people[0], key=first.review.key)
    assert (refused.value.code, Review.objects.filter(undone_at=None).count()) == ("already_sent", 3)
    assert review_undo(actor=people[0], key=last.review.key).is_new


def test_a_second_review_never_sends(make_pilot, make_draft, people):
    make_pilot(stage="assist")
    draft = twice(make_draft())
    first = review(people[0], draft, "rejected", verdict="wrong_fact")
    second = review(people[1], draft)
    draft.refresh_from_db()
    assert (second.sent, draft.sent_at) == (False, None)
    with pytest.raises(Conflict) as refused:
        review_undo(actor=people[0], key=first.review.key)
    assert refused.value.code == "second_stands"


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda d: Pilot.objects.update(state="halted"), "stopped"),
        (lambda d: Pilot.objects.update(stage="shadow"), "shadow"),
        (lambda d: Conversation.objects.update(state="with_human"), "person has the conversation"),
        (lambda d: Turn.objects.update(decision="escalate", rule_trigger="legal"), "handoff desk"),
    ],
)
def test_in_assist_nothing_is_sent_where_it_would_not_be_right(make_pilot, make_draft, people, spoil, word):
    make_pilot(stage="assist", double_percent=0)
    draft = make_draft()
    spoil(draft)
    assert word in offer_of(draft.pk).sends_note
    done = review(people[0], draft)
    draft.refresh_from_db()
    assert (done.sent, word in done.sends_note, draft.sent_at) == (False, True, None)
    assert Review.objects.count() == 1


@pytest.mark.row("5.2")
def test_a_rehearsed_action_is_not_told_as_done(make_pilot, make_draft, people):
    make_pilot(stage="assist", double_percent=0)
    draft = make_draft()
    flow = {"title": "Refund", "version": 1, "step": None, "missing": []}
    done = [{"action": "stripe_refund", "state": "dry_run", "message": "", "data": {}}]
    Turn.objects.filter(pk=draft.turn_id).update(flow=flow, actions=done)
    later = make_draft(conversation_id=draft.conversation_id)
    Turn.objects.filter(pk=later.turn_id).update(flow=flow)
    for one in (draft, later):
        with pytest.raises(Conflict) as refused:
            review(people[0], one)
        assert refused.value.code == "undone_action"
        assert "stripe_refund was only rehearsed" in refused.value.message
        assert offer_of(one.pk).undone == ("stripe_refund",)
    assert kept() == (0, 0, 0)
    assert review(people[0], draft, "edited", verdict="wrong_fact", final_text="Refunded by hand.").sent
    Turn.objects.filter(pk=later.turn_id).update(flow=None)
    assert review(people[0], later).sent


def test_undo_gives_the_draft_back_and_makes_the_second_review_the_first(make_pilot, make_draft, people):
    make_pilot()
    draft = twice(make_draft())
    first = review(people[0], draft, "rejected", verdict="outdated")
    second = review(people[1], draft)
    with pytest.raises(NotAllowed):
        review_undo(actor=people[1], key=first.review.key)
    assert review_undo(actor=people[0], key=first.review.key).is_new
    assert review_undo(actor=people[0], key=first.review.key).is_new is False
    draft.refresh_from_db()
    second.review.refresh_from_db()
    assert (draft.missing, draft.claimed_by_id) == (1, people[0].user_id)
    assert (second.review.role, Review.objects.count()) == ("first", 2)
    assert review(people[0], draft, "rejected", verdict="unsafe").review.role == "second"


def test_what_a_person_really_sent_is_kept_once_and_never_overwritten(make_pilot, make_draft, people):
    make_pilot(stage="assist", double_percent=0)
    draft = make_draft()
    draft_sent_report(actor=people[0], draft_id=draft.pk, text=" Solved by phone ", sent_by="Tom")
    draft_sent_report(actor=people[0], draft_id=draft.pk, text="Solved by phone", sent_by="Somebody")
    draft.refresh_from_db()
    assert (draft.sent_text, draft.sent_via, draft.sent_by) == ("Solved by phone", "api", "Tom")
    with pytest.raises(Conflict) as refused:
        draft_sent_report(actor=people[0], draft_id=draft.pk, text="Else")
    assert refused.value.code == "already_sent"
    assert Activity.objects.filter(verb="draft.sent_reported").count() == 1
    assert review(people[0], draft).sent is False
    draft.refresh_from_db()
    assert (draft.sent_text, draft.sent_via) == ("Solved by phone", "api")
    shown = offer_of(draft.pk)
    assert (shown.human_text, shown.human_via) == ("Solved by phone", "Reported through the API")
    assert shown.human_diff == ()  # nothing of the draft's
    Draft.objects.filter(pk=draft.pk).update(sent_text=f"{draft.turn.reply} Bye.")
    assert offer_of(draft.pk).human_diff == (("same", draft.turn.reply), ("added", " Bye."))


def test_a_reviewer_sees_what_was_really_said_before(make_pilot, make_draft, people):
    make_pilot(stage="assist", double_percent=0)
    first = make_draft()
    second = make_draft("And now?", conversation_id=first.conversation_id, external_id="c-1", tier="pro")
    assert [line.role for line in offer_of(second.pk).lines] == ["customer", "draft"]
    review(people[0], first, "edited", verdict="wrong_tone", final_text="As edited")
    shown = offer_of(second.pk)
    assert [(line.role, line.text) for line in shown.lines] == [
        ("customer", "How do I export my data?"),
        ("person", "As edited"),
    ]
    assert dict(shown.customer) == {
        "Customer": "c-1",
        "Identity verified": "yes",
        "Tier": "pro",
        "Earlier conversations": "0",
    }
    assert (shown.intent, shown.confidence, shown.sources[0].article_id) == ("data_export", 0.93, 12)
    again = make_draft("Once more", external_id="c-1")
    assert dict(offer_of(again.pk).customer)["Earlier conversations"] == "1"


def test_a_reviewer_sees_what_people_wrote_meanwhile_and_how_much_is_left_out(make_pilot, make_draft, people):
    make_pilot(stage="assist", double_percent=0)
    first = make_draft("I want a human")
    handoff = Handoff.objects.get()
    handoff_accept(actor=SYSTEM, handoff=handoff)
    for number in range(40):
        message_reply(actor=SYSTEM, handoff=handoff, text=f"line {number}")
    handoff_return(actor=SYSTEM, handoff=handoff)
    shown = offer_of(make_draft(conversation_id=first.conversation_id).pk)
    assert (shown.lines[0].text, shown.lines[-1].text) == ("line 0", "line 39")
    assert ({line.role for line in shown.lines}, shown.omitted) == ({"person"}, 2)


@pytest.mark.row("8.7")
def test_taking_ten_drafts_costs_the_queries_of_taking_three(make_pilot, make_draft, people):
    make_pilot(double_percent=0)
    for number in range(16):
        make_draft(external_id=f"c-{number}")
    counts = []
    for person, want in ((people[0], 3), (people[1], 10)):
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert len(drafts_take(actor=person, want=want)) == want
        counts.append(len(found))
    assert counts[0] == counts[1] < 20


def test_coverage_agreement_and_reviewers_are_counted_from_rows(make_pilot, make_draft, people):
    pilot = make_pilot(double_percent=0)
    drafts = [make_draft() for _ in range(4)]
    Draft.objects.filter(pk=drafts[3].pk).update(in_sample=False, missing=0)
    twice(drafts[0])
    review(people[0], drafts[0])
    review(people[1], drafts[0], "rejected", verdict="wrong_tone")
    undone = review(people[0], drafts[1])
    review_undo(actor=people[0], key=undone.review.key)
    review(people[0], drafts[2])
    week, whole = coverage_of(pilot)
    assert week.week == drafts[0].week.isoformat()
    assert (whole.week, whole.all, whole.in_sample, whole.reviewed) == ("all", 4, 3, 2)
    assert (whole.double, whole.reviewed_twice) == (1, 1)
    found = kappa_of(pilot)
    assert (found.n, found.agreed, found.kappa, found.why_not) == (1, 0, None, "too few: 1 of at least 20")
    assert [(r.person, r.today, r.week, r.all) for r in reviewers_of(pilot)] == [
        ("ann", 2, 2, 2),
        ("ben", 1, 1, 1),
    ]
    assert (progress_of(people[0].user_id).today, progress_of(people[0].user_id).left) == (2, 1)


def test_kappa_is_the_textbook_s(make_pilot, make_draft, people):
    pilot = make_pilot(double_percent=0)
    answers = [("correct", "correct")] * 14 + [("unsafe", "unsafe")] * 2 + [("correct", "unsafe")] * 4
    for one, other in answers:
        draft = twice(make_draft())
        for person, verdict in ((people[0], one), (people[1], other)):
            review(person, draft, "approved" if verdict == "correct" else "rejected", verdict=verdict)
    found = kappa_of(pilot)
    # observed 16/20; by chance .9·.7 + .1·.3 = .66
    assert (found.n, found.agreed) == (20, 16)
    assert found.kappa == pytest.approx((0.8 - 0.66) / (1 - 0.66))


def test_a_refusal_is_a_domain_error_with_words(make_pilot, make_draft, people):
    make_pilot()
    draft = make_draft()
    draft.conversation.delete()
    with pytest.raises(DomainError) as refused:
        review(people[0], draft)
    assert refused.value.code == "draft_gone"


def test_the_reviewer_reads_who_worded_an_answer_and_what_was_left_out(make_pilot, make_draft) -> None:
    make_pilot()
    draft = make_draft()
    assert offer_of(draft.pk).written == ("The cited section, in its own words.",)
    steps = draft.turn.trace.steps
    reply = next(step for step in steps if step["name"] == "reply")
    dropped = [{"text": "It costs 5 EUR.", "why": "figure"}]
    reply["details"]["draft"] = {"by": "extractive", "why": "llm_timeout", "dropped": dropped}
    Trace.objects.filter(turn=draft.turn).update(steps=steps)
    told = offer_of(draft.pk).written
    assert told[0] == ("The cited section, in its own words: the language model did not answer in time.")
    assert told[1].startswith("Left out: “It costs 5 EUR.” (")
