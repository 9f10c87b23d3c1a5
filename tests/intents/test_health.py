"""The health check as a job and a page: what is found, mended, ignored, merged and taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import jobs
from core.actors import Actor
from core.errors import Conflict, DomainError
from core.models import Activity, Job, User
from integrations.contracts import SourceMessage
from intents.health.checking import (
    TASK,
    dataset_fingerprint,
    health_check_run,
    health_check_start,
    latest_health_report,
)
from intents.health.readout import Readout
from intents.models import (
    EvaluationCase,
    Example,
    HealthReport,
    IgnoredFinding,
    Intent,
    IntentMerge,
    ServedCategory,
)
from intents.phrasings import text_hash
from intents.services import (
    NewCase,
    NewExample,
    case_add,
    example_add,
    example_move,
    example_retire,
    examples_add,
    finding_ignore,
    finding_take_back,
    intent_create,
    intent_merge,
    intent_merge_undo,
    merging,
    release_activate,
)
from supportadmin.roles import roles_sync
from tests.tickets.builders import NOW, imported, ticket
from tickets.models import Category, Ticket

pytestmark = pytest.mark.django_db
PAGE, ACT = "admin:intents_health", "admin:intents_health_act"


def silent(done: int, total: int, message: str) -> None:
    """Report progress to nobody."""


@pytest.fixture
def two_alike(actor: Actor) -> tuple[Intent, Intent]:
    """Make two intents of which one phrasing each says nearly the same, and one repeats itself."""
    billing = intent_create(actor=actor, slug="billing", label="Billing", state="active")
    access = intent_create(actor=actor, slug="access", label="Access", state="active")
    texts = {
        billing: ["where is my invoice for march", "please update our credit card", "what does a seat cost"],
        access: ["where is my invoice for march please", "I cannot sign in", "I can not sign in"],
    }
    for intent, phrasings in texts.items():
        rows = [NewExample(text, "ticket", f"T-{n}") for n, text in enumerate(phrasings)]
        assert examples_add(actor=actor, intent=intent, rows=rows).refused == ()
    return billing, access


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a support lead."""
    roles_sync()
    return sign_in(make_user("lee", roles=("Support lead",)))


