"""Two articles that are one: what is taken over, where the old address leads, who would lose the answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from core import jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity
from kb.contracts import Audience
from kb.linting import findings_of
from kb.merging import article_merge
from kb.models import Article, ArticleQuestion, AudienceValue, PairFinding
from kb.questions.services import question_add
from kb.retrieval import linked_url, search
from kb.review import article_archive, article_unarchive
from kb.selectors import published_article
from kb.services import article_set_labels

pytestmark = pytest.mark.django_db
Live = Callable[..., Article]
STEPS = "\n".join(f"{n}. Step number {n} of the export takes you to page {n}." for n in range(1, 12))
COPY = f"# How do I export a list?\n\n{STEPS}\n"
OTHER = f"# How can lists be exported?\n\n{STEPS}\n"


@pytest.fixture
def doubles(live: Live) -> tuple[Article, Article]:
    return live("export", "How do I export a list?", COPY), live("lists", "How can lists be exported?", OTHER)


def state() -> tuple[int, list[tuple[int, bool, int | None]]]:
    rows = Article.objects.order_by("pk").values_list("pk", "archived_at", "merged_into_id")
    return Activity.objects.count(), [(pk, archived is not None, into) for pk, archived, into in rows]


@pytest.mark.row("2.9")
def test_a_double_is_found_at_publication_and_settled_by_merging(
    doubles: tuple[Article, Article], writer: Actor
) -> None:
    kept, gone = doubles
    finding = PairFinding.objects.get()
    assert (finding.kind, finding.first, finding.second) == ("near_duplicate", kept, gone)
    article_merge(actor=writer, article=gone, into=kept)
    jobs.run_due()
    finding.refresh_from_db()
    assert finding.gone_at is not None
    hits = search("How do I export a list?", audience=Audience()).hits
    assert [hit.article_id for hit in hits] == [kept.pk]


@pytest.mark.row("2.9")
def test_the_old_address_leads_to_the_other_article_everywhere(
    doubles: tuple[Article, Article], writer: Actor, client: Client, bot: Callable[..., Client]
) -> None:
    kept, gone = doubles
    article_merge(actor=writer, article=gone, into=kept)
    answer = client.get("/help/lists/")
    assert (answer.status_code, answer["Location"]) == (301, "/help/export/")
    assert client.get("/help/export/").status_code == 200
    assert linked_url("lists") == "/help/export/"
    found = published_article("lists", audience=Audience())
    assert found is not None
    assert found.slug == "export"
    api = bot("read").get(f"/api/v1/articles/{gone.pk}")
    assert (api.status_code, api.json()) == (301, {"merged_into": kept.pk})
    assert api["Location"].endswith(f"/api/v1/articles/{kept.pk}")
    assert answer["Cache-Control"] == api["Cache-Control"] == "no-cache"  # a restored article takes it back
    as_reader = bot("read", "identity").get(f"/api/v1/articles/{gone.pk}?tier=team")
    assert as_reader["Location"].endswith(f"/api/v1/articles/{kept.pk}?tier=team")
    linking = "# What now?\n\nSee [lists](kb:lists).\n\n## What this does NOT cover\n\nNothing.\n"
    assert "L001" not in {finding.rule for finding in findings_of("What now?", linking)}


@pytest.mark.row("2.9")
def test_a_chain_of_merges_leads_to_its_end(
    doubles: tuple[Article, Article], live: Live, writer: Actor
) -> None:
    kept, gone = doubles
    last = live("exports", "Exports?", COPY)
    article_merge(actor=writer, article=gone, into=kept)
    article_merge(actor=writer, article=kept, into=last)
    assert linked_url("lists") == linked_url("export") == "/help/exports/"


@pytest.mark.row("2.9")
def test_labels_pages_and_test_questions_are_taken_over(
    doubles: tuple[Article, Article], writer: Actor
) -> None:
    kept, gone = doubles
    article_set_labels(actor=writer, article=kept, names=["export"])
    article_set_labels(actor=writer, article=gone, names=["lists"])
    for article, words in (
        (kept, "how to export"),
        (gone, "how to export"),
        (gone, "save my list as a file"),
    ):
        question_add(actor=writer, article=article, text=words)
    article_merge(actor=writer, article=gone, into=kept)
    assert sorted(label.name for label in kept.labels.all()) == ["export", "lists"]
    texts = ArticleQuestion.objects.filter(article=kept).order_by("text").values_list("text", flat=True)
    assert list(texts) == ["how to export", "save my list as a file"]
    verbs = Activity.objects.order_by("-pk").values_list("verb", "target_id")[:2]
    assert list(verbs) == [("article.took_in", str(kept.pk)), ("article.merged", str(gone.pk))]


@pytest.mark.row("2.9", "2.5")
def test_readers_who_would_lose_the_answer_stop_the_merge_until_that_is_meant(
    live: Live, writer: Actor, audience_value: Callable[..., AudienceValue], client: Client
) -> None:
    team, starter = audience_value("tier", "team"), audience_value("tier", "starter")
    everyone = live("export", "How do I export a list?", COPY)
    narrow = live("lists", "How can lists be exported?", OTHER, values=(team,))
    wide = live("exports", "Exports?", COPY, values=(team, starter))
    before = state()
    for article, into in ((everyone, narrow), (wide, narrow)):
        with pytest.raises(Conflict) as refusal:
            article_merge(actor=writer, article=article, into=into)
        assert refusal.value.code == "fewer_readers"
    assert state() == before
    article_merge(actor=writer, article=narrow, into=wide)  # nobody loses anything
    article_merge(actor=writer, article=everyone, into=wide, fewer_readers=True)
    assert client.get("/help/export/").status_code == 404  # everyone may not read what took it in
    assert published_article("export", audience=Audience(tier="team")) is not None


@pytest.mark.row("2.9")
def test_a_merge_that_cannot_be_is_refused_and_changes_nothing(
    doubles: tuple[Article, Article], writer: Actor, reviewer: Actor
) -> None:
    kept, gone = doubles
    with pytest.raises(InvalidInput):
        article_merge(actor=writer, article=kept, into=kept)
    with pytest.raises(NotAllowed):
        article_merge(actor=reviewer, article=gone, into=kept)
    with pytest.raises(NotAllowed):
        article_merge(actor=Actor.system("x"), article=gone, into=kept)
    article_archive(actor=writer, article=gone)
    before = state()
    with pytest.raises(Conflict) as refusal:
        article_merge(actor=writer, article=kept, into=gone)
    assert refusal.value.code == "not_live"
    with pytest.raises(Conflict) as refusal:
        article_merge(actor=writer, article=gone, into=kept)
    assert refusal.value.code == "already_archived"
    assert state() == before


@pytest.mark.row("2.9")
def test_restoring_takes_the_merge_back(
    doubles: tuple[Article, Article], writer: Actor, client: Client
) -> None:
    kept, gone = doubles
    article_merge(actor=writer, article=gone, into=kept)
    article_unarchive(actor=writer, article=Article.objects.get(pk=gone.pk))
    jobs.run_due()
    assert client.get("/help/lists/").status_code == 200
    assert linked_url("lists") == "/help/lists/"
    assert PairFinding.objects.open().count() == 1


@pytest.mark.row("2.9")
def test_the_rows_refuse_a_live_article_that_was_merged(doubles: tuple[Article, Article]) -> None:
    kept, gone = doubles
    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.filter(pk=gone.pk).update(merged_into=kept)
