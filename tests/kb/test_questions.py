"""Test questions: what finds an article, what the gate says about it, and the run over all articles."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, Job, User
from kb import gate
from kb.contracts import Audience, MissingAnswer
from kb.gaps.signals import signals_add, signals_prepare
from kb.indexing import encoder
from kb.models import Article, ArticleQuestion, AudienceValue, PublishingPolicy, QuestionRun, Revision
from kb.questions import running
from kb.questions.asking import Asked, audiences_of
from kb.questions.checking import problems
from kb.questions.running import Trial, check_run, check_start, trial
from kb.questions.services import (
    question_accept,
    question_add,
    question_reject,
    question_switch_off,
    questions_suggest,
    questions_suggest_where_few,
    short_question,
    suggestions_start,
)
from kb.review import revision_approve, revision_publish, revision_submit
from kb.services import article_set_audience, revision_save_draft
from tests.kb.conftest import BODY
from tests.tickets.audited import about
from tests.tickets.builders import imported
from tickets.services.classifying import Budget, outcomes_update, vectors_update

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
GOOD = ("How do I get a new password?", "I forgot my password", "how to reset the password")
COOKING = "# How do I boil an egg?\n\nPut the egg into boiling water for six minutes.\n"


def ask_for(writer: Actor, article: Article, *texts: str) -> None:
    for text in texts:
        question_add(actor=writer, article=article, text=text)


def approved(
    article: Article, body: str, writer: Actor, reviewer: Actor, title: str = "How do I reset my password?"
) -> Revision:
    """Return the next text of the article, approved."""
    revision = revision_save_draft(
        actor=writer, article=article, base_number=article.latest_number, title=title, body=body
    )
    revision_submit(actor=writer, revision=revision)
    revision_approve(actor=reviewer, revision=revision)
    return revision


# The verdict


def trial_of(*ranks: int | None) -> Trial:
    asked = tuple(Asked(f"question {n}", rank, "Another article") for n, rank in enumerate(ranks, 1))
    return Trial(asked, tuple(range(len(asked))), 1)


@pytest.mark.row("2.15")
@pytest.mark.parametrize(
    ("ranks", "said"),
    [
        ((), ["It has no test questions; give it at least 3."]),
        ((1,), ["It has 1 test question; give it at least 3."]),
        ((1, 2, 3), []),
        ((1,) * 9 + (4,), []),
        (
            (1, 1, 4),
            [
                "2 of its 3 test questions find it among the first 3 (recall@3 0.67, wanted 0.9): "
                "“question 3” finds “Another article” first."
            ],
        ),
        (
            (None, 1),
            [
                "It has 2 test questions; give it at least 3.",
                "1 of its 2 test questions find it among the first 3 (recall@3 0.50, wanted 0.9): "
                "“question 1” finds “Another article” first.",
            ],
        ),
    ],
)
def test_three_questions_and_nine_in_ten_of_them_are_asked_for(
    ranks: tuple[int | None, ...], said: list[str]
) -> None:
    assert problems(trial_of(*ranks)) == said


# At publication


@pytest.mark.row("2.15")
def test_the_new_text_is_tried_in_place_of_the_old_before_it_is_published(
    live: Callable[..., Article], writer: Actor, reviewer: Actor
) -> None:
    article = live()
    for number in range(4):
        live(f"password-{number}", f"Passwords and mail, part {number}")
    ask_for(writer, article, *GOOD)
    assert trial(article, article.title, BODY).found == 3
    tried = trial(article, "How do I boil an egg?", COOKING)
    assert (tried.found, tried.recall) == (0, 0.0)
    assert tried.asked[1].first.startswith("Passwords and mail")
    assert QuestionRun.objects.count() == 0


@pytest.mark.row("2.15")
def test_a_drop_below_the_mark_stops_the_publication_where_the_policy_says_so(
    live: Callable[..., Article], writer: Actor, reviewer: Actor
) -> None:
    article = live()
    for number in range(4):
        live(f"password-{number}", f"Passwords and mail, part {number}")
    ask_for(writer, article, *GOOD)
    PublishingPolicy.objects.update_or_create(pk=1, defaults={"questions_mode": "block"})
    revision = approved(article, COOKING, writer, reviewer, "How do I boil an egg?")
    with pytest.raises(Conflict, match="0 of its 3 test questions find it") as refusal:
        revision_publish(actor=reviewer, revision=revision)
    assert refusal.value.code == "publication_blocked"
    revision.refresh_from_db()
    article.refresh_from_db()
    assert revision.state == "approved"
    assert article.published_revision is not None
    assert (article.published_revision.number, QuestionRun.objects.count()) == (1, 0)


@pytest.mark.row("2.15")
def test_where_the_policy_only_warns_it_is_published_and_the_run_is_kept_with_what_came_first(
    live: Callable[..., Article], writer: Actor, reviewer: Actor
) -> None:
    article = live()
    ask_for(writer, article, *GOOD)
    revision = approved(article, BODY + "\nMore.", writer, reviewer)
    assert gate.obstacles(revision, {"questions_mode": gate.CHECKS["questions_mode"]}) == []
    revision_publish(actor=reviewer, revision=revision)
    run = QuestionRun.objects.get()
    assert (run.occasion, run.revision_id, run.asked, run.found, run.recall) == (
        "publication",
        revision.pk,
        3,
        3,
        1.0,
    )
    assert (run.too_few, run.made_by) == (0, "rene")
    assert [(row["text"], row["rank"]) for row in run.details] == [(text, 1) for text in GOOD]
    assert run.details[0]["first"] == "How do I reset my password?"


@pytest.mark.row("2.15")
def test_nothing_is_encoded_inside_the_transaction_of_a_publication(
    live: Callable[..., Article], writer: Actor, reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = live()
    ask_for(writer, article, *GOOD)
    revision = approved(article, BODY + "\nMore.", writer, reviewer)
    depth = len(connection.savepoint_ids)
    depths = []
    real = running.index_article

    def noted(*given: object) -> object:
        depths.append(len(connection.savepoint_ids))
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "index_article", noted)
    revision_publish(actor=reviewer, revision=revision)
    assert depths == [depth]


@pytest.mark.row("2.15")
def test_an_article_without_questions_is_warned_about_beside_the_publish_button(
    live: Callable[..., Article], writer: Actor, reviewer: Actor, sign_in: Callable[[User], Client]
) -> None:
    revision = approved(live(), BODY + "\nMore.", writer, reviewer)
    page = sign_in(User.objects.get(pk=writer.id)).get(f"/admin/kb/revision/{revision.pk}/move/publish/")
    assert "It has no test questions; give it at least 3." in page.content.decode()


# As whom it is asked


@pytest.mark.row("2.15")
def test_questions_are_asked_as_the_articles_own_readers(
    live: Callable[..., Article], writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    team, starter = audience_value("tier", "team"), audience_value("tier", "starter")
    admin = audience_value("user_type", "admin")
    for_admins = live("admins", "How do I reset my password?", values=(team, starter, admin))
    assert audiences_of(for_admins) == [
        Audience(user_type="admin", tier="starter"),
        Audience(user_type="admin", tier="team"),
    ]
    for number in range(3):
        live(f"others-{number}", "How do I get a new password?", values=(audience_value("tier", "free"),))
    ask_for(writer, for_admins, *GOOD)
    assert [one.rank for one in trial(for_admins, for_admins.title, BODY).asked] == [1, 1, 1]
    article_set_audience(actor=writer, article=for_admins, for_everyone=True)
    assert audiences_of(Article.objects.get(pk=for_admins.pk)) == [Audience()]


@pytest.mark.row("2.15")
def test_of_several_kinds_of_readers_the_worst_rank_counts(
    live: Callable[..., Article], writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    team, starter = audience_value("tier", "team"), audience_value("tier", "starter")
    article = live("both", "Where do I change the colours?", COOKING, values=(team, starter))
    for number in range(3):
        live(f"team-{number}", f"Eggs in boiling water {number}", COOKING, values=(team,))
    ask_for(writer, article, "egg in boiling water")
    (asked,) = trial(article, article.title, COOKING).asked
    assert asked.rank == 4
    assert asked.first.startswith("Eggs in boiling water")


# Writing, accepting, rejecting


@pytest.mark.row("2.15")
def test_a_question_is_written_once_and_refused_where_it_is_none(
    live: Callable[..., Article], writer: Actor
) -> None:
    article = live()
    question = question_add(actor=writer, article=article, text="  How do I\n reset it? ")
    assert (question.text, question.origin, question.state) == ("How do I reset it?", "written", "active")
    with pytest.raises(Conflict, match="already"):
        question_add(actor=writer, article=article, text="how do i RESET it?")
    for text in ("", " ", "x" * 501, "a\x00b"):
        with pytest.raises(InvalidInput):
            question_add(actor=writer, article=article, text=text)
    question_switch_off(actor=writer, question=question)
    again = question_add(actor=writer, article=article, text="How do I reset it?")
    assert (again.pk, again.state) == (question.pk, "active")
    assert ArticleQuestion.objects.count() == 1


@pytest.mark.row("2.15")
def test_the_nearest_tickets_are_suggested_once_and_a_rejected_one_never_again(
    live: Callable[..., Article], writer: Actor
) -> None:
    article = live()
    imported(
        about("reset my password", 1),
        about("reset my password", 2),
        about("colour of the boat", 3),
    )
    assert outcomes_update(Budget.of(60))
    assert vectors_update(Budget.of(60), encoder())
    made = questions_suggest(article)
    suggested = list(article.questions.order_by("pk"))
    assert made == len(suggested) == 1  # the two tickets ask the same
    assert suggested[0].text == "reset my password reset my password question 1"
    assert (suggested[0].origin, suggested[0].source, suggested[0].state) == (
        "ticket",
        "CSV reset my password-1",
        "suggested",
    )
    assert trial(article, article.title, BODY).asked == ()  # a suggestion does not count yet
    question_reject(actor=writer, question=suggested[0])
    assert questions_suggest(article) == 0
    with pytest.raises(Conflict, match="rejected by now"):
        question_reject(actor=writer, question=suggested[0])


@pytest.mark.row("2.15")
def test_queries_that_came_near_an_article_are_suggested_masked(
    live: Callable[..., Article], writer: Actor
) -> None:
    article = live()
    model = encoder()
    text = "my password mail to jo@example.com never comes"
    news = [MissingAnswer("unanswered", "turn:1", text, date(2026, 7, 1), article.pk)]
    signals_add(actor=SYSTEM, prepared=signals_prepare(news, model), encoder=model.fingerprint)
    assert questions_suggest_where_few(at_least=3) == 1
    question = article.questions.get()
    assert (question.text, question.origin, question.source) == (
        "my password mail to [email] never comes",
        "query",
        "turn:1",
    )
    question_accept(actor=writer, question=question)
    assert len(trial(article, article.title, BODY).asked) == 1
    assert Activity.objects.get(verb="question.accepted").after == {"state": "active"}


def test_a_long_message_is_cut_at_the_end_of_a_sentence() -> None:
    long = "Where is the invoice of last March? " + "I have looked everywhere " * 20
    assert short_question(long) == "Where is the invoice of last March?"
    assert short_question("word " * 100) == " ".join(["word"] * 40)


@pytest.mark.row("2.15")
def test_who_may_not_change_articles_can_do_nothing_with_questions(
    live: Callable[..., Article], writer: Actor, make_user: Callable[..., User]
) -> None:
    article, reader = live(), Actor.of_user(make_user("ria", "kb.view_article"))
    question = question_add(actor=writer, article=article, text=GOOD[0])
    waiting = Job.objects.count()
    for act in (
        lambda: question_add(actor=reader, article=article, text=GOOD[1]),
        lambda: question_switch_off(actor=reader, question=question),
        lambda: question_accept(actor=reader, question=question),
        lambda: question_reject(actor=reader, question=question),
        lambda: suggestions_start(actor=reader, article=article),
        lambda: check_start(actor=reader),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert [(row.text, row.state) for row in article.questions.all()] == [(GOOD[0], "active")]
    assert Job.objects.count() == waiting


# The run over all articles


@pytest.fixture
def base(live: Callable[..., Article], writer: Actor) -> list[Article]:
    """Two articles: one that its questions find, one whose second question another article takes."""
    passwords = live()
    eggs = live("eggs", "How do I boil an egg?", COOKING)
    for number in range(3):
        live(f"password-{number}", f"Passwords and mail, part {number}")
    ask_for(writer, passwords, *GOOD)
    ask_for(writer, eggs, "how long does an egg take", "the password mail is late")
    return [passwords, eggs]


@pytest.mark.row("2.15")
def test_the_run_over_all_articles_keeps_what_failed_and_what_came_first_instead(
    base: list[Article],
) -> None:
    job = check_start(actor=SYSTEM)
    jobs.run_due()
    job.refresh_from_db()
    run = QuestionRun.objects.get()
    assert job.result == {"run": run.pk, "asked": 5, "found": 4}
    assert (run.occasion, run.articles, run.too_few, run.recall) == ("check", 5, 4, 0.8)
    (failed,) = run.details
    assert (failed["article"], failed["text"]) == (base[1].pk, "the password mail is late")
    assert failed["first"] != base[1].title
    assert failed["rank"] in (4, 5, None)


@pytest.mark.row("2.15")
def test_the_command_prints_json_and_ends_with_one_where_recall_is_below_the_mark(
    base: list[Article], writer: Actor
) -> None:
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("test_articles", "--json", stdout=out)
    assert end.value.code == 1
    said = json.loads(out.getvalue())
    assert (said["asked"], said["found"], said["recall_at_3"], said["passed"]) == (5, 4, 0.8, False)
    question_switch_off(actor=writer, question=ArticleQuestion.objects.get(text="the password mail is late"))
    out = StringIO()
    call_command("test_articles", stdout=out)
    assert out.getvalue() == ("recall@3 1.00 (wanted 0.9): 4 of 4 questions; 4 of 5 articles have too few\n")


@pytest.mark.row("2.15")
def test_without_any_question_the_command_does_not_pass(live: Callable[..., Article]) -> None:
    live()
    with pytest.raises(SystemExit):
        call_command("test_articles", stdout=StringIO())
    assert check_run(actor=SYSTEM).recall is None


# The pages


@pytest.fixture
def staff(sign_in: Callable[[User], Client], make_user: Callable[..., User], writer: Actor) -> Client:
    user = User.objects.get(pk=writer.id)
    user.user_permissions.add(*make_user("extra", "kb.view_questionrun").user_permissions.all())
    return sign_in(user)


@pytest.mark.row("2.15")
def test_one_click_on_the_articles_page_accepts_rejects_adds_and_switches_off(
    staff: Client, live: Callable[..., Article]
) -> None:
    article = live()
    for text in GOOD[:2]:
        ArticleQuestion.objects.create(
            article=article, text=text, key=text, origin="ticket", source="CSV 1", state="suggested"
        )
    page = staff.get(f"/admin/kb/article/{article.pk}/change/").content.decode()
    assert page.count('value="accept"') == 2
    assert "ticket, CSV 1" in page
    first, second = article.questions.order_by("pk")
    act = f"/admin/kb/article/{article.pk}/questions/"
    for data, said in (
        ({"act": "accept", "question": first.pk}, "The question counts now."),
        ({"act": "reject", "question": second.pk}, "It will not be suggested again."),
        ({"act": "reject", "question": second.pk}, "This question is rejected by now."),
        ({"act": "add", "text": GOOD[2]}, "The question is added."),
        ({"act": "add", "text": ""}, "Write a question of at most 500 characters."),
        ({"act": "off", "question": first.pk}, "The question counts no more."),
        ({"act": "off", "question": "9" * 30}, "There is no such question any more."),
        ({"act": "suggest"}, "Tickets and searches are being looked through"),
    ):
        answer = staff.post(act, data)
        assert answer["Location"] == f"/admin/kb/article/{article.pk}/change/#test-questions"
        assert said in staff.get(answer["Location"]).content.decode()
    assert dict(article.questions.values_list("text", "state")) == {
        GOOD[0]: "off",
        GOOD[1]: "rejected",
        GOOD[2]: "active",
    }


@pytest.mark.row("2.15")
def test_the_page_of_a_run_says_what_failed_and_its_button_starts_the_next(
    staff: Client, base: list[Article]
) -> None:
    assert "Nobody has asked all test questions yet." in staff.get("/admin/kb/questionrun/").content.decode()
    answer = staff.post("/admin/kb/questionrun/start/", follow=True).content.decode()
    assert "The run is queued" in answer
    jobs.run_due()
    page = staff.get("/admin/kb/questionrun/").content.decode()
    assert "4 of 5 questions find their article among the first 3" in page
    run = QuestionRun.objects.get()
    detail = staff.get(f"/admin/kb/questionrun/{run.pk}/change/").content.decode()
    assert "the password mail is late" in detail
    assert f'<a href="/admin/kb/article/{base[1].pk}/change/">How do I boil an egg?</a>' in detail


@pytest.mark.row("2.15", "8.7")
def test_an_articles_page_costs_the_same_number_of_queries_with_one_question_and_with_thirty(
    staff: Client, live: Callable[..., Article], writer: Actor
) -> None:
    article, counts = live(), []
    for total in (1, 30):
        for number in range(article.questions.count(), total):
            question_add(actor=writer, article=article, text=f"Question number {number}")
        with CaptureQueriesContext(connection) as captured:
            assert staff.get(f"/admin/kb/article/{article.pk}/change/").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]
