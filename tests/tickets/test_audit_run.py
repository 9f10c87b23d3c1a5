"""A run of the audit: cleaning, outcomes, vectors, categories; and the tickets that come later."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core import jobs
from core.actors import Actor
from core.errors import Conflict, NotAllowed
from core.models import Job, User
from integrations.contracts import SourceMessage
from nlp.ticket_text import version_of
from supportadmin.roles import roles_sync
from tests.tickets.audited import WordsEncoder, about, audited, run_outcomes_and_vectors
from tests.tickets.builders import NOW, SYSTEM, imported, ticket
from tickets.figures import ticket_audit
from tickets.glossary import current_glossary
from tickets.models import (
    Category,
    CategoryChange,
    Classification,
    Cluster,
    Clustering,
    GlossaryTerm,
    RawText,
    Ticket,
    TicketText,
    TicketVector,
)
from tickets.services import (
    audit_start,
    auditing,
    categories_propose,
    category_divide,
    change_undo,
    texts_renew_start,
    tickets_move,
    training_texts,
    undoable,
)
from tickets.services.classifying import Budget, outcomes_update, tickets_assign

pytestmark = pytest.mark.django_db
TOPICS = [f"topic{letter}" for letter in "abcdefghijklmnopqrst"]


def many(topics: list[str] = TOPICS, each: int = 6) -> list[object]:
    return [about(topic, n) for place, topic in enumerate(topics) for n in range(each + place)]


@pytest.mark.row("1.4", "1.5")
def test_20_topics_become_10_to_15_categories_with_cumulative_coverage_and_a_rest() -> None:
    audited(*many())  # type: ignore[arg-type]
    lines = ticket_audit().lines
    core = [line for line in lines if line.is_core]
    assert 10 <= len(core) <= 15
    assert [line.figures.tickets for line in core] == sorted(
        (line.figures.tickets for line in core), reverse=True
    )
    shares = [line.cumulative_share for line in lines]
    assert shares == sorted(shares)
    assert lines[-1].name == "Everything else"
    assert sum(line.figures.tickets for line in lines) == Ticket.objects.count() == 310
    topics = dict(Classification.objects.values_list("ticket__external_id", "cluster"))
    for topic in TOPICS:
        assert len({cluster for key, cluster in topics.items() if key.startswith(f"{topic}-")}) == 1, topic


@pytest.mark.row("1.4")
def test_the_same_seed_and_tickets_make_the_same_clusters() -> None:
    def found() -> list[tuple[str, str]]:
        rows = Classification.objects.order_by("ticket__external_id")
        return list(rows.values_list("ticket__external_id", "cluster__category__name"))

    audited(*many())  # type: ignore[arg-type]
    first = found()
    categories_propose(actor=SYSTEM, encoder="words", seed=1)
    assert found() == first
    assert Category.objects.filter(retired_at=None).count() * 2 == Category.objects.count()


@pytest.mark.row("1.4")
def test_later_tickets_go_to_the_categories_there_are_and_strange_ones_to_none() -> None:
    clustering = audited(*many())  # type: ignore[arg-type]
    imported(about("topicc", 99), ticket("strange", subject="zebra", messages=()))
    run_outcomes_and_vectors()
    assert tickets_assign(Budget.of(60), clustering)
    rows = dict(Classification.objects.values_list("ticket__external_id", "cluster__category__name"))
    assert rows["topicc-99"] == rows["topicc-0"] is not None
    assert rows["strange"] is None
    assert ticket_audit().unclassified.tickets == 1


def test_what_a_person_moved_stays_and_what_changed_its_words_is_sorted_anew() -> None:
    clustering = audited(*many())  # type: ignore[arg-type]
    moved = Ticket.objects.get(external_id="topica-0")
    into = Classification.objects.get(ticket__external_id="topict-0").cluster.category
    tickets_move(actor=SYSTEM, tickets=[moved.pk], into=into)
    later = {"updated_at": NOW, "csat": 1}
    imported(about("topica", 0, **later), about("topicb", 0, **later))
    run_outcomes_and_vectors()
    assert Classification.objects.get(ticket__external_id="topicb-0").cluster is None
    assert tickets_assign(Budget.of(60), clustering)
    assert Classification.objects.get(pk=moved.pk).cluster.category == into
    near = Classification.objects.get(ticket__external_id="topicb-1").cluster
    assert Classification.objects.get(ticket__external_id="topicb-0").cluster == near


@pytest.mark.row("1.4")
def test_a_category_is_divided_by_content_and_put_together_again() -> None:
    audited(*many(TOPICS[:3]))  # type: ignore[arg-type]
    one = Cluster.objects.order_by("-size").first()
    Classification.objects.filter(cluster__isnull=False).update(cluster=one)
    category_divide(actor=SYSTEM, category=one.category)
    parts = Cluster.objects.filter(category=one.category).exclude(pk=one.pk)
    by_cluster = {
        part.pk: {key.split("-")[0] for key in part.tickets.values_list("ticket__external_id", flat=True)}
        for part in parts
    }
    shared = [topics for topics in by_cluster.values() if topics]
    assert len(shared) == 2
    assert not shared[0] & shared[1]
    change_undo(actor=SYSTEM, change=undoable())
    assert set(Classification.objects.values_list("cluster", flat=True)) == {one.pk}


@pytest.mark.row("1.3")
def test_every_ticket_that_counts_is_read_once_and_again_when_it_changes() -> None:
    imported(ticket("1"), ticket("2"))
    assert outcomes_update(Budget.of(60))
    row = Classification.objects.get(ticket__external_id="1")
    assert (row.resolution_path, row.escalation_outcome, row.evidence) == (
        "action",
        "unclassified",
        {"path": "We refunded"},
    )
    Classification.objects.update(resolution_path="no_reply")
    assert outcomes_update(Budget.of(60))
    assert set(Classification.objects.values_list("resolution_path", flat=True)) == {"no_reply"}
    imported(ticket("1", updated_at=NOW, escalated=True))
    assert outcomes_update(Budget.of(60))
    row.refresh_from_db()
    assert (row.resolution_path, row.escalation_outcome) == ("action", "escalated")


@pytest.mark.row("R17")
@pytest.mark.django_db(transaction=True)
def test_the_job_goes_on_until_all_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "load_encoder", lambda folder, threads: WordsEncoder())
    monkeypatch.setattr("tickets.tasks.SLICE_SECONDS", 0)
    imported(*many())  # type: ignore[arg-type]
    jobs.run_due()
    audit_start(actor=SYSTEM)
    jobs.run_due()
    assert Job.objects.filter(state="succeeded", task="tickets.tasks.run_audit").count() > 2
    assert not Job.objects.exclude(state="succeeded").exists()
    assert TicketVector.objects.count() == 310
    assert CategoryChange.objects.get().kind == "propose"


def test_an_audit_without_tickets_or_permission_is_refused_and_queues_nothing(
    make_user: Callable[..., User],
) -> None:
    with pytest.raises(Conflict):
        audit_start(actor=SYSTEM)
    imported(ticket())
    before = Job.objects.count()
    with pytest.raises(NotAllowed):
        audit_start(actor=Actor.of_user(make_user("kim")))
    assert (Job.objects.count(), Clustering.objects.count()) == (before, 0)


MAIL = "Hi team,\n\nthe cx lost their pw.\n\nThanks,\nKim\n\nSent from my iPhone"


@pytest.fixture
def shorthand() -> None:
    """Have two terms in the glossary, whatever other tests have left of it."""
    GlossaryTerm.objects.all().delete()
    GlossaryTerm.objects.create(term="cx", expansion="customer")
    GlossaryTerm.objects.create(term="pw", expansion="password")


def one_mail() -> TicketText:
    imported(ticket(messages=(SourceMessage("customer", MAIL, NOW),)))
    return TicketText.objects.get()


@pytest.mark.row("1.10")
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("shorthand")
def test_an_import_is_cleaned_by_the_job_that_follows_it_and_the_raw_text_stays() -> None:
    text = one_mail()
    assert (text.pipeline_version, "Sent from my iPhone" in text.customer_words) == ("masked", True)
    jobs.run_due()
    text.refresh_from_db()
    assert text.customer_words == "the customer lost their password."
    assert text.pipeline_version == version_of(current_glossary())
    assert RawText.objects.get().conversation[0]["text"] == MAIL


@pytest.mark.row("1.10")
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("shorthand")
def test_training_texts_of_uncleaned_tickets_are_refused() -> None:
    text = one_mail()
    with pytest.raises(Conflict) as refusal:
        training_texts(actor=SYSTEM, tickets=[text.pk])
    assert refusal.value.code == "not_cleaned"
    jobs.run_due()
    assert training_texts(actor=SYSTEM, tickets=[text.pk]) == [
        {"ticket": "csv:1", "text": "the customer lost their password."}
    ]
    GlossaryTerm.objects.create(term="lost", expansion="no longer has")
    with pytest.raises(Conflict):
        training_texts(actor=SYSTEM, tickets=[text.pk])
    texts_renew_start(actor=SYSTEM)
    jobs.run_due()
    assert training_texts(actor=SYSTEM, tickets=[text.pk])[0]["text"] == (
        "the customer no longer has their password."
    )


@pytest.mark.row("1.10")
@pytest.mark.usefixtures("shorthand")
def test_the_glossary_is_edited_in_the_admin_and_refuses_what_would_not_work(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    roles_sync()
    lead = sign_in(make_user("lee", roles=("Support lead",)))
    add = "/admin/tickets/glossaryterm/add/"
    for term, expansion in (("CX", "client"), ("loop", "a loop")):
        page = lead.post(add, {"term": term, "expansion": expansion, "is_active": "on"})
        assert page.status_code == 200, term
    assert GlossaryTerm.objects.count() == 2
    assert lead.post(add, {"term": "acct", "expansion": "account", "is_active": "on"}).status_code == 302
    assert current_glossary().expand("the cx acct").text == "the customer account"
    page = lead.get("/admin/tickets/glossaryterm/").content.decode()
    assert "acct" in page
