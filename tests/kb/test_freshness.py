"""Freshness: what makes an article stale, what resets its clock, how use is counted, the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, User
from kb import news
from kb.contracts import Audience, TurnNews, VoteNews
from kb.freshness import article_set_review_date, article_still_correct, due_on
from kb.importing import IncomingArticle, article_import
from kb.models import Article, ArticleUsage, ArticleVote, PublishingPolicy, Revision, Watermark
from kb.readouts import readout, usage_of
from kb.retrieval import search
from kb.services import article_set_labels, article_set_owner, revision_save_draft
from tests.kb.conftest import BODY

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
DAY = date(2026, 7, 1)


@pytest.fixture
def today() -> date:
    return timezone.localdate()


def overdue(article: Article, days: int) -> Article:
    """Let the article's day have come so many days ago."""
    Article.objects.filter(pk=article.pk).update(review_by=timezone.localdate() - timedelta(days=days))
    article.refresh_from_db()
    return article


def stale_ids() -> list[int]:
    return [line.article_id for line in readout("stale").lines]


def cited(article: Article, times: int) -> None:
    """Have the article cited so many times today."""
    after, _ = news.position_of(news.TURNS)
    turns = [TurnNews(timezone.localdate(), "q", (article.pk,), (article.pk,))] * times
    assert news.turns_take(actor=SYSTEM, turns=turns, after=after, up_to=after + times) == 0


@pytest.mark.row("2.12")
@pytest.mark.parametrize(
    ("review_by", "published", "checked", "due"),
    [
        (DAY, datetime(2020, 1, 1, tzinfo=UTC), None, DAY),
        (None, datetime(2026, 1, 1, tzinfo=UTC), None, date(2026, 6, 30)),
        (None, datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), date(2026, 6, 30)),
        (None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC), date(2026, 6, 30)),
        (None, None, None, None),
    ],
)
def test_an_article_is_due_on_its_day_or_so_many_days_after_it_was_last_checked(
    review_by: date | None, published: datetime | None, checked: datetime | None, due: date | None
) -> None:
    assert due_on(review_by, published, checked, 180) == due


@pytest.mark.row("2.12")
def test_a_publication_names_the_day_of_the_next_check_by_the_policy(
    live: Callable[..., Article], today: date
) -> None:
    article = live()
    assert (article.review_by, article.review_by_is_default) == (today + timedelta(days=180), True)
    PublishingPolicy.objects.update(review_every_days=30)
    assert live("other", "Another?").review_by == today + timedelta(days=30)


@pytest.mark.row("2.12")
def test_the_day_that_a_person_named_outlives_a_publication_until_it_has_come(
    live: Callable[..., Article], publish: Callable[[Revision], Article], writer: Actor, today: date
) -> None:
    article, named = live(), today + timedelta(days=10)
    article_set_review_date(actor=writer, article=article, review_by=named)
    text = revision_save_draft(
        actor=writer, article=article, base_number=1, title="T?", body=BODY + "\nMore."
    )
    assert publish(text).review_by == named
    overdue(article, 1)
    text = revision_save_draft(actor=writer, article=article, base_number=2, title="T?", body=f"{BODY}\nNew.")
    assert publish(text).review_by == today + timedelta(days=180)


@pytest.mark.row("2.12")
def test_an_expired_article_is_in_the_queue_and_being_found_or_filed_never_takes_it_out(
    live: Callable[..., Article], writer: Actor
) -> None:
    article = live()
    assert stale_ids() == []
    overdue(article, 3)
    assert stale_ids() == [article.pk]
    assert search("reset my password", audience=Audience()).hits[0].article_id == article.pk
    cited(article, 5)
    news.votes_take(
        actor=SYSTEM,
        votes=[VoteNews(1, timezone.localdate(), "q", True, (article.pk,))],
        up_to=timezone.now(),
    )
    article_set_labels(actor=writer, article=article, names=["login"])
    article_set_owner(actor=writer, article=article, owner_id=article.owner_id, review_by=article.review_by)
    revision_save_draft(actor=writer, article=article, base_number=1, title="T?", body="A draft.")
    assert stale_ids() == [article.pk]
    article.refresh_from_db()
    assert article.checked_at is None


@pytest.mark.row("2.12")
def test_still_correct_takes_it_out_and_keeps_who_said_so_and_when(
    live: Callable[..., Article], writer: Actor, today: date
) -> None:
    article = overdue(live(), 3)
    article_still_correct(actor=writer, article=article)
    assert stale_ids() == []
    article.refresh_from_db()
    assert (article.review_by, article.checked_by) == (today + timedelta(days=180), "wanda")
    assert article.checked_at is not None
    assert article.checked_at.date() == timezone.now().date()
    line = Activity.objects.get(verb="article.still_correct")
    assert line.actor_label == "wanda"
    assert line.before["review_by"] == str(today - timedelta(days=3))
    assert line.after["review_by"] == str(today + timedelta(days=180))


