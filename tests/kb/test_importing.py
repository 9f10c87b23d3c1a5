"""Articles from outside: the same steps and people, idempotent, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command

from core.actors import Actor
from core.errors import InvalidInput, NotAllowed
from core.models import Activity, User
from kb import importing
from kb.importing import IncomingArticle, article_import
from kb.models import Article, AudienceValue, ProductPage, Revision
from kb.selectors import article_id_of, article_summaries, audience_choices, knowledge_base_counts
from kb.services import revision_save_draft
from tests.kb.conftest import BODY, REVIEWER, WRITER

pytestmark = pytest.mark.django_db


@pytest.fixture
def incoming(audience_value: Callable[..., AudienceValue]) -> Callable[..., IncomingArticle]:
    audience_value("tier", "team")
    ProductPage.objects.create(name="Billing", pattern="/settings/billing")

    def make(body: str = BODY, **changes: object) -> IncomingArticle:
        facts = {
            "for_everyone": False,
            "audience": [("tier", "team")],
            "pages": ["Billing"],
            "labels": ["access"],
            **changes,
        }
        return IncomingArticle(slug="reset", title="How do I reset?", body=body, **facts)  # type: ignore[arg-type]

    return make


@pytest.mark.row("2.18", "2.11")
def test_an_import_goes_through_review_by_a_second_person(
    incoming: Callable[..., IncomingArticle], writer: Actor, reviewer: Actor
) -> None:
    outcome = article_import(actor=writer, reviewer=reviewer, incoming=incoming(), publish=True)
    article = Article.objects.get()
    revision = Revision.objects.get()
    assert (outcome.article_id, outcome.revision_id) == (article.pk, revision.pk)
    assert (outcome.created, outcome.changed) == (True, True)
    assert (revision.state, revision.author_id, revision.reviewer_id) == ("published", writer.id, reviewer.id)
    assert [str(page) for page in article.pages.all()] == ["Billing (/settings/billing)"]


@pytest.mark.row("2.18", "R17")
def test_an_unchanged_import_changes_nothing(
    incoming: Callable[..., IncomingArticle], writer: Actor, reviewer: Actor
) -> None:
    article_import(actor=writer, reviewer=reviewer, incoming=incoming(), publish=True)
    before = Activity.objects.count()
    again = article_import(actor=writer, reviewer=reviewer, incoming=incoming(), publish=True)
    assert (again.created, again.changed) == (False, False)
    assert (Revision.objects.count(), Activity.objects.count()) == (1, before)
    other = article_import(actor=writer, reviewer=reviewer, incoming=incoming("New text."), publish=True)
    assert (other.created, other.changed) == (False, True)
    assert list(Revision.objects.order_by("number").values_list("state", flat=True)) == [
        "archived",
        "published",
    ]


@pytest.mark.row("2.11", "R7")
def test_nobody_imports_and_approves_alone_and_then_nothing_is_kept(
    incoming: Callable[..., IncomingArticle], writer: Actor
) -> None:
    before = Activity.objects.count()
    with pytest.raises(NotAllowed):
        article_import(actor=writer, reviewer=writer, incoming=incoming(), publish=True)
    assert (Article.objects.count(), Activity.objects.count()) == (0, before)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"audience": [("tier", "gold")]}, "unknown_audience"), ({"pages": ["Nowhere"]}, "unknown_page")],
)
def test_what_does_not_exist_here_is_refused_and_nothing_is_kept(
    incoming: Callable[..., IncomingArticle],
    writer: Actor,
    reviewer: Actor,
    changes: dict[str, object],
    code: str,
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        article_import(actor=writer, reviewer=reviewer, incoming=incoming(**changes), publish=True)
    assert refusal.value.code == code
    assert Article.objects.count() == 0


FILES = {
    "one.md": "---\nslug: one\ntitle: One?\naudience:\n  everyone: true\nlabels: [a]\n---\n# One\n\nDo it.",
    "two.md": "---\ntitle: Two\naudience:\n  tiers: [team]\npages: [Billing]\n---\n# Two\n\nDo it twice.",
    "bad.md": "---\nslug: bad\ntitle: Bad\naudience:\n  tiers: [gold]\n---\n# Bad\n\nText.",
    "empty.md": "",
}


@pytest.mark.row("2.18", "R16")
def test_a_folder_of_markdown_is_imported_row_by_row(
    incoming: Callable[..., IncomingArticle], make_user: Callable[..., User], tmp_path: Path
) -> None:
    make_user("ann", *WRITER)
    make_user("bob", *REVIEWER)
    folder = tmp_path / "articles"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    report = tmp_path / "report.json"

    def run() -> tuple[int, dict[str, object]]:
        people = ["--author", "ann", "--reviewer", "bob"]
        with pytest.raises(SystemExit) as end:
            call_command(
                "import_articles",
                str(folder),
                "--source",
                "markdown",
                *people,
                "--json",
                str(report),
                verbosity=0,
            )
        return int(end.value.code or 0), json.loads(report.read_text())

    status, said = run()
    assert status == 1
    assert (said["files"], said["created"], said["updated"], said["unchanged"]) == (4, 2, 0, 0)
    assert [row["file"] for row in said["rejected"]] == ["bad.md", "empty.md"]  # type: ignore[index, attr-defined]
    assert set(Article.objects.published().values_list("slug", flat=True)) == {"one", "two"}
    status, said = run()
    assert (said["created"], said["updated"], said["unchanged"]) == (0, 0, 2)
    assert Revision.objects.count() == 2


def test_an_import_without_its_people_or_folder_is_refused(
    make_user: Callable[..., User], tmp_path: Path
) -> None:
    make_user("ann", *WRITER)
    for folder, reviewer in ((tmp_path, "nobody"), (tmp_path / "none", "ann")):
        with pytest.raises(SystemExit) as end:
            call_command("import_articles", str(folder), "--author", "ann", "--reviewer", reviewer)
        assert end.value.code == 2


def test_selectors_count_and_summarise(
    live: Callable[..., Article], draft: Callable[..., Revision], writer: Actor
) -> None:
    article = live()
    Article.objects.filter(pk=article.pk).update(review_by="2026-01-01")
    draft("draft")
    revision_save_draft(actor=writer, article=article, base_number=1, title="New", body="Text.")
    counts = knowledge_base_counts(today=date(2026, 6, 1))
    assert (counts.published, counts.drafts, counts.in_review, counts.approved) == (1, 2, 0, 0)
    assert (counts.unindexed, counts.due_for_review) == (0, 1)
    assert article_id_of("reset-password") == article.pk
    assert article_id_of("none") is None
    summary = article_summaries([article.pk, 10**9])[article.pk]
    assert (summary.title, summary.owner, summary.is_live) == ("New", "wanda", True)
    assert set(audience_choices()) == {"user_type", "product_area", "tier"}
    assert importing.audience_value_ensure(actor=writer, kind="tier", value="x", label="X").label == "X"
    assert audience_choices()["tier"] == [("x", "X")]