@pytest.fixture
def tagger(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a tagger."""
    roles_sync()
    return sign_in(make_user("kim", roles=("Tagger",)))


def open_of(kind: str) -> list[Any]:
    return list(Readout(latest_health_report()).section(kind).open)


def said(response: object) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]  # type: ignore[attr-defined]


def test_before_the_first_check_the_page_says_the_next_step_and_queues_it(
    tagger: Client, two_alike: tuple[Intent, Intent]
) -> None:
    page = tagger.get(reverse(PAGE)).content.decode()
    assert "Not checked yet" in page
    assert "Check now" in page
    assert tagger.post(reverse("admin:intents_health_check")).status_code == 302
    assert tagger.post(reverse("admin:intents_health_check")).status_code == 302
    assert Job.objects.get(task=TASK).state == "queued"  # asked for twice, queued once
    waiting = tagger.get(reverse(PAGE)).content.decode()
    assert 'http-equiv="refresh"' in waiting
    assert "<progress" in waiting
    assert jobs.run_due() == 1
    report = HealthReport.objects.get()
    assert (report.content["examples"], report.requested_by) == (6, "kim")
    done = tagger.get(reverse(PAGE)).content.decode()
    assert "up to date" in done
    assert 'http-equiv="refresh"' not in done


def test_with_no_phrasings_there_is_nothing_to_check(actor: Actor) -> None:
    with pytest.raises(DomainError) as refusal:
        health_check_start(actor=actor)
    assert (refusal.value.code, Job.objects.count()) == ("no_examples", 0)
    assert health_check_run(progress=silent).content["examples"] == 0


@pytest.mark.row("3.5")
def test_conflicts_and_repetitions_are_listed_with_their_similarity(
    lead: Client, two_alike: tuple[Intent, Intent]
) -> None:
    health_check_run(progress=silent)
    [conflict] = open_of("conflicts")
    assert [e.text for e in conflict.examples] == [
        "where is my invoice for march",
        "where is my invoice for march please",
    ]
    assert conflict.facts["similarity"] >= 0.85
    assert conflict.facts["is_critical"] == (conflict.facts["similarity"] >= 0.95)
    [repetition] = open_of("repetitions")
    assert {e.text for e in repetition.examples} == {"I cannot sign in", "I can not sign in"}
    page = lead.get(reverse(PAGE), {"list": "conflicts"}).content.decode()
    assert f"{conflict.facts['similarity']:.2f}" in page


@pytest.mark.row("3.5")
def test_ignoring_a_conflict_needs_a_reason_and_ends_when_a_text_changes(
    two_alike: tuple[Intent, Intent], actor: Actor
) -> None:
    health_check_run(progress=silent)
    [conflict] = open_of("conflicts")
    ignore = lambda reason: finding_ignore(  # noqa: E731
        actor=actor, kind="conflicts", key=conflict.key, reason=reason
    )
    with pytest.raises(DomainError) as refusal:
        ignore(" ")
    assert (refusal.value.code, IgnoredFinding.objects.count()) == ("reason_missing", 0)
    ignored = ignore("The second one is about another invoice.")
    assert open_of("conflicts") == []
    health_check_run(progress=silent)  # a new report changes nothing about that
    assert open_of("conflicts") == []
    with pytest.raises(DomainError) as refusal:
        ignore("Again.")
    assert (refusal.value.code, IgnoredFinding.objects.count()) == ("already_ignored", 1)
    finding_take_back(actor=actor, ignored=ignored)
    assert len(open_of("conflicts")) == 1
    assert IgnoredFinding.objects.get().reason == "The second one is about another invoice."
    ignore("Once more.")
    example_retire(actor=actor, example=conflict.examples[0])
    changed = "where is my invoice for March now"
    example_add(actor=actor, intent=two_alike[0], text=changed, origin="ticket", source_ref="T-9")
    health_check_run(progress=silent)
    assert [changed in [e.text for e in finding.examples] for finding in open_of("conflicts")] == [True]


def test_the_database_keeps_one_decision_per_finding_and_none_without_a_reason() -> None:
    IgnoredFinding.objects.create(kind="stale", key="k", reason="Still said.")
    for reason in ("Again.", ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            IgnoredFinding.objects.create(kind="stale", key="k", reason=reason)


def test_a_report_is_stale_once_phrasings_or_intents_change_and_hides_what_was_settled(
    lead: Client, two_alike: tuple[Intent, Intent], actor: Actor
) -> None:
    billing, access = two_alike
    report = health_check_run(progress=silent)
    assert report.fingerprint == dataset_fingerprint()
    [conflict] = open_of("conflicts")
    example_move(actor=actor, example=conflict.examples[1], to=billing)
    assert report.fingerprint != dataset_fingerprint()
    assert open_of("conflicts") == []
    assert "out of date" in lead.get(reverse(PAGE)).content.decode()
    example_move(actor=actor, example=conflict.examples[1], to=access)
    assert report.fingerprint == dataset_fingerprint()


@pytest.mark.row("3.5")
def test_the_same_text_in_two_intents_is_mended_on_the_page(
    tagger: Client, two_alike: tuple[Intent, Intent]
) -> None:
    first = two_alike[0].examples.first()
    assert first is not None
    twin = Example.objects.create(
        intent=two_alike[1], text=first.text, text_hash=first.text_hash, origin="synthetic"
    )
    page = tagger.get(reverse(PAGE), {"list": "same-text"}).content.decode()
    assert f'name="example" value="{twin.pk}"' in page
    fields = {"list": "same-text", "act": "retire", "example": [twin.pk]}
    assert said(tagger.post(reverse(ACT), fields))[0].startswith("Phrasings retired: 1.")
    assert Example.objects.get(pk=twin.pk).state == "retired"
    assert open_of("same-text") == []


@pytest.mark.row("3.10")
def test_a_probable_label_error_is_moved_by_a_person_only(
    tagger: Client, support_intents: dict[str, Intent], actor: Actor
) -> None:
    wrong = example_add(
        actor=actor,
        intent=support_intents["billing_inquiry"],
        text="I cannot sign in, my password is refused",
        origin="ticket",
        source_ref="T-77",
    )
    health_check_run(progress=silent)
    finding = next(f for f in open_of("label-errors") if f.examples[0].pk == wrong.pk)
    assert finding.facts["suggested_intent"].slug == "account_access"
    wrong.refresh_from_db()
    assert wrong.intent.slug == "billing_inquiry"  # a suggestion, nothing more
    page = tagger.get(reverse(PAGE), {"list": "label-errors"}).content.decode()
    assert "Looks like <strong>Account access</strong>" in page
    fields = {"list": "label-errors", "act": "move-suggested", "example": [wrong.pk]}
    assert said(tagger.post(reverse(ACT), fields))[0].startswith(
        "Phrasings moved to the suggested intent: 1."
    )
    assert Example.objects.get(pk=wrong.pk).intent.slug == "account_access"
    assert Activity.objects.filter(verb="example.moved", actor_label="kim").count() == 1


@pytest.mark.row("3.10")
def test_intents_with_under_five_phrasings_are_named_on_the_page(
    tagger: Client, two_alike: tuple[Intent, Intent]
) -> None:
    health_check_run(progress=silent)
    page = tagger.get(reverse(PAGE), {"list": "label-errors"}).content.decode()
    assert "Too few phrasings (under 5) to tell: Billing, Access." in page or (
        "Too few phrasings (under 5) to tell: Access, Billing." in page
    )


def test_what_was_ticked_and_typed_stays_where_an_act_cannot_begin(
    tagger: Client, two_alike: tuple[Intent, Intent]
) -> None:
    health_check_run(progress=silent)
    [conflict] = open_of("conflicts")
    first, second = conflict.examples
    fields = {"list": "conflicts", "act": "move", "example": [first.pk], "reason": "<i>typed</i>"}
    response = tagger.post(reverse(ACT), fields)
    page = response.content.decode()
    assert (response.status_code, "Choose the intent to move to." in page) == (400, True)
    assert f'name="example" value="{first.pk}" checked' in page
    assert f'name="example" value="{second.pk}" checked' not in page
    assert "&lt;i&gt;typed&lt;/i&gt;" in page
    nothing = tagger.post(reverse(ACT), {"list": "conflicts", "act": "retire"})
    assert (nothing.status_code, "Tick the phrasings first." in nothing.content.decode()) == (400, True)
    ignored = {"list": "conflicts", "act": "ignore", "finding": [conflict.key], "reason": "Both are right."}
    assert said(tagger.post(reverse(ACT), ignored))[-1].startswith("Findings ignored: 1.")
    page = tagger.get(reverse(PAGE), {"list": "conflicts"}).content.decode()
    assert "Ignored: 1" in page
    back = {"list": "conflicts", "act": "take-back", "ignored": IgnoredFinding.objects.get().pk}
    tagger.post(reverse(ACT), back)
    assert len(open_of("conflicts")) == 1


def test_phrasings_whose_ticket_is_old_are_stale(actor: Actor, make_intent: Callable[..., Intent]) -> None:
    imported(ticket("old"), ticket("new"))
    Ticket.objects.filter(external_id="old").update(closed_at=NOW - timedelta(days=500))
    Ticket.objects.filter(external_id="new").update(closed_at=timezone.now())
    intent = make_intent("billing")
    for text, ref in (("an old phrasing", "old"), ("a new phrasing", "new"), ("a foreign one", "elsewhere")):
        example_add(actor=actor, intent=intent, text=text, origin="ticket", source_ref=ref)
    health_check_run(progress=silent)
    section = Readout(latest_health_report()).section("stale")
    assert [f.examples[0].text for f in section.open] == ["an old phrasing"]
    assert section.checked == 2
    assert "1 phrasings name no ticket that is here" in section.notes[0]


def test_thin_intents_are_read_from_the_rows(make_intent: Callable[..., Intent]) -> None:
    make_intent("billing", real=7, synthetic=3)
    make_intent("bug_report", real=8)
    [thin] = open_of("thin")
    assert (thin.facts["intent"].slug, thin.facts["missing"]) == ("billing", 1)


def test_coverage_says_what_the_live_model_does_not_understand(
    lead: Client, make_version: Callable[..., Any], actor: Actor
) -> None:
    imported(
        ticket("known", subject="", messages=_asked("how do I change my password please tell me")),
        *(
            ticket(f"strange{n}", subject="", messages=_asked(f"do you sell pizza with {topping} on it"))
            for n, topping in enumerate(("cheese", "ham", "olives", "tuna"))
        ),
    )
    health_check_run(progress=silent)
    assert latest_health_report().content["coverage"] is None  # type: ignore[union-attr]  # nothing is live yet
    release_activate(actor=actor, version=make_version())
    health_check_run(progress=silent)
    coverage = latest_health_report().content["coverage"]  # type: ignore[union-attr]
    assert (coverage["tickets"], coverage["understood"]) == (5, 1)
    assert [topic["tickets"] for topic in coverage["topics"]] == [4]
    page = lead.get(reverse(PAGE), {"list": "coverage"}).content.decode()
    assert "20 % (1 of 5)" in page
    assert "do you sell pizza with" in page
    assert "4 alike" in page


def _asked(words: str) -> tuple[Any, ...]:
    return (SourceMessage("customer", words, NOW - timedelta(days=2)),)


@pytest.fixture
def to_merge(two_alike: tuple[Intent, Intent], actor: Actor) -> tuple[Intent, Intent]:
    """Make Access have one text that Billing has too, retired there, and let it come from a category."""
    billing, access = two_alike
    text = "what does a seat cost"
    example_retire(actor=actor, example=billing.examples.get(text=text))
    example_add(actor=actor, intent=access, text=text, origin="ticket", source_ref="T-5")
    Intent.objects.filter(pk=access.pk).update(category=Category.objects.create(name="Sign-in"))
    access.refresh_from_db()
    return billing, access


def test_a_merge_moves_the_phrasings_archives_the_intent_and_can_be_taken_back(
    to_merge: tuple[Intent, Intent], actor: Actor
) -> None:
    billing, access = to_merge
    before = sorted(access.examples.values_list("pk", "text"))
    case = case_add(actor=actor, case=NewCase("let me in", access, "review", "R-1"))
    merge = intent_merge(actor=actor, source=access, into=billing)
    access.refresh_from_db()
    assert access.state == "archived"
    assert len(merge.moved) == 3
    assert list(access.examples.values_list("text", flat=True)) == ["what does a seat cost"]
    assert ServedCategory.objects.get().intent == billing
    assert EvaluationCase.objects.get(pk=case.pk).intent == billing
    assert Activity.objects.get(verb="intent.merged").after == {"into": "billing", "moved": 3, "stayed": 1}
    intent_merge_undo(actor=actor, merge=merge)
    access.refresh_from_db()
    assert (access.state, sorted(access.examples.values_list("pk", "text"))) == ("active", before)
    assert ServedCategory.objects.count() == 0
    assert EvaluationCase.objects.get(pk=case.pk).intent == access
    with pytest.raises(DomainError) as refusal:
        intent_merge_undo(actor=actor, merge=merge)
    assert refusal.value.code == "already_undone"


def test_a_merge_that_cannot_be_done_whole_is_not_done_at_all(
    to_merge: tuple[Intent, Intent], actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    billing, access = to_merge
    calls: list[int] = []

    def second_one_fails(**arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise Conflict("Gone.", code="stale_example")
        example_move(**arguments)

    monkeypatch.setattr(merging, "example_move", second_one_fails)
    with pytest.raises(DomainError):
        intent_merge(actor=actor, source=access, into=billing)
    access.refresh_from_db()
    assert (access.state, access.examples.count(), billing.examples.count()) == ("active", 4, 3)
    assert (IntentMerge.objects.count(), ServedCategory.objects.count()) == (0, 0)


def test_a_lead_merges_behind_a_page_with_evidence_and_a_tagger_may_not(
    lead: Client, two_alike: tuple[Intent, Intent], make_user: Callable[..., User], sign_in: Any
) -> None:
    billing, access = two_alike
    address = reverse("admin:intents_merge", args=(access.pk, billing.pk))
    kim = make_user("kim", roles=("Tagger",))
    assert sign_in(kim).post(address).status_code == 403
    with pytest.raises(DomainError) as refusal:
        intent_merge(actor=Actor.of_user(kim), source=access, into=billing)
    assert refusal.value.code == "not_allowed"
    page = lead.get(address).content.decode()
    assert "I cannot sign in" in page
    assert "where is my invoice for march" in page
    assert IntentMerge.objects.count() == 0
    assert lead.post(address).status_code == 302
    merge = IntentMerge.objects.get()
    assert said(lead.post(address))[-1:] != []
    assert lead.post(address).status_code == 409
    lead.post(reverse("admin:intents_merge_undo", args=(merge.pk,)))
    assert Intent.objects.get(pk=access.pk).state == "active"


@pytest.mark.parametrize("role", ["Reviewer", "KB owner"])
def test_who_may_not_change_phrasings_sees_the_page_and_changes_nothing(
    role: str, two_alike: tuple[Intent, Intent], make_user: Callable[..., User], sign_in: Any
) -> None:
    roles_sync()
    client, example = sign_in(make_user("rae", roles=(role,))), Example.objects.earliest("pk")
    assert client.get(reverse(PAGE)).status_code == 200
    for act in ("retire", "move", "ignore"):
        fields = {"list": "conflicts", "act": act, "example": [example.pk], "reason": "x"}
        assert client.post(reverse(ACT), fields).status_code == 403
    assert client.post(reverse("admin:intents_health_check")).status_code == 403
    assert (Job.objects.count(), Example.objects.active().count()) == (0, 6)


def test_the_page_needs_as_many_queries_for_thirty_findings_as_for_three(
    lead: Client,
    actor: Actor,
    make_intent: Callable[..., Intent],
    django_assert_max_num_queries: Callable[..., Any],
    django_assert_num_queries: Callable[..., Any],
) -> None:
    def report_of(pairs: int) -> None:
        findings = []
        for number in range(pairs):
            made = []
            for intent in intents:
                text = f"{intent.slug} {pairs} {number}"
                row = Example.objects.create(
                    intent=intent, text=text, text_hash=text_hash(text), origin="synthetic"
                )
                made.append([row.pk, intent.pk])
            findings.append({"examples": made, "similarity": 0.9})
        HealthReport.objects.create(
            fingerprint="x",
            seconds=1,
            content={
                "examples": 2 * pairs,
                "intents": 2,
                "sampled": 2 * pairs,
                "conflicts": {"checked": 2 * pairs, "total": pairs, "findings": findings},
            },
        )

    intents = [make_intent("billing"), make_intent("bug_report")]
    report_of(3)
    lead.get(reverse(PAGE))
    with django_assert_max_num_queries(18) as few:
        assert lead.get(reverse(PAGE)).content.decode().count("moderate 0.90") == 3
    report_of(25)
    with django_assert_num_queries(len(few)):
        assert lead.get(reverse(PAGE)).content.decode().count("moderate 0.90") == 25


def test_only_the_last_ten_reports_are_kept(make_intent: Callable[..., Intent]) -> None:
    for _ in range(12):
        HealthReport.objects.create(fingerprint="x", seconds=1, content={})
    newest = health_check_run(progress=silent)
    assert HealthReport.objects.count() == 10
    assert latest_health_report() == newest
