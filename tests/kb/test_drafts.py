"""Drafts from good human replies: which replies count, what is taken from them, and that people publish."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import User
from integrations.contracts import SourceMessage, SourceTicket
from kb.contracts import MissingAnswer
from kb.gaps.material import Material, draft_body, material_of, same
from kb.gaps.replies import best_replies
from kb.gaps.services import gap_start_draft
from kb.gaps.signals import signals_add, signals_prepare
from kb.indexing import encoder
from kb.models import Article, ArticleQuestion, DraftSource, Gap, Revision
from kb.review import revision_approve, revision_publish, revision_request_changes, revision_submit
from tests.tickets.builders import NOW, imported, ticket
from tickets.models import Ticket, TicketText, TicketVector
from tickets.services.classifying import Budget, outcomes_update, vectors_update
from tickets.texts import MASKED_ONLY

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = Actor.system("tests")
QUESTION = "How do I print barcode labels on a Brother printer?"
STEPS = "Open Items > Labels, then choose the paper size. Click Print and pick your Brother printer."
FACT = "For narrow labels a QR code needs half of the width."
REPLY = f"Hello Jo,\n\n{FACT}\n\n{STEPS}\n\nI have also reset your account for you. Kind regards"

# What is taken from a reply


@pytest.mark.row("2.17")
def test_instructions_become_steps_and_what_was_done_for_one_customer_is_left_out() -> None:
    found = material_of([REPLY])
    assert found == Material(
        facts=(FACT,),
        steps=(
            "Open Items > Labels.",
            "Choose the paper size.",
            "Click Print and pick your Brother printer.",
        ),
    )


@pytest.mark.row("2.17")
@pytest.mark.parametrize(
    ("reply", "steps"),
    [
        ("1. Open Settings\n2) Choose Export.\n- Wait", ("Open Settings.", "Choose Export.", "Wait.")),
        ("You can go to Billing, and then pick the invoice.", ("Go to Billing.", "Pick the invoice.")),
        ("Please update the app.", ("Update the app.",)),
        ("Open the list, then the three dots > Export.", ("Open the list, then the three dots > Export.",)),
        ("Could you send me the log?", ()),
        ("Let me know whether it works.", ()),
        ("The export has every column of the list.", ()),
        ("Open it. Open it.", ("Open it.",)),
    ],
)  # fmt: skip
def test_steps_are_read_from_lists_and_from_sentences(reply: str, steps: tuple[str, ...]) -> None:
    assert material_of([reply]).steps == steps


@pytest.mark.row("2.17")
def test_what_is_taken_is_masked_once_more() -> None:
    found = material_of(["Send the file to help@example.com when the card 4111 1111 1111 1111 is refused."])
    assert found.steps == ("Send the file to [email] when the card [card] is refused.",)


@pytest.mark.row("2.17")
def test_a_draft_has_question_answer_steps_and_a_place_for_what_it_does_not_cover() -> None:
    materials = [material_of([REPLY]), Material(("A QR code needs half the width on narrow labels.",), ())]
    assert draft_body(QUESTION, materials) == (
        f"# {QUESTION}\n\n{FACT}\n\n"
        "1. Open Items > Labels.\n2. Choose the paper size.\n"
        "3. Click Print and pick your Brother printer.\n\n"
        "## What this does NOT cover\n\n"
        "- *Name here what this article does not answer, and take this line out before you submit.*\n"
    )
    empty = draft_body(QUESTION, [])
    assert "Write the answer here" in empty
    assert "## What this does NOT cover" in empty


def test_the_same_said_twice_is_known_by_its_words() -> None:
    assert same("The export has every column.", "Every column is in the export.")
    assert not same("The export has every column.", "The import checks every row first.")


# Which replies count


def closed(number: int, reply: str = REPLY, question: str = QUESTION, **changes: Any) -> SourceTicket:
    """Return a ticket that was settled well: one reply, five stars, never opened again."""
    at = NOW - timedelta(days=3)
    given = {"csat": 5, "reopens": 0, "agent_replies": 1, **changes}
    return ticket(
        f"t{number}",
        subject="",
        messages=(
            SourceMessage("customer", question, at),
            SourceMessage("agent", reply, at + timedelta(hours=1)),
            SourceMessage("agent", "Internal: check the SECRET order", at, is_public=False),
        ),
        **given,
    )


def cleaned(*tickets: SourceTicket) -> None:
    """Import the tickets as if they had been cleaned, with outcomes and vectors."""
    imported(*tickets)
    TicketText.objects.update(pipeline_version="1")
    assert outcomes_update(Budget.of(60))
    assert vectors_update(Budget.of(60), encoder())


@pytest.fixture
def gap(db: None) -> Gap:
    items = [
        MissingAnswer("unanswered", f"turn:{number}", text, date(2026, 7, 1))
        for number, text in enumerate(
            (
                QUESTION,
                "print barcode labels on my brother printer",
                "Printing barcode labels, Brother printer?",
            )
        )
    ]
    model = encoder()
    signals_add(actor=SYSTEM, prepared=signals_prepare(items, model), encoder=model.fingerprint)
    return Gap.objects.get()


def offered(gap: Gap) -> list[str]:
    return [offer.label for offer in best_replies(gap)]


@pytest.mark.row("2.17")
@pytest.mark.parametrize(
    "changes",
    [{"csat": 3}, {"csat": None}, {"reopens": 1}, {"reopens": None}, {"agent_replies": 3}],
)
def test_a_reply_counts_only_where_the_ticket_is_known_to_have_been_settled_well(
    gap: Gap, changes: dict[str, Any]
) -> None:
    cleaned(closed(1), closed(2, "Choose the paper size in the driver of the printer.", **changes))
    assert offered(gap) == [str(Ticket.objects.get(external_id="t1"))]


@pytest.mark.row("2.17")
def test_replies_that_say_the_same_are_offered_once_and_three_at_most(gap: Gap) -> None:
    others = (
        "Switch off “fit to page” in the print window of your browser.",
        "Labels are printed in the browser, never from the phone itself.",
        "A white label now and then means that the ribbon is used up soon.",
    )
    cleaned(closed(1), closed(2), *[closed(n, text) for n, text in enumerate(others, 3)])
    found = best_replies(gap)
    assert len(found) == 3
    assert len({offer.text for offer in found}) == 3
    assert all("SECRET" not in offer.text for offer in found)


@pytest.mark.row("2.17")
def test_texts_that_are_not_cleaned_yet_and_other_subjects_are_left_out(gap: Gap) -> None:
    cleaned(closed(1), closed(2, "Open Billing and download it.", "Where is the invoice of last March?"))
    assert len(offered(gap)) == 1
    TicketText.objects.update(pipeline_version=MASKED_ONLY)
    assert offered(gap) == []
    TicketText.objects.update(pipeline_version="1")
    TicketVector.objects.update(encoder="another")
    assert offered(gap) == []


# The draft


@pytest.mark.row("2.17", "2.16")
def test_a_draft_keeps_its_tickets_and_asks_what_the_customers_asked(gap: Gap, writer: Actor) -> None:
    cleaned(closed(1))
    source = Ticket.objects.get()
    revision = gap_start_draft(actor=writer, gap=gap, title=QUESTION, ticket_ids=[source.pk])
    assert (revision.state, revision.author_id, revision.number) == ("draft", writer.id, 1)
    assert FACT in revision.body
    assert list(DraftSource.objects.values_list("revision", "ticket", "label")) == [
        (revision.pk, source.pk, str(source))
    ]
    questions = ArticleQuestion.objects.filter(article=revision.article)
    assert [(q.text, q.origin, q.source, q.state) for q in questions] == [
        (QUESTION, "query", "turn:0", "active"),
        ("print barcode labels on my brother printer", "query", "turn:1", "active"),
        ("Printing barcode labels, Brother printer?", "query", "turn:2", "active"),
    ]
    gap.refresh_from_db()
    assert (gap.state, gap.article_id) == ("drafting", revision.article_id)
    source.text.delete()
    Ticket.objects.filter(pk=source.pk).update(subject="gone")
    assert DraftSource.objects.get().label == str(source)


@pytest.mark.row("2.17")
def test_a_reply_that_is_not_among_the_best_is_refused_and_nothing_is_written(
    gap: Gap, writer: Actor
) -> None:
    cleaned(closed(1, csat=2))
    with pytest.raises(Conflict, match="no longer among the best"):
        gap_start_draft(actor=writer, gap=gap, title=QUESTION, ticket_ids=[Ticket.objects.get().pk])
    for title in ("", " ", "x" * 201):
        with pytest.raises(InvalidInput):
            gap_start_draft(actor=writer, gap=gap, title=title)
    gap.refresh_from_db()
    assert (gap.state, Article.objects.count(), DraftSource.objects.count()) == ("open", 0, 0)


@pytest.mark.row("2.17")
def test_two_gaps_with_one_title_make_two_articles(gap: Gap, writer: Actor) -> None:
    other = Gap.objects.create(title="x", centroid=gap.centroid, encoder=gap.encoder, last_seen=gap.last_seen)
    first = gap_start_draft(actor=writer, gap=gap, title="Labels?")
    second = gap_start_draft(actor=writer, gap=other, title="Labels?")
    assert (first.article.slug, second.article.slug) == ("labels", f"labels-gap-{other.pk}")


@pytest.mark.row("2.17")
def test_the_button_shows_the_replies_and_makes_the_draft_of_the_ticked_one(
    gap: Gap, writer: Actor, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    cleaned(closed(1))
    user = User.objects.get(pk=writer.id)
    user.user_permissions.add(*make_user("extra", "kb.view_gap").user_permissions.all())
    staff, move = sign_in(user), f"/admin/kb/gap/{gap.pk}/move/draft/"
    page = staff.get(move).content.decode()
    assert FACT in page
    assert "CSAT 5" in page
    wrong = staff.post(move, {"title": QUESTION, "ticket_ids": [99], "_seen": ""})
    assert wrong.status_code == 400
    answer = staff.post(move, {"title": QUESTION, "ticket_ids": [Ticket.objects.get().pk], "_seen": ""})
    assert answer.status_code == 302
    assert DraftSource.objects.get().revision.state == "draft"


# People publish


@pytest.mark.row("2.17")
@pytest.mark.parametrize("actor", [SYSTEM, Actor("api_key", 1, "bot")])
def test_no_machine_starts_submits_approves_or_publishes_a_draft(
    gap: Gap, writer: Actor, actor: Actor
) -> None:
    with pytest.raises(NotAllowed):
        gap_start_draft(actor=actor, gap=gap, title=QUESTION)
    revision = gap_start_draft(actor=writer, gap=gap, title=QUESTION)
    acts: list[Callable[[], None]] = [
        lambda: revision_submit(actor=actor, revision=revision),
        lambda: revision_approve(actor=actor, revision=revision),
        lambda: revision_request_changes(actor=actor, revision=revision, comment="No."),
        lambda: revision_publish(actor=actor, revision=revision),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    assert Revision.objects.get().state == "draft"


MAY_MOVE_REVISIONS = {
    "kb/admin/moves.py",  # buttons, pressed by a person
    "kb/bulk/services.py",  # the same buttons for many articles, in the name of the person who pressed them
    "kb/importing.py",  # takes two people: an actor and a reviewer
    "kb/review.py",
    "kb/schedule.py",  # in the name of the person who set the time, if they still may
}
MOVES = {"revision_submit", "revision_approve", "revision_publish", "article_rollback"}
IMPORTS = {"kb/management/commands/import_articles.py", "kb/importing.py", "supportadmin/quickstart.py"}


@pytest.mark.row("2.17")
def test_no_code_but_the_buttons_and_the_two_person_import_moves_a_revision() -> None:
    moving, importing, stating = set(), set(), set()
    for package in ("kb", "runtime", "supportadmin", "tickets", "intents", "escalation", "core"):
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if "/migrations/" in name:
                continue
            tree = ast.parse(path.read_text())
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            moving |= {name} if used & MOVES else set()
            importing |= {name} if "article_import" in used else set()
            states = {
                node.attr
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and node.attr in ("REVISION_STEPS",)
            }
            stating |= {name} if states else set()
    assert moving == MAY_MOVE_REVISIONS
    assert importing <= IMPORTS
    assert stating == {"kb/review.py"}