@pytest.mark.row("2.12")
def test_still_correct_is_refused_to_machines_readers_and_drafts_and_writes_nothing(
    live: Callable[..., Article],
    draft: Callable[..., Revision],
    writer: Actor,
    make_user: Callable[..., User],
) -> None:
    article = overdue(live(), 3)
    for actor in (SYSTEM, Actor.of_user(make_user("ria", "kb.view_article"))):
        with pytest.raises(NotAllowed):
            article_still_correct(actor=actor, article=article)
    with pytest.raises(Conflict, match="published"):
        article_still_correct(actor=writer, article=draft("new", "New?").article)
    for day in (timezone.localdate(), timezone.localdate() + timedelta(days=4_000)):
        with pytest.raises(InvalidInput):
            article_set_review_date(actor=writer, article=article, review_by=day)
    assert stale_ids() == [article.pk]
    assert not Activity.objects.filter(verb__in=("article.still_correct", "article.review_date_set")).exists()


@pytest.mark.row("2.12")
def test_the_queue_is_sorted_by_days_overdue_times_use(live: Callable[..., Article]) -> None:
    rare, popular, fresh = live("rare", "Rare?"), live("popular", "Popular?"), live("fresh", "Fresh?")
    overdue(rare, 9)
    overdue(popular, 2)
    cited(popular, 4)  # (2 + 1) · (4 + 1) = 15 > (9 + 1) · (0 + 1) = 10
    assert stale_ids() == [popular.pk, rare.pk]
    assert readout("stale").checked == "3 published articles were checked"
    assert fresh.pk not in stale_ids()


@pytest.mark.row("2.12")
def test_an_unchanged_import_keeps_the_day_and_the_clock(
    live: Callable[..., Article], writer: Actor, reviewer: Actor
) -> None:
    article = overdue(live(), 3)
    incoming = IncomingArticle(article.slug, article.title, BODY, for_everyone=True)
    article_import(actor=writer, reviewer=reviewer, incoming=incoming, publish=True)
    assert stale_ids() == [article.pk]


@pytest.mark.row("2.12")
def test_turns_are_counted_once_whoever_reads_them_twice(live: Callable[..., Article]) -> None:
    article = live()
    turns = [TurnNews(DAY, "q", (article.pk, 999_999), (article.pk,)), TurnNews(DAY, "q", (article.pk,))]
    assert news.turns_take(actor=SYSTEM, turns=turns, after=0, up_to=7) == 0
    assert news.turns_take(actor=SYSTEM, turns=turns, after=0, up_to=7) is None
    usage = ArticleUsage.objects.get()
    assert (usage.day, usage.retrieved, usage.cited) == (DAY, 2, 1)
    assert Watermark.objects.get(pk="turns").position == 7


