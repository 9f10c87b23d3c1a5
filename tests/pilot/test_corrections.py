"""What pilots show becomes proposals, none is lost, and nothing is learned before a person accepts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, StaleTransition
from core.jobs import enqueue, run_due
from core.models import Activity, Job, User
from escalation.models import Rule
from intents.models import EvaluationCase, Example, Intent
from intents.phrasings import text_hash
from kb.models import Article, AudienceValue, Revision, VoiceTerm
from kb.services import article_create, revision_save_draft
from pilot.corrections import collecting, making
from pilot.corrections.accepting import (
    correction_accept,
    correction_choose_kind,
    correction_decline,
    correction_reopen,
)
from pilot.corrections.collecting import OVERTAKEN, TAKEN_BACK, corrections_collect
from pilot.models import CollectedReview, Correction, Draft
from runtime.flows.services import flow_activate, flow_create
from runtime.models import Conversation, Feedback, ResolutionFlow
from supportadmin.roles import roles_sync
from tests.pilot.correcting import say_of, undo
from tickets.models import ImportBatch, Ticket

pytestmark = pytest.mark.django_db


def states(*fields: str) -> list[tuple[Any, ...]]:
    return list(Correction.objects.order_by("pk").values_list(*fields))


@pytest.fixture
def lead(make_user: Callable[..., User]) -> Actor:
    roles_sync()
    return Actor.of_user(make_user("lena", roles=("Support lead",)))


@pytest.fixture
def intent(db: None) -> Intent:
    return Intent.objects.create(slug="data_export", label="Data export", state="active")


@pytest.fixture
def one(make_pilot: Callable[..., Any], make_draft: Callable[..., Draft]) -> Callable[..., Correction]:
    """Make the one correction that a draft gives after a review."""
    make_pilot()

    def make(verdict: str = "correct", message: str = "How do I export my data?", **more: Any) -> Correction:
        draft = make_draft(message)
        say_of(draft, verdict, **more)
        corrections_collect()
        return Correction.objects.order_by("pk").filter(draft=draft)[0]

    return make


# --- Collecting ---------------------------------------------------------------------------------------------


@pytest.mark.row("5.3")
def test_a_draft_approved_as_it_was_is_a_positive_of_the_lowest_priority(one):
    found = one()
    assert (found.source, found.kind, found.priority, found.state) == ("review", "positive", 3, "proposed")
    assert found.payload["text"] == "How do I export my data?"
    assert (Example.objects.count(), Revision.objects.count()) == (0, 0)


@pytest.mark.row("5.6")
def test_every_message_not_understood_and_every_incorrect_resolution_gives_exactly_one_correction(
    make_pilot, make_draft
):
    make_pilot()
    for number in range(4):
        make_draft(f"unsure {number}")
    nothing = [make_draft(f"nothing found {number}") for number in range(3)]
    answered = [make_draft(f"How do I export number {number}?") for number in range(6)]
    down, stars, again, fine, wrong, praised = answered
    for draft, fields in ((down, {"rating": "down"}), (stars, {"csat": 2}), (again, {"reopened": True})):
        Feedback.objects.create(turn=draft.turn, given_by="x", **fields)
    Feedback.objects.create(turn=fine.turn, given_by="x", rating="up", csat=3, reopened=False)
    say_of(wrong, "outdated")
    say_of(praised)
    say_of(nothing[0], "incomplete", text="You cannot.")
    assert corrections_collect()["proposed"] == 12
    not_understood = Draft.objects.filter(turn__reason__in=("low_confidence", "no_answer"))
    by_source = {
        source: Correction.objects.filter(source=source, priority=1).values_list("draft_id", flat=True)
        for source in ("not_understood", "incorrect")
    }
    assert sorted(by_source["not_understood"]) == sorted(not_understood.values_list("pk", flat=True))
    assert not_understood.count() == 7
    assert sorted(by_source["incorrect"]) == sorted(draft.pk for draft in (down, stars, again, wrong))
    first_of_queue = list(Correction.objects.values_list("priority", flat=True))
    assert first_of_queue == sorted(first_of_queue)
    assert first_of_queue.count(1) == 11
    assert corrections_collect() == {"proposed": 0, "changed": 0, "withdrawn": 0}


@pytest.mark.row("5.6")
def test_nothing_is_lost_where_the_work_is_killed_half_way(make_pilot, make_draft, monkeypatch):
    make_pilot()
    drafts = [make_draft(f"unsure {number}") for number in range(5)]
    say_of(drafts[0], "incomplete", text="This way.")
    monkeypatch.setattr(collecting, "BATCH", 2)
    known, calls = collecting.facts_of, []

    def killed(rows: list[Draft]) -> Any:  # after the reviews were marked as read
        calls.append(rows)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return known(rows)

    monkeypatch.setattr(collecting, "facts_of", killed)
    say_of(drafts[3], "outdated", text="Elsewhere.")
    with pytest.raises(KeyboardInterrupt):
        corrections_collect()
    assert (Correction.objects.count(), CollectedReview.objects.count()) == (2, 1)
    monkeypatch.setattr(collecting, "facts_of", known)
    corrections_collect()
    assert sorted(Correction.objects.values_list("draft_id", flat=True)) == [draft.pk for draft in drafts]


@pytest.mark.row("5.6")
def test_feedback_that_comes_late_takes_the_praise_back_and_comes_first(one):
    praised = one()
    Feedback.objects.create(turn=praised.draft.turn, given_by="x", csat=1)
    assert corrections_collect() == {"proposed": 1, "changed": 0, "withdrawn": 1}
    assert states("source", "kind", "state", "note") == [
        ("review", "positive", "declined", OVERTAKEN),
        ("incorrect", "article", "proposed", ""),
    ]
    assert Correction.objects.get(source="incorrect").title.endswith("rated 1 of 5")


def test_a_review_of_a_complaint_says_what_the_one_correction_of_it_proposes(make_pilot, make_draft):
    make_pilot()
    draft = make_draft()
    Feedback.objects.create(turn=draft.turn, given_by="x", rating="down")
    corrections_collect()
    review = say_of(draft, "wrong_tone", text=draft.turn.reply.replace("Open", "Please open"))
    assert corrections_collect() == {"proposed": 0, "changed": 1, "withdrawn": 0}
    assert states("source", "kind", "review_id") == [("incorrect", "voice", review.pk)]
    undo(review)
    assert corrections_collect() == {"proposed": 0, "changed": 1, "withdrawn": 0}
    assert states("source", "kind", "review_id") == [("incorrect", "article", None)]


def test_a_review_taken_back_takes_what_it_proposed_back_and_a_new_one_proposes_it_again(one):
    found = one("outdated")
    undo(found.review)
    corrections_collect()
    assert states("state", "note", "decided_by") == [("declined", TAKEN_BACK, "")]
    say_of(found.draft, "outdated", text="Now it is elsewhere.")
    assert corrections_collect() == {"proposed": 0, "changed": 1, "withdrawn": 0}
    assert states("source", "state", "note") == [("incorrect", "proposed", "")]


@pytest.mark.row("5.6")
def test_a_complaint_after_a_review_was_taken_back_is_proposed_all_the_same(one):
    found = one("wrong_tone")
    undo(found.review)
    corrections_collect()
    assert states("source", "kind", "state") == [("incorrect", "voice", "declined")]
    Feedback.objects.create(turn=found.draft.turn, given_by="x", reopened=True)
    assert corrections_collect() == {"proposed": 0, "changed": 1, "withdrawn": 0}
    assert states("source", "kind", "state", "review_id") == [("incorrect", "article", "proposed", None)]


def test_what_was_accepted_stays_when_the_review_is_taken_back(one, lead, intent):
    found = correction_accept(actor=lead, correction=one())
    undo(found.review)
    corrections_collect()
    assert states("state", "kind") == [("accepted", "positive")]
    assert Example.objects.get().state == "active"


def test_what_a_person_declined_is_not_proposed_again_but_a_review_may_add_something_else(
    make_pilot, make_draft, lead
):
    make_pilot()
    draft = make_draft()
    Feedback.objects.create(turn=draft.turn, given_by="x", rating="down")
    corrections_collect()
    correction_decline(actor=lead, correction=Correction.objects.get(), note="A mistaken thumb.")
    assert corrections_collect() == {"proposed": 0, "changed": 0, "withdrawn": 0}
    say_of(draft, "wrong_tone")
    corrections_collect()
    assert states("source", "kind", "state") == [
        ("incorrect", "article", "declined"),
        ("review", "voice", "proposed"),
    ]
    assert corrections_collect() == {"proposed": 0, "changed": 0, "withdrawn": 0}


def test_the_job_collects_and_a_page_leaves_the_rest_to_it(make_pilot, make_draft, monkeypatch):
    make_pilot()
    for number in range(5):
        make_draft(f"unsure {number}")
    monkeypatch.setattr(collecting, "BATCH", 2)
    assert corrections_collect(max_batches=1)["proposed"] == 2
    enqueue(collecting.COLLECT_TASK)
    run_due()
    assert Job.objects.get(task=collecting.COLLECT_TASK).result == {
        "proposed": 3,
        "changed": 0,
        "withdrawn": 0,
    }


def test_personal_data_never_becomes_part_of_a_phrasing(one):
    found = one(message="How do I export, I am jane.doe@example.com?")
    assert "jane.doe" not in str(found.payload) + found.title
    assert "[email]" in found.payload["text"]


# --- Accepting ----------------------------------------------------------------------------------------------


@pytest.mark.row("5.3")
def test_a_phrasing_becomes_an_example_with_the_turn_that_it_comes_from(one, lead, intent):
    found = one()
    done = correction_accept(actor=lead, correction=found, note="Good.")
    example = Example.objects.get()
    assert (example.text, example.intent, example.origin) == ("How do I export my data?", intent, "review")
    assert example.source_ref == f"turn:{found.draft.turn_id}"
    assert (done.state, done.decided_by, done.note) == ("accepted", "lena", "Good.")
    assert (done.result["model"], done.result["id"]) == ("intents.example", example.pk)
    assert Activity.objects.get(verb="correction.accepted").actor_label == "lena"


def test_a_replayed_ticket_is_named_as_the_place_that_the_words_come_from(one, lead, intent):
    found = one()
    now = timezone.now()
    batch = ImportBatch.objects.create(
        source="zendesk",
        state="failed",
        file_name="t.csv",
        window_start=now - timedelta(days=1),
        window_end=now,
    )
    ticket = Ticket.objects.create(
        source="zendesk",
        external_id="4711",
        status="closed",
        channel="email",
        created_at=now,
        updated_at=now,
        closed_at=now,
        first_batch=batch,
        last_batch=batch,
    )
    Conversation.objects.update(ticket=ticket)
    correction_accept(actor=lead, correction=Correction.objects.get(pk=found.pk))
    example = Example.objects.get()
    assert (example.origin, example.source_ref) == ("ticket", "zendesk:4711")


def test_words_that_models_are_tested_with_are_held_back(one, lead, intent, monkeypatch):
    found = one()
    text = "How do I export my data?"
    case = EvaluationCase.objects.create(
        intent=intent, text=text, text_hash=text_hash(text), origin="review", source_ref="x"
    )
    with pytest.raises(InvalidInput) as refused:
        correction_accept(actor=lead, correction=found)
    assert refused.value.code == "is_test_phrase"
    case.delete()
    monkeypatch.setattr(making, "is_frozen_text", lambda text: True)
    with pytest.raises(Conflict) as frozen:
        correction_accept(actor=lead, correction=found)
    assert frozen.value.code == "is_frozen"
    assert (Example.objects.count(), states("state")) == (0, [("proposed",)])
    assert not Activity.objects.filter(verb__startswith="correction.").exists()


def test_without_an_intent_nothing_is_learned(one, lead, intent):
    found = one("correct", outcome="rejected")
    with pytest.raises(InvalidInput, match="Choose the intent"):
        correction_accept(actor=lead, correction=found)
    assert (Example.objects.count(), states("state")) == (0, [("proposed",)])
    correction_accept(actor=lead, correction=found, changes={"intent": "data_export"})
    assert Example.objects.get().intent == intent


@pytest.mark.parametrize(
    ("permissions", "named"),
    [
        ((), "pilot.decide_correction"),
        (("intents.add_example",), "pilot.decide_correction"),
        (("pilot.decide_correction",), "intents.add_example"),
    ],
)
def test_who_lacks_a_permission_is_told_which_and_nothing_is_written(
    one, intent, make_user, permissions, named
):
    found = one()
    person = Actor.of_user(make_user("pat", *permissions))
    before = Activity.objects.count()
    with pytest.raises(NotAllowed) as refused:
        correction_accept(actor=person, correction=found)
    assert refused.value.extra == {"needs": named}
    assert (Example.objects.count(), Activity.objects.count(), states("state")) == (
        0,
        before,
        [("proposed",)],
    )


def test_the_system_accepts_nothing(one, intent):
    with pytest.raises(NotAllowed, match="Only a person"):
        correction_accept(actor=Actor.system("job"), correction=one())
    assert Example.objects.count() == 0


def test_of_two_people_at_once_one_wins(one, lead, intent, make_user):
    found = one()
    same = Correction.objects.get(pk=found.pk)
    correction_accept(actor=lead, correction=found)
    other = Actor.of_user(make_user("otto", roles=("Support lead",)))
    for act in (correction_accept, correction_decline):
        with pytest.raises(StaleTransition):
            act(actor=other, correction=same)
    assert (Example.objects.count(), states("decided_by")) == (1, [("lena",)])


@pytest.fixture
def article(make_user: Callable[..., User]) -> Article:
    """An article with one draft."""
    roles_sync()
    writer = Actor.of_user(make_user("wim", roles=("KB owner",)))
    body = "## Steps\n\n1. Open **Settings**.\n2. Choose **Export**."
    revision = article_create(actor=writer, slug="export", title="How do I export?", body=body)
    return revision.article


def proposed_for(article: Article, found: Correction) -> Correction:
    """Let the correction be about an article that is there: the made-up engine cites one that is not."""
    payload = {**found.payload, "article_id": article.pk}
    Correction.objects.filter(pk=found.pk).update(payload=payload)
    return Correction.objects.get(pk=found.pk)


@pytest.mark.row("5.3", "5.8")
def test_a_wrong_fact_becomes_a_draft_of_the_cited_article_and_is_not_published(one, lead, article):
    found = one("wrong_fact")
    text = found.draft.turn.reply.replace("Export", "Backup")
    found = one("wrong_fact", message="How do I export it?", text=text)
    done = correction_accept(actor=lead, correction=proposed_for(article, found))
    draft = article.revisions.latest("number")
    assert (draft.number, draft.state, draft.author.username) == (2, "draft", "lena")
    assert "Backup" in draft.body
    assert draft.summary.startswith(f"From the pilot, correction {found.pk}: ")
    assert done.result["model"] == "kb.revision"
    article.refresh_from_db()
    assert article.published_revision is None


def test_a_draft_under_review_is_not_pushed_aside(one, lead, article):
    Revision.objects.update(state="in_review", submitted_at=timezone.now())
    found = proposed_for(article, one("outdated", text="It is elsewhere now."))
    with pytest.raises(Conflict) as refused:
        correction_accept(actor=lead, correction=found)
    assert refused.value.code == "revision_under_review"
    assert (Revision.objects.count(), Correction.objects.get(pk=found.pk).state) == (1, "proposed")


def test_an_article_edited_meanwhile_is_not_overwritten(one, lead, article):
    found = proposed_for(article, one("outdated", text="It is elsewhere now."))
    newest = article.revisions.get()
    revision_save_draft(
        actor=Actor.of_user(newest.author), article=article, base_number=1, title="T", body="Other."
    )
    with pytest.raises(Conflict) as refused:
        correction_accept(actor=lead, correction=found, changes={"base_number": 1, "body": "Mine."})
    assert refused.value.code == "stale_revision"
    assert article.revisions.latest("number").body == "Other."


def test_a_complaint_alone_changes_no_article_until_somebody_has_written_what_it_should_say(
    make_pilot, make_draft, lead, article
):
    make_pilot()
    draft = make_draft()
    Feedback.objects.create(turn=draft.turn, given_by="x", csat=2)
    corrections_collect()
    found = proposed_for(article, Correction.objects.get())
    with pytest.raises(InvalidInput) as refused:
        correction_accept(actor=lead, correction=found)
    assert (refused.value.code, Revision.objects.count()) == ("nothing_to_change", 1)


@pytest.mark.row("5.8")
def test_what_is_wrong_for_one_plan_becomes_an_article_for_that_plan_alone(one, lead, article):
    AudienceValue.objects.create(kind="tier", value="free", label="Free")
    found = proposed_for(article, one("wrong_segment", tier="free", text="Upgrade first."))
    correction_accept(actor=lead, correction=found)
    made = Article.objects.exclude(pk=article.pk).get()
    assert made.title == "How do I export my workspace? (free)"
    assert [value.value for value in made.audience_values.all()] == ["free"]
    assert (made.for_everyone, made.published_revision) == (False, None)
    assert article.revisions.count() == 1


@pytest.mark.row("5.8")
def test_an_unsafe_draft_becomes_a_disabled_rule(one, lead):
    found = one("unsafe")
    with_words = {"phrases": ["export my data"], "outcome": "hard", "intent": ""}
    before = Rule.objects.filter(live_version__isnull=False).count()
    correction_accept(actor=lead, correction=found, changes=with_words)
    rule = Rule.objects.latest("pk")
    assert (rule.kind, rule.trigger, rule.enabled) == ("hard", "pattern", False)
    assert rule.parameters["phrases"] == ["export my data"]
    assert Rule.objects.filter(live_version__isnull=False).count() == before


def test_a_hard_rule_for_every_message_of_an_intent_is_refused(one, lead):
    found = one("unsafe")
    before = Rule.objects.count()
    with pytest.raises(InvalidInput, match="A hard rule needs words"):
        correction_accept(actor=lead, correction=found, changes={"outcome": "hard", "phrases": []})
    assert Rule.objects.count() == before
    correction_accept(actor=lead, correction=found)  # as proposed: soft, and limited to the intent
    rule = Rule.objects.latest("pk")
    assert (rule.kind, rule.conditions) == ("soft", {"intents": ["data_export"]})


@pytest.mark.row("5.3")
def test_a_tone_becomes_a_voice_rule_of_whoever_owns_the_voice(one, lead, make_user):
    found = one("wrong_tone")
    changes = {"unwanted": "Unfortunately", "instead": "", "reason": "Say what can be done."}
    with pytest.raises(NotAllowed) as refused:
        correction_accept(actor=lead, correction=found, changes=changes)
    assert refused.value.extra == {"needs": "kb.add_voiceterm"}
    owner = Actor.of_user(make_user("olga", roles=("KB owner",)))
    done = correction_accept(actor=owner, correction=found, changes=changes)
    assert (VoiceTerm.objects.get().unwanted, VoiceTerm.objects.get().instead) == ("Unfortunately", "")
    _, told = correction_reopen(actor=owner, correction=done)
    assert (told, VoiceTerm.objects.count()) == ("The voice rule is removed.", 0)


STEPS = {
    "format": 1,
    "steps": [
        {"id": "say", "kind": "say", "text": "I export it for you now."},
        {"id": "done", "kind": "end", "outcome": "resolved", "text": "Done."},
    ],
}


@pytest.fixture
def flow(intent: Intent) -> ResolutionFlow:
    made = flow_create(actor=Actor.system("t"), intent="data_export", title="Export", definition=STEPS)
    ResolutionFlow.objects.filter(pk=made.pk).update(state="active", active_version=made.versions.get())
    made.refresh_from_db()
    return made


@pytest.mark.row("5.3")
def test_an_edit_in_a_flow_becomes_a_version_that_nobody_is_answered_with_yet(flow, one, lead):
    found = one("incomplete", text="I export it for you now; it takes an hour.")
    assert (found.kind, found.payload["flow_id"]) == ("flow", flow.pk)
    changes = {"step": "say", "field": "text", "text": "I export it now; it takes an hour."}
    done = correction_accept(actor=lead, correction=found, changes=changes)
    flow.refresh_from_db()
    assert (flow.latest_number, flow.active_version.number) == (2, 1)
    assert flow.versions.get(number=2).definition["steps"][0]["text"] == "I export it now; it takes an hour."
    assert flow.versions.get(number=2).note == f"From the pilot, correction {found.pk}"
    _, told = correction_reopen(actor=lead, correction=done)
    flow.refresh_from_db()
    assert told == "The flow's newest version is as version 1 was."
    assert flow.versions.get(number=3).definition == STEPS


def test_a_flow_whose_new_version_answers_already_stays_when_it_is_taken_back(flow, one, lead):
    found = one("incomplete", text="It takes an hour.")
    changes = {"step": "say", "field": "text", "text": "It takes an hour."}
    done = correction_accept(actor=lead, correction=found, changes=changes)
    flow.refresh_from_db()
    flow_activate(actor=lead, flow=flow, number=2)
    row, told = correction_reopen(actor=lead, correction=done)
    assert told.startswith("The flow stays")
    assert (row.state, flow.versions.count()) == ("proposed", 2)


# --- Taking back --------------------------------------------------------------------------------------------


def test_an_accepted_phrasing_is_taken_back_and_accepted_again(one, lead, intent):
    done = correction_accept(actor=lead, correction=one())
    row, told = correction_reopen(actor=lead, correction=done)
    assert told.startswith("The example is retired")
    assert (row.state, row.decided_by, Example.objects.get().state) == ("proposed", "", "retired")
    correction_accept(actor=lead, correction=row)
    assert (Example.objects.count(), Example.objects.get().state) == (1, "active")


def test_an_example_that_was_there_before_is_not_retired(one, lead, intent):
    text = "How do I export my data?"
    Example.objects.create(
        intent=intent, text=text, text_hash=text_hash(text), origin="review", source_ref="x"
    )
    done = correction_accept(actor=lead, correction=one())
    assert done.result["existing"] is True
    correction_reopen(actor=lead, correction=done)
    assert Example.objects.get().state == "active"


def test_a_new_article_is_archived_and_a_rule_put_away_when_they_are_taken_back(one, lead):
    changes = {"article_id": None, "title": "Exports", "body": "Ask us."}
    article = correction_accept(actor=lead, correction=one("outdated"), changes=changes)
    assert correction_reopen(actor=lead, correction=article)[1] == (
        "The new article is archived; it was never published."
    )
    assert Article.objects.get().archived_at is not None
    rule = correction_accept(actor=lead, correction=one("unsafe", message="How do I export it?"))
    assert (
        correction_reopen(actor=lead, correction=rule)[1]
        == "The rule is archived; it never decided anything."
    )
    assert Rule.objects.latest("pk").archived_at is not None


def test_a_draft_that_somebody_went_on_with_stays(one, lead, article):
    found = proposed_for(article, one("outdated", text="It is elsewhere now."))
    done = correction_accept(actor=lead, correction=found)
    Revision.objects.filter(number=2).update(state="in_review", submitted_at=timezone.now())
    _, told = correction_reopen(actor=lead, correction=done)
    assert told.startswith("The draft stays")
    assert article.revisions.count() == 2


def test_a_declined_correction_is_opened_again(one, lead):
    done = correction_decline(actor=lead, correction=one(), note="Not needed.")
    assert (done.state, done.note) == ("declined", "Not needed.")
    row, told = correction_reopen(actor=lead, correction=done)
    assert (row.state, row.note, told) == ("proposed", "", "")


def test_nobody_teaches_the_agent_its_own_guess_at_what_it_did_not_understand(make_pilot, make_draft, lead):
    make_pilot()
    make_draft("unsure what this is")
    corrections_collect()
    found = Correction.objects.get(kind="phrasing")
    with pytest.raises(InvalidInput) as refused:
        correction_accept(actor=lead, correction=found)
    assert refused.value.code == "no_intent"
    found.refresh_from_db()
    assert (found.state, Example.objects.count()) == ("proposed", 0)


# --- Another kind -------------------------------------------------------------------------------------------


def test_a_person_may_say_that_something_else_should_change_and_that_stays(make_pilot, make_draft, lead):
    make_pilot()
    draft = make_draft()
    Feedback.objects.create(turn=draft.turn, given_by="x", csat=2)
    corrections_collect()
    found = correction_choose_kind(actor=lead, correction=Correction.objects.get(), kind="phrasing")
    assert (found.kind, found.source, found.payload["intent"]) == ("phrasing", "incorrect", "")
    say_of(draft, "wrong_fact")
    assert corrections_collect() == {"proposed": 0, "changed": 0, "withdrawn": 0}
    assert states("kind") == [("phrasing",)]


def test_a_second_review_does_not_bring_back_what_a_person_replaced(one, lead):
    found = one("correct", text="**How do I export my workspace? › Steps**\n\n1. Open the settings.")
    assert (found.source, found.kind) == ("review", "voice")
    correction_choose_kind(actor=lead, correction=found, kind="article")
    say_of(found.draft, by="sam", role="second")
    assert corrections_collect() == {"proposed": 1, "changed": 0, "withdrawn": 0}
    assert states("source", "kind", "state") == [
        ("review", "article", "proposed"),
        ("review", "positive", "proposed"),
    ]


def test_a_draft_that_comes_from_no_flow_has_no_flow_to_mend(one, lead):
    found = one("outdated")
    with pytest.raises(InvalidInput) as refused:
        correction_choose_kind(actor=lead, correction=found, kind="flow")
    assert (refused.value.code, states("kind")) == ("no_flow", [("article",)])


@pytest.mark.skipif(connection.vendor != "sqlite", reason="counts the queries of one vendor")
def test_a_batch_takes_as_many_queries_whatever_its_size(
    make_pilot, make_draft, django_assert_max_num_queries
):
    make_pilot()
    for number in range(3):
        make_draft(f"unsure {number}")
    with django_assert_max_num_queries(16):
        corrections_collect()
    for number in range(3, 23):
        make_draft(f"unsure {number}")
    with django_assert_max_num_queries(16):
        corrections_collect()
    assert Correction.objects.count() == 23


def test_a_phrasing_is_the_customers_own_words_without_greeting_and_signature(make_pilot, make_draft):
    make_pilot()
    signed = "Hello,\n\nunsure how this works with ada@example.com.\n\nKind regards\nAda Byron\nNorthwind Ltd"
    make_draft(signed)
    corrections_collect()
    assert Correction.objects.get(kind="phrasing").payload["text"] == "unsure how this works with [email]."
