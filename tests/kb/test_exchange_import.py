"""Articles from help centres: what comes in, what is left alone, and what waits for a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, User
from kb.exchange.audience_mapping import AudienceMapping, mapping_of_text
from kb.exchange.conflicts import conflict_keep_ours, conflict_take_theirs
from kb.exchange.contracts import counts_of
from kb.exchange.reading import read
from kb.models import Article, ArticleSource, AudienceValue, Revision
from kb.review import article_archive, revision_submit
from kb.services import article_create, article_set_audience, article_set_labels, revision_save_draft
from tests.kb.conftest import REVIEWER, WRITER
from tests.kb.help_centre_export import HOST, freshdesk, outcomes, page, plans, take_in, zendesk

pytestmark = [pytest.mark.django_db, pytest.mark.row("2.18")]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write a page of articles; a second call writes over it."""

    def write(*articles: Any, name: str = "articles.json", **beside: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(page(*articles, **beside))
        return path

    return write


def written() -> tuple[int, int, int]:
    return Revision.objects.count(), Activity.objects.count(), ArticleSource.objects.count()


def test_an_article_of_zendesk_comes_in_as_a_draft_with_its_labels_and_audience(
    file: Callable[..., Path], writer: Actor
) -> None:
    path = file(zendesk(), sections=[{"id": 9, "name": "Account"}])
    assert outcomes(take_in(path, "zendesk", writer)) == ["created"]
    article, revision, source = Article.objects.get(), Revision.objects.get(), ArticleSource.objects.get()
    assert (article.slug, article.for_everyone) == ("how-do-i-reset-my-password", True)
    assert [label.name for label in article.labels.all()] == ["Account", "login"]
    assert (revision.state, revision.author_id) == ("draft", writer.id)
    assert revision.body == "1. Open **Settings**\n2. Choose Reset"
    assert revision.summary == "Imported from Zendesk 101"
    assert (source.external_id, source.revision_id, source.url) == ("101", revision.pk, f"{HOST}/101-Reset")
    assert article.is_live is False


def test_an_article_of_freshdesk_comes_in_likewise(file: Callable[..., Path], writer: Actor) -> None:
    path = file(freshdesk(), folders=[{"id": 7, "name": "Billing", "visibility": 1}])
    assert outcomes(take_in(path, "freshdesk", writer)) == ["created"]
    article = Article.objects.get()
    assert (article.title, article.for_everyone) == ("Where are my invoices?", True)
    assert [label.name for label in article.labels.all()] == ["Billing", "billing"]
    assert Revision.objects.get().body == "Under **Billing**."


@pytest.mark.row("R17")
@pytest.mark.parametrize("system", ["zendesk", "freshdesk"])
def test_an_unchanged_sync_writes_nothing(system: str, file: Callable[..., Path], writer: Actor) -> None:
    article = zendesk() if system == "zendesk" else freshdesk()
    path = file(article)
    take_in(path, system, writer)
    before = written()
    assert outcomes(take_in(path, system, writer)) == ["unchanged"]
    path = file({**article, "updated_at": "2026-09-09T09:09:09Z"})  # a vote there, say: nothing we keep
    assert outcomes(take_in(path, system, writer)) == ["unchanged"]
    assert written() == before


def test_a_changed_source_becomes_the_next_revision(file: Callable[..., Path], writer: Actor) -> None:
    take_in(file(zendesk()), "zendesk", writer)
    path = file(zendesk(body="<p>New.</p>", label_names=["login", "new"]))
    assert outcomes(take_in(path, "zendesk", writer)) == ["updated"]
    assert list(Revision.objects.order_by("number").values_list("number", "state", "body")) == [
        (1, "superseded", "1. Open **Settings**\n2. Choose Reset"),
        (2, "draft", "New."),
    ]
    assert [label.name for label in Article.objects.get().labels.all()] == ["login", "new"]


def test_a_label_alone_makes_no_revision(file: Callable[..., Path], writer: Actor) -> None:
    take_in(file(zendesk()), "zendesk", writer)
    article = Article.objects.get()
    article_set_labels(actor=writer, article=article, names=["login", "ours"])
    assert outcomes(take_in(file(zendesk(label_names=["theirs"])), "zendesk", writer)) == ["updated"]
    assert [label.name for label in article.labels.all()] == ["ours", "theirs"]
    assert Revision.objects.count() == 1


def test_a_changed_source_of_a_text_in_review_says_that_the_review_begins_anew(
    file: Callable[..., Path], writer: Actor
) -> None:
    take_in(file(zendesk()), "zendesk", writer)
    revision_submit(actor=writer, revision=Revision.objects.get())
    (result,) = take_in(file(zendesk(body="<p>New.</p>")), "zendesk", writer)
    assert (result.outcome, result.reason) == (
        "updated",
        "Revision 1 was in review; the new text needs a review of its own.",
    )
    assert Revision.objects.get(number=2).state == "draft"


@pytest.fixture
def conflicting(file: Callable[..., Path], writer: Actor) -> ArticleSource:
    """An article that was changed here and at the source."""
    take_in(file(zendesk()), "zendesk", writer)
    revision_save_draft(
        actor=writer, article=Article.objects.get(), base_number=1, title="Ours?", body="Ours."
    )
    before = Revision.objects.count()
    (result,) = take_in(file(zendesk(body="<p>Theirs.</p>")), "zendesk", writer)
    assert (result.outcome, result.reason) == ("conflict", "The text was changed here and at the source.")
    assert Revision.objects.count() == before
    return ArticleSource.objects.get()


def test_a_conflict_overwrites_nothing_and_waits(
    conflicting: ArticleSource, file: Callable[..., Path], writer: Actor
) -> None:
    before = written()
    assert conflicting.pending["body"] == "Theirs."
    (again,) = take_in(file(zendesk(body="<p>Theirs.</p>")), "zendesk", writer)
    assert (again.outcome, again.reason) == ("conflict", "It still waits for somebody to choose a side.")
    assert written() == before


def test_taking_theirs_makes_a_draft_for_review(
    conflicting: ArticleSource, file: Callable[..., Path], writer: Actor
) -> None:
    revision = conflict_take_theirs(actor=writer, source=conflicting)
    assert (revision.number, revision.state, revision.body) == (3, "draft", "Theirs.")
    assert outcomes(take_in(file(zendesk(body="<p>Theirs.</p>")), "zendesk", writer)) == ["unchanged"]
    with pytest.raises(Conflict):
        conflict_take_theirs(actor=writer, source=conflicting)
    assert Revision.objects.count() == 3


def test_keeping_ours_is_quiet_until_the_source_changes_again(
    conflicting: ArticleSource, file: Callable[..., Path], writer: Actor
) -> None:
    conflict_keep_ours(actor=writer, source=conflicting)
    assert outcomes(take_in(file(zendesk(body="<p>Theirs.</p>")), "zendesk", writer)) == ["unchanged"]
    assert outcomes(take_in(file(zendesk(body="<p>Theirs again.</p>")), "zendesk", writer)) == ["conflict"]
    assert Revision.objects.latest("number").body == "Ours."


def test_choosing_a_side_needs_the_right_to_change_articles(
    conflicting: ArticleSource, make_user: Callable[..., User]
) -> None:
    nobody = Actor.of_user(make_user("nina", "kb.view_article"))
    before = written()
    for choose in (conflict_take_theirs, conflict_keep_ours):
        with pytest.raises(NotAllowed):
            choose(actor=nobody, source=conflicting)
    assert written() == before


def test_an_archived_article_is_left_alone(file: Callable[..., Path], writer: Actor) -> None:
    take_in(file(zendesk()), "zendesk", writer)
    article_archive(actor=writer, article=Article.objects.get())
    before = written()
    (result,) = take_in(file(zendesk(body="<p>New.</p>")), "zendesk", writer)
    assert (result.outcome, result.reason) == ("skipped", "The article is archived here. Restore it first.")
    assert written() == before


@pytest.mark.parametrize(
    ("system", "record", "outcome", "reason"),
    [
        ("zendesk", zendesk(outdated=True), "skipped", "Its translation is outdated there."),
        ("zendesk", zendesk(archived=True), "skipped", "It is archived there."),
        ("zendesk", zendesk(body=""), "rejected", "The article has no text."),
        ("zendesk", zendesk(body=None), "rejected", "The article has no text."),
        ("zendesk", zendesk(title=" "), "rejected", "The article has no title."),
        ("zendesk", zendesk(id=None), "rejected", "The row has no id."),
        ("zendesk", zendesk(body="<script>x</script>"), "rejected", "Nothing readable is left of its HTML."),
        ("zendesk", zendesk(label_names="login"), "rejected", "“label_names” is no list."),
        ("zendesk", "no article", "rejected", "The row is not a JSON object."),
        (
            "zendesk",
            zendesk(title="x" * 201),
            "rejected",
            "Use one line of at most 200 characters for the title.",
        ),
        ("freshdesk", freshdesk(status=9), "rejected", "There is no status '9' of an article."),
        ("freshdesk", freshdesk(description=7), "rejected", "“description” is no text."),
    ],
)
@pytest.mark.row("R16")
def test_one_bad_article_never_stops_the_others(
    system: str, record: Any, outcome: str, reason: str, file: Callable[..., Path], writer: Actor
) -> None:
    good = zendesk(102) if system == "zendesk" else freshdesk(202)
    results = take_in(file(record, good), system, writer)
    assert (results[0].outcome, results[0].reason) == (outcome, reason)
    assert results[1].outcome == "created"
    assert Article.objects.count() == 1


def test_the_same_article_twice_counts_once(file: Callable[..., Path], writer: Actor) -> None:
    results = take_in(file(zendesk(), zendesk(body="<p>Other</p>")), "zendesk", writer)
    assert outcomes(results) == ["created", "rejected"]
    assert results[1].reason == "articles.json #1 is the same article (101)."


def test_two_articles_of_one_title_have_two_addresses(file: Callable[..., Path], writer: Actor) -> None:
    take_in(file(zendesk(101), zendesk(102)), "zendesk", writer)
    assert set(Article.objects.values_list("slug", flat=True)) == {
        "how-do-i-reset-my-password",
        "how-do-i-reset-my-password-102",
    }


def test_a_taken_address_is_never_written_over(file: Callable[..., Path], writer: Actor) -> None:
    article_create(actor=writer, slug="how-do-i-reset-my-password", title="Ours?", body="Ours.")
    take_in(file(zendesk()), "zendesk", writer)
    assert set(Article.objects.values_list("slug", "title")) == {
        ("how-do-i-reset-my-password", "Ours?"),
        ("how-do-i-reset-my-password-101", "How do I reset my password?"),
    }


def test_links_between_articles_lead_to_articles_here(file: Callable[..., Path], writer: Actor) -> None:
    known = zendesk(103, title="Known?")
    take_in(file(known), "zendesk", writer)
    body = (
        f'<p><a href="{HOST}/102-Bills#h_1">bills</a> <a href="/hc/en-us/articles/103">known</a> '
        f'<a href="{HOST}/999">elsewhere</a></p>'
    )
    take_in(file(zendesk(101, body=body), zendesk(102, title="Bills?")), "zendesk", writer)
    text = Revision.objects.get(title="How do I reset my password?").body
    assert text == f"[bills](kb:bills) [known](kb:known) [elsewhere]({HOST}/999)"


SEGMENT = {"user_segments": {"555": {"user_type": ["admin"]}}}


@pytest.mark.parametrize(
    ("system", "record", "beside", "mapping", "expected"),
    [
        ("zendesk", zendesk(user_segment_id=None), {}, {}, "everyone"),
        ("zendesk", zendesk(user_segment_id=555), {}, {}, "nobody"),
        ("zendesk", zendesk(user_segment_id=555), {}, SEGMENT, "admin"),
        ("zendesk", zendesk(user_segment_id=556), {}, SEGMENT, "nobody"),
        ("zendesk", zendesk(user_segment_id=""), {}, {}, "nobody"),
        ("zendesk", zendesk(user_segment_id=False), {}, {}, "nobody"),
        ("zendesk", zendesk(user_segment_id=None, user_segment_ids=[555]), {}, {}, "nobody"),
        ("zendesk", zendesk(user_segment_id=555, user_segment_ids=[556]), {}, SEGMENT, "nobody"),
        ("zendesk", {k: v for k, v in zendesk().items() if k != "user_segment_id"}, {}, {}, "nobody"),
        ("freshdesk", freshdesk(), {"folders": [{"id": 7, "visibility": 1}]}, {}, "everyone"),
        ("freshdesk", freshdesk(), {"folders": [{"id": 7, "visibility": 2}]}, {}, "nobody"),
        ("freshdesk", freshdesk(), {"folders": [{"id": 7, "visibility": True}]}, {}, "nobody"),
        ("freshdesk", freshdesk(), {}, {}, "nobody"),
        (
            "freshdesk",
            freshdesk(),
            {"folders": [{"id": 7, "visibility": 2}]},
            {"visibilities": {"2": {"user_type": ["admin"]}}},
            "admin",
        ),
        (
            "freshdesk",
            freshdesk(),
            {"folders": [{"id": 7, "visibility": 1}]},
            {"folders": {"7": {"user_type": ["admin"]}}},
            "admin",
        ),
    ],
)
def test_who_may_read_is_never_widened(
    system: str,
    record: Any,
    beside: dict[str, Any],
    mapping: dict[str, Any],
    expected: str,
    file: Callable[..., Path],
    writer: Actor,
    audience_value: Callable[..., AudienceValue],
) -> None:
    audience_value("user_type", "admin")
    assert outcomes(take_in(file(record, **beside), system, writer, mapping=mapping)) == ["created"]
    article = Article.objects.get()
    values = [value.value for value in article.audience_values.all()]
    assert {"everyone": (True, []), "nobody": (False, []), "admin": (False, ["admin"])}[expected] == (
        article.for_everyone,
        values,
    )


def test_what_a_person_said_about_the_audience_stays(
    file: Callable[..., Path], writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    take_in(file(zendesk(user_segment_id=555)), "zendesk", writer)
    team = audience_value("tier", "team")
    article_set_audience(actor=writer, article=Article.objects.get(), for_everyone=False, values=[team])
    changed = file(zendesk(user_segment_id=556, body="<p>New.</p>"))
    assert outcomes(take_in(changed, "zendesk", writer)) == ["updated"]
    opened = file(zendesk(user_segment_id=None, body="<p>Newer.</p>"))
    (result,) = take_in(opened, "zendesk", writer)
    assert (result.outcome, result.reason) == ("conflict", "The audience was changed here and at the source.")
    article = Article.objects.get()
    assert (article.for_everyone, list(article.audience_values.all())) == (False, [team])


def test_a_live_article_is_not_opened_by_an_import(
    file: Callable[..., Path], writer: Actor, reviewer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    audience_value("user_type", "admin")
    take_in(file(zendesk(user_segment_id=555)), "zendesk", writer, mapping=SEGMENT, reviewer=reviewer)
    assert Article.objects.published().count() == 1
    (result,) = take_in(file(zendesk()), "zendesk", writer, mapping=SEGMENT, reviewer=reviewer)
    assert result.reason == "The source opens the article to more readers; it is live here."
    assert Article.objects.get().for_everyone is False


@pytest.mark.row("2.11", "R7")
def test_with_a_reviewer_what_is_published_there_goes_live_and_drafts_stay_drafts(
    file: Callable[..., Path], writer: Actor, reviewer: Actor
) -> None:
    path = file(zendesk(101), zendesk(102, draft=True), zendesk(103, user_segment_id=5))
    results = take_in(path, "zendesk", writer, reviewer=reviewer)
    assert outcomes(results) == ["created"] * 3
    assert [result.reason for result in results[1:]] == [
        "A draft there, and here.",
        "Restricted there to 5; no audience is set. Stays a draft: say first whom it is for.",
    ]
    assert list(Revision.objects.order_by("pk").values_list("state", flat=True)) == [
        "published",
        "draft",
        "draft",
    ]
    before = written()
    assert outcomes(take_in(path, "zendesk", writer, reviewer=reviewer)) == ["unchanged"] * 3
    assert written() == before


def test_the_author_alone_publishes_nothing(file: Callable[..., Path], writer: Actor) -> None:
    (result,) = take_in(file(zendesk()), "zendesk", writer, reviewer=writer)
    assert result.reason == ("Stays a draft: You wrote a part of this text. Somebody else has to review it.")
    assert Revision.objects.get().state == "draft"


FORMS = {
    "page.json": page(zendesk(101), zendesk(102, title="Two?")),
    "list.json": json.dumps([zendesk(101), zendesk(102, title="Two?")]).encode(),
    "lines.jsonl": "\n".join(map(json.dumps, [zendesk(101), zendesk(102, title="Two?")])).encode(),
    "pages.json": json.dumps(
        [{"articles": [zendesk(101)]}, {"articles": [zendesk(102, title="Two?")]}]
    ).encode(),
    "bom.json": b"\xef\xbb\xbf" + page(zendesk(101), zendesk(102, title="Two?")),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_in_which_the_api_is_saved_is_read(name: str, tmp_path: Path, writer: Actor) -> None:
    (tmp_path / name).write_bytes(FORMS[name])
    assert [plan.decision.outcome for plan in plans(tmp_path / name, "zendesk", writer)] == ["created"] * 2
    assert Article.objects.count() == 0


def test_a_folder_of_pages_with_its_sections_is_one_import(tmp_path: Path, writer: Actor) -> None:
    (tmp_path / "page1.json").write_bytes(page(zendesk(101)))
    (tmp_path / "page2.json").write_bytes(page(zendesk(102, title="Two?")))
    (tmp_path / "sections.json").write_text(json.dumps([{"id": 9, "name": "Account", "description": "x"}]))
    assert outcomes(take_in(tmp_path, "zendesk", writer)) == ["created"] * 2
    assert set(Article.objects.filter(labels__name="Account").values_list("title", flat=True)) == {
        "How do I reset my password?",
        "Two?",
    }


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"segments": {}}',
        '{"user_segments": {"1": {"plan": ["x"]}}}',
        '{"user_segments": {"1": {}}}',
        '{"user_segments": {"1": {"tier": []}}}',
        '{"user_segments": {"1": {"everyone": true, "tier": ["x"]}}}',
    ],
)
def test_a_mapping_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        mapping_of_text(text)


def test_nothing_to_import_is_refused(tmp_path: Path, writer: Actor) -> None:
    (tmp_path / "sections.json").write_bytes(b'{"sections": []}')
    with pytest.raises(InvalidInput) as refusal:
        plans(tmp_path, "zendesk", writer)
    assert refusal.value.code == "nothing_found"


def test_a_preview_costs_the_same_queries_for_three_and_thirty(
    file: Callable[..., Path], writer: Actor, django_assert_num_queries: Any
) -> None:
    few = file(*(zendesk(n, title=f"T {n}?") for n in range(3)), name="few.json")
    many = file(*(zendesk(n, title=f"T {n}?") for n in range(30)), name="many.json")
    take_in(many, "zendesk", writer)
    with django_assert_num_queries(16):
        plans(few, "zendesk", writer)
    with django_assert_num_queries(16):
        plans(many, "zendesk", writer)


def test_the_command_reports_and_counts(
    file: Callable[..., Path], make_user: Callable[..., User], tmp_path: Path
) -> None:
    make_user("ann", *WRITER)
    make_user("bob", *REVIEWER)
    path = file(zendesk(101), zendesk(102, draft=True, title="Two?"), zendesk(103, outdated=True), "x")
    report = tmp_path / "report.json"
    arguments = ["--source", "zendesk", "--author", "ann", "--reviewer", "bob", "--json", str(report)]
    with pytest.raises(SystemExit) as end:
        call_command("import_articles", str(path), *arguments, verbosity=0)
    said = json.loads(report.read_text())
    assert end.value.code == 1
    assert said["counts"] == {
        "rows_in": 4,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "conflicts": 0,
        "skipped": 1,
        "rejected": 1,
    }
    assert [row["reason"] for row in said["skipped"]] == ["Its translation is outdated there."]


def test_counts_always_sum_to_the_rows() -> None:
    counts = counts_of(["created", "conflict", "conflict", "rejected"])
    assert counts["rows_in"] == 4 == sum(counts.values()) - 4


def test_reading_needs_a_known_format(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        read(tmp_path, "intercom", AudienceMapping())