@pytest.mark.row("2.12")
def test_a_crash_between_counting_and_the_watermark_counts_nothing(
    live: Callable[..., Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    article = live()
    turns = [TurnNews(DAY, "q", (article.pk,))]

    def crash(**given: object) -> int:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(news, "signals_add", crash)
        with pytest.raises(RuntimeError):
            news.turns_take(actor=SYSTEM, turns=turns, after=0, up_to=1)
    assert (ArticleUsage.objects.count(), news.position_of("turns")) == (0, (0, None))
    news.turns_take(actor=SYSTEM, turns=turns, after=0, up_to=1)
    assert ArticleUsage.objects.get().retrieved == 1


@pytest.mark.row("2.12")
def test_a_thumb_counts_once_by_its_latest_word_with_the_interval(
    live: Callable[..., Article],
) -> None:
    article = live()
    day = timezone.localdate()

    def vote(turn: int, helpful: bool | None) -> VoteNews:
        return VoteNews(turn, day, "where do I reset it", helpful, (article.pk,))

    first = [vote(1, True), vote(2, False), vote(3, False), vote(4, True)]
    news.votes_take(actor=SYSTEM, votes=first, up_to=timezone.now())
    news.votes_take(actor=SYSTEM, votes=[*first, vote(2, True)], up_to=timezone.now())
    news.votes_take(actor=SYSTEM, votes=[vote(4, None)], up_to=timezone.now())
    helpful = usage_of(article.pk).helpful
    assert (helpful.part, helpful.whole) == (2, 3)
    assert str(helpful) == "67 % (2 of 3)"
    assert (round(helpful.low, 3), round(helpful.high, 3)) == (0.208, 0.939)
    assert ArticleVote.objects.count() == 3


@pytest.mark.row("2.12")
def test_unhelpful_needs_three_thumbs_of_which_at_most_half_are_up(live: Callable[..., Article]) -> None:
    bad, few, good = live("bad", "Bad?"), live("few", "Few?"), live("good", "Good?")
    day, number, votes = timezone.localdate(), 0, []
    for article, thumbs in ((bad, "ddu"), (few, "dd"), (good, "uud")):
        for thumb in thumbs:
            number += 1
            votes.append(VoteNews(number, day, "where do I reset it", thumb == "u", (article.pk,)))
    news.votes_take(actor=SYSTEM, votes=votes, up_to=timezone.now())
    found = readout("unhelpful")
    assert [(line.article_id, *line.cells[:3]) for line in found.lines] == [(bad.pk, 1, 2, 33)]
    assert found.lines[0].cells[3] == "6–79 %"
    assert found.checked == "3 published articles were checked; 2 of them have 3 thumbs or more"


@pytest.mark.row("2.12")
def test_articles_that_no_query_reaches_are_listed_until_one_does(live: Callable[..., Article]) -> None:
    one, other = live("one", "One?"), live("other", "Other?")
    today = timezone.localdate()
    news.turns_take(actor=SYSTEM, turns=[TurnNews(today, "q", (one.pk,))], after=0, up_to=1)
    old = TurnNews(today - timedelta(days=40), "q", (other.pk,))
    news.turns_take(actor=SYSTEM, turns=[old], after=1, up_to=2)
    lines = readout("unreached").lines
    assert [(line.article_id, line.cells[2]) for line in lines] == [(other.pk, today - timedelta(days=40))]


@pytest.fixture
def staff(sign_in: Callable[[User], Client], writer: Actor) -> Client:
    return sign_in(User.objects.get(pk=writer.id))


@pytest.mark.row("2.12")
def test_the_page_shows_the_queue_and_its_bulk_button_says_what_was_done_article_by_article(
    staff: Client, live: Callable[..., Article], draft: Callable[..., Revision]
) -> None:
    article, unpublished = overdue(live(), 3), draft("new", "New?").article
    page = staff.get("/admin/kb/article/freshness/").content.decode()
    assert "How do I reset my password?" in page
    assert "1 published articles were checked" in page
    answer = staff.post(
        "/admin/kb/article/freshness/act/",
        {"list": "stale", "act": "still-correct", "article": [article.pk, unpublished.pk]},
        follow=True,
    ).content.decode()
    assert "How do I reset my password?: still correct." in answer
    assert "New?: Only a published article can be still correct." in answer
    assert stale_ids() == []


@pytest.mark.row("2.12")
def test_setting_a_review_date_in_bulk_moves_the_day_and_not_the_last_check(
    staff: Client, live: Callable[..., Article]
) -> None:
    article, day = overdue(live(), 3), timezone.localdate() + timedelta(days=20)
    act = "/admin/kb/article/freshness/act/"
    for wrong in ("", "2027-13-99", "yesterday"):
        answer = staff.post(
            act, {"act": "review-date", "article": article.pk, "review_by": wrong}, follow=True
        )
        assert "Name the day of the next check" in answer.content.decode()
    staff.post(act, {"act": "review-date", "article": article.pk, "review_by": day.isoformat()})
    article.refresh_from_db()
    assert (article.review_by, article.review_by_is_default, article.checked_at) == (day, False, None)


@pytest.mark.row("2.12")
def test_a_list_as_csv_holds_no_formula(staff: Client, live: Callable[..., Article]) -> None:
    article = overdue(live("sum", "=SUM(A1)"), 3)
    answer = staff.get("/admin/kb/article/freshness/?list=stale&format=csv")
    assert answer["Content-Disposition"] == 'attachment; filename="articles-stale.csv"'
    lines = answer.content.decode().splitlines()
    assert lines[0].startswith("Article,Title,Owner,Due since,Days overdue,")
    assert lines[1].startswith(f"{article.pk},'=SUM(A1),wanda,{article.review_by},3,0,")


@pytest.mark.row("2.12")
def test_the_lists_cost_the_same_number_of_queries_for_one_article_and_for_five(
    staff: Client, live: Callable[..., Article]
) -> None:
    counts = []
    for round_ in range(2):
        for number in range(1 + 3 * round_):
            overdue(live(f"a{round_}{number}", f"Question {round_} {number}?"), 2)
        with CaptureQueriesContext(connection) as captured:
            assert staff.get("/admin/kb/article/freshness/").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.row("2.12")
def test_who_may_only_read_sees_the_lists_and_no_button(
    sign_in: Callable[[User], Client], make_user: Callable[..., User], live: Callable[..., Article]
) -> None:
    article = overdue(live(), 3)
    reader = sign_in(make_user("ria", "kb.view_article"))
    assert 'value="still-correct"' not in reader.get("/admin/kb/article/freshness/").content.decode()
    reader.post("/admin/kb/article/freshness/act/", {"act": "still-correct", "article": article.pk})
    assert stale_ids() == [article.pk]
    assert reader.get("/admin/kb/article/freshness/?list=none").status_code == 404
