"""Gaps: like signals make one, closed ones come back only when customers insist, a live answer closes one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import runtime.tasks  # noqa: F401 - registers the job that is run below
from core import jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, User
from kb import news
from kb.contracts import MissingAnswer, TurnNews, VoteNews
from kb.gaps import signals as signals_module
from kb.gaps.clustering import SAME_GAP_COSINE, Centroids, mean_of, most_typical
from kb.gaps.collecting import collect_start, tickets_collect
from kb.gaps.resolving import gap_check, gaps_check
from kb.gaps.services import (
    gap_change_undo,
    gap_dismiss,
    gap_reopen,
    gap_start_draft,
    gaps_merge,
    signals_split,
)
from kb.gaps.signals import signals_add, signals_prepare
from kb.models import Article, Gap, GapSignal, PublishingPolicy, Revision
from kb.review import revision_approve, revision_publish, revision_submit
from runtime.models import Conversation, Feedback, Trace, Turn
from tests.tickets.audited import about, category

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
DAY = date(2026, 7, 1)


class Directions:
    """An encoder whose texts point where their first word says: a, b and c are at right angles."""

    dimension = 4
    fingerprint = "directions"

    def encode(self, texts: list[str]) -> np.ndarray:
        axes = {"apples": 0, "bikes": 1, "clouds": 2}
        rows = np.zeros((len(texts), 4), dtype=np.float32)
        for row, text in enumerate(texts):
            rows[row, axes.get(text.split()[0], 3)] = 1.0
        return rows

    def encode_tokens(self, texts: list[str]) -> list[Any]:
        raise NotImplementedError


def told(*texts: str, kind: str = "unanswered", start: int = 1) -> int:
    """Take in one signal a text, each of its own turn; return how many were new."""
    items = [MissingAnswer(kind, f"turn:{number}", text, DAY) for number, text in enumerate(texts, start)]
    prepared = signals_prepare(items, Directions())
    return signals_add(actor=SYSTEM, prepared=prepared, encoder=Directions.fingerprint)


def queue() -> list[tuple[str, int]]:
    return list(Gap.objects.apart().values_list("state", "count"))


# Putting signals together


@pytest.mark.row("2.16")
def test_three_signals_of_one_cluster_are_one_gap_with_count_three() -> None:
    assert told("apples fall down", "apples taste sour", "bikes break often", "apples rot away") == 4
    assert queue() == [("open", 3), ("open", 1)]
    gap = Gap.objects.get(count=3)
    assert sorted(gap.signals.values_list("text", flat=True)) == [
        "apples fall down",
        "apples rot away",
        "apples taste sour",
    ]
    assert gap.last_seen == DAY


@pytest.mark.row("2.16")
def test_reading_the_same_signals_again_changes_nothing() -> None:
    told("apples fall down", "apples taste sour")
    before = list(Gap.objects.values())
    assert told("apples fall down", "apples taste sour") == 0
    assert list(Gap.objects.values()) == before
    assert told("apples fall down", kind="thumbs_down") == 1  # another kind of news about the same turn
    assert queue() == [("open", 3)]


@pytest.mark.row("2.16")
def test_of_two_readers_who_prepared_the_same_signals_one_stores_them() -> None:
    items = [MissingAnswer("unanswered", "turn:1", "apples fall down", DAY)]
    first, second = (signals_prepare(items, Directions()) for _ in range(2))
    assert signals_add(actor=SYSTEM, prepared=first, encoder="directions") == 1
    assert signals_add(actor=SYSTEM, prepared=second, encoder="directions") == 0
    assert queue() == [("open", 1)]


@pytest.mark.row("2.16")
def test_signals_are_masked_and_too_short_ones_are_left_out() -> None:
    assert told("apples for jo@example.com and 4111 1111 1111 1111 please", "hello?", "ok") == 1
    text = GapSignal.objects.get().text
    assert "jo@example.com" not in text
    assert "4111" not in text
    assert text == "apples for [email] and [card] please"


@pytest.mark.row("2.16")
def test_a_signal_joins_the_nearest_gap_from_the_threshold_on_and_moves_its_mean() -> None:
    assert SAME_GAP_COSINE == 0.65
    east, north = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    centroids = Centroids([7, 8], np.stack([east, north]), [1, 3])
    near = centroids.nearest(np.array([0.6, 0.8], np.float32))
    assert near is not None
    assert (near[0], round(near[1], 6)) == (8, 0.8)
    assert centroids.add(7, north).tolist() == [0.5, 0.5]
    assert centroids.add(9, east).tolist() == [1.0, 0.0]
    assert Centroids([], np.zeros((0, 2), np.float32), []).nearest(east) is None
    assert mean_of(np.stack([east, north])).tolist() == [0.5, 0.5]
    assert most_typical(np.stack([north, east, east])) == 1


# Conversations, feedback, tickets


def turn(number: int, text: str, decision: str, reason: str, **more: Any) -> Turn:
    """Make a turn with its trace, as the runtime keeps it."""
    hits = more.pop("hits", [])
    conversation = Conversation.objects.create(channel="test")
    made = Turn.objects.create(
        conversation=conversation,
        number=1,
        text=text,
        decision=decision,
        reason=reason,
        mode="live",
        delivered=True,
        reply="…",
        rule_trigger=reason if decision == "escalate" else "",
        **more,
    )
    steps = [{"name": "search", "ms": 1.0, "error": "", "details": {"hits": hits}}]
    Trace.objects.create(turn=made, facts={}, steps=steps, total_ms=1.0)
    # On PostgreSQL turns younger than runtime.learning.SETTLE_SECONDS wait for those still uncommitted.
    made.created_at = timezone.now() - timedelta(minutes=5)
    made.save(update_fields=["created_at"])
    return made


def collect() -> dict[str, Any]:
    job = collect_start(actor=SYSTEM)
    jobs.run_due()
    job.refresh_from_db()
    assert job.state == "succeeded", job.error
    return dict(job.result)


@pytest.mark.row("2.16", "2.12")
def test_the_job_reads_turns_and_thumbs_once_and_leaves_alone_what_says_nothing(
    live: Callable[..., Article],
) -> None:
    article = live()
    near = [{"article_id": article.pk, "title": "T", "anchor": "", "score": 0.8}]
    far = [{"article_id": article.pk, "title": "T", "anchor": "", "score": 0.1}]
    answered = turn(1, "where do I reset my password", "answer", "answered", hits=near)
    answered.citations = [{"article_id": article.pk}]
    answered.save()
    turn(2, "can I pay with cheques by post", "clarify", "no_answer", hits=far)
    turn(3, "is there a desktop app for Linux", "clarify", "low_confidence", hits=far)
    turn(4, "my password mail is late", "clarify", "low_confidence", hits=near)
    turn(5, "let me talk to a human being", "escalate", "human_request", hits=far)
    turn(6, "do you ship to Iceland in winter", "out_of_scope", "out_of_scope", hits=far)
    Feedback.objects.create(turn=answered, rating="down", given_by="bot")
    first = collect()
    assert (first["turns"], first["signals"], first["votes"], first["thumbs_down"]) == (6, 3, 1, 1)
    kinds = dict(GapSignal.objects.values_list("text", "kind"))
    assert kinds == {
        "can I pay with cheques by post": "unanswered",
        "is there a desktop app for Linux": "low_score",
        "do you ship to Iceland in winter": "out_of_scope",
        "where do I reset my password": "thumbs_down",
    }
    assert GapSignal.objects.get(kind="thumbs_down").article_id == article.pk
    used = article.usage.get()
    assert (used.retrieved, used.cited) == (2, 1)
    again = collect()
    assert (again["turns"], again["signals"], again["thumbs_down"]) == (0, 0, 0)
    assert (GapSignal.objects.count(), article.usage.get().retrieved) == (4, 2)


@pytest.mark.row("2.16")
def test_a_thumb_that_is_turned_up_takes_its_signal_back(live: Callable[..., Article]) -> None:
    article = live()

    def vote(helpful: bool) -> VoteNews:
        return VoteNews(5, DAY, "where do I reset my password", helpful, (article.pk,))

    at = article.created_at
    assert news.votes_take(actor=SYSTEM, votes=[vote(False)], up_to=at) == 1
    assert news.votes_take(actor=SYSTEM, votes=[vote(True)], up_to=at) == 0
    assert GapSignal.objects.count() == 0
    assert Gap.objects.get().count == 0


@pytest.mark.row("2.16")
def test_two_readers_of_the_same_turns_make_one_gap() -> None:
    turns = [TurnNews(DAY, "can I pay with cheques by post", kind="unanswered", source="turn:1")]
    assert news.turns_take(actor=SYSTEM, turns=turns, after=0, up_to=1) == 1
    assert news.turns_take(actor=SYSTEM, turns=turns, after=0, up_to=1) is None
    assert queue() == [("open", 1)]


@pytest.mark.row("2.16")
def test_tickets_of_a_category_that_no_article_answers_are_signals_and_those_of_a_covered_one_are_not(
    live: Callable[..., Article],
) -> None:
    live()
    category("Passwords", *[about("reset my password", n) for n in range(2)])
    category("Cheques", *[about("paying with cheques by post", n) for n in range(3)])
    found = tickets_collect(actor=SYSTEM)
    assert found["tickets"] == 3
    assert set(GapSignal.objects.values_list("kind", flat=True)) == {"ticket"}
    assert queue() == [("open", 3)]
    assert tickets_collect(actor=SYSTEM) == {"tickets": 0, "suggested": 0}


# Closing and coming back


@pytest.fixture
def gap() -> Gap:
    told("apples fall down", "apples taste sour", "apples rot away")
    return Gap.objects.get()


@pytest.mark.row("2.16")
def test_a_dismissed_gap_stays_closed_until_so_many_new_signals_and_then_says_why_it_is_back(
    gap: Gap, writer: Actor
) -> None:
    gap_dismiss(actor=writer, gap=gap, reason="Not our business")
    told(*[f"apples again {n}" for n in range(4)], start=10)
    gap.refresh_from_db()
    assert (gap.state, gap.count, gap.since_closed, gap.note) == ("dismissed", 7, 4, "Not our business")
    told("apples once more", start=20)
    gap.refresh_from_db()
    assert (gap.state, gap.count, gap.since_closed) == ("open", 8, 0)
    assert gap.note == "Opened again: 5 new signals since it was dismissed (“Not our business”)."
    assert Activity.objects.get(verb="gap.reopened").before["state"] == "dismissed"


@pytest.mark.row("2.16")
def test_how_many_signals_open_a_gap_again_is_the_policys_business(gap: Gap, writer: Actor) -> None:
    PublishingPolicy.objects.update_or_create(pk=1, defaults={"reopen_after_signals": 1})
    gap_dismiss(actor=writer, gap=gap, reason="Not our business")
    told("apples again", start=10)
    gap.refresh_from_db()
    assert gap.state == "open"


@pytest.mark.row("2.16")
@pytest.mark.parametrize("reason", ["", "   ", "x" * 401, "a\x00b"])
def test_a_dismissal_needs_a_reason(gap: Gap, writer: Actor, reason: str) -> None:
    with pytest.raises(InvalidInput):
        gap_dismiss(actor=writer, gap=gap, reason=reason)
    gap.refresh_from_db()
    assert (gap.state, gap.changes.count()) == ("open", 0)


ANSWER = "# Do apples fall?\n\nApples fall down, taste sour and rot away when nobody picks them.\n"


def publish_draft(revision: Revision, body: str, writer: Actor, reviewer: Actor) -> None:
    from kb.services import revision_save_draft  # noqa: PLC0415

    text = revision_save_draft(
        actor=writer, article=revision.article, base_number=1, title=revision.title, body=body
    )
    revision.article.for_everyone = True
    revision.article.save()
    revision_submit(actor=writer, revision=text)
    revision_approve(actor=reviewer, revision=text)
    revision_publish(actor=reviewer, revision=text)
    jobs.run_due()


@pytest.mark.row("2.16")
def test_a_gap_is_resolved_once_its_article_is_live_and_its_questions_find_it(
    gap: Gap, writer: Actor, reviewer: Actor
) -> None:
    revision = gap_start_draft(actor=writer, gap=gap, title="Do apples fall?")
    assert gaps_check(actor=SYSTEM) == 0
    assert Gap.objects.get().state == "drafting"
    publish_draft(revision, ANSWER, writer, reviewer)
    gap.refresh_from_db()
    assert (gap.state, gap.article_id) == ("resolved", revision.article_id)
    assert gap.note == "Resolved: 3 of 3 customers' questions find “Do apples fall?” among the first 3."


@pytest.mark.row("2.16")
def test_a_gap_whose_questions_do_not_find_the_article_stays_open_with_the_reason(
    gap: Gap, writer: Actor, reviewer: Actor, live: Callable[..., Article]
) -> None:
    for number in range(3):
        live(f"apples-{number}", f"Apples fall, taste sour, rot {number}", f"# Apples\n\nApples {number}.\n")
    revision = gap_start_draft(actor=writer, gap=gap, title="Printing labels on Linux?")
    publish_draft(revision, "# Printing labels on Linux?\n\nUse the driver.\n", writer, reviewer)
    gap.refresh_from_db()
    assert gap.state == "drafting"
    assert gap.note.startswith(
        "Not resolved yet: 0 of 3 customers' questions find “Printing labels on Linux?”"
    )
    assert "finds “Apples fall, taste sour, rot" in gap.note
    assert gap_check(actor=writer, gap=gap) is False


# What people do


@pytest.mark.row("2.16")
def test_merging_moves_the_signals_and_can_be_taken_back(writer: Actor) -> None:
    told("apples fall down", "apples rot away", "bikes break often")
    apples, bikes = Gap.objects.get(count=2), Gap.objects.get(count=1)
    assert gaps_merge(actor=writer, into=apples, others=[bikes]) == 1
    assert queue() == [("open", 3)]
    bikes.refresh_from_db()
    assert bikes.merged_into_id == apples.pk
    with pytest.raises(Conflict, match="merged meanwhile"):
        gaps_merge(actor=writer, into=bikes, others=[apples])
    gap_change_undo(actor=writer, gap=apples)
    assert queue() == [("open", 2), ("open", 1)]
    with pytest.raises(Conflict, match="nothing to take back"):
        gap_change_undo(actor=writer, gap=apples)


@pytest.mark.row("2.16")
def test_splitting_makes_a_gap_of_its_own_and_can_be_taken_back(gap: Gap, writer: Actor) -> None:
    one = gap.signals.get(text="apples rot away")
    with pytest.raises(InvalidInput):
        signals_split(actor=writer, gap=gap, signals=list(gap.signals.all()))
    made = signals_split(actor=writer, gap=gap, signals=[one])
    assert (made.title, made.count) == ("apples rot away", 1)
    assert queue() == [("open", 2), ("open", 1)]
    gap_change_undo(actor=writer, gap=gap)
    assert queue() == [("open", 3)]


@pytest.mark.row("2.16")
def test_a_dismissal_and_a_draft_can_be_taken_back_and_the_draft_stays_an_article(
    gap: Gap, writer: Actor
) -> None:
    gap_dismiss(actor=writer, gap=gap, reason="Not our business")
    gap_change_undo(actor=writer, gap=gap)
    gap.refresh_from_db()
    assert (gap.state, gap.note) == ("open", "")
    revision = gap_start_draft(actor=writer, gap=gap, title="Do apples fall?")
    with pytest.raises(Conflict, match="no second draft"):
        gap_start_draft(actor=writer, gap=gap, title="Do apples fall?")
    gap_change_undo(actor=writer, gap=gap)
    gap.refresh_from_db()
    assert (gap.state, gap.article_id) == ("open", None)
    assert Article.objects.get().pk == revision.article_id
    with pytest.raises(Conflict):
        gap_reopen(actor=writer, gap=gap)


@pytest.mark.row("2.16")
def test_who_may_not_change_articles_can_do_nothing_with_gaps(
    gap: Gap, make_user: Callable[..., User]
) -> None:
    reader = Actor.of_user(make_user("ria", "kb.view_gap"))
    other = Gap.objects.create(title="x", centroid=gap.centroid, encoder=gap.encoder, last_seen=DAY)
    for act in (
        lambda: gap_dismiss(actor=reader, gap=gap, reason="no"),
        lambda: gaps_merge(actor=reader, into=gap, others=[other]),
        lambda: signals_split(actor=reader, gap=gap, signals=[gap.signals.first()]),
        lambda: gap_start_draft(actor=reader, gap=gap, title="T?"),
        lambda: gap_change_undo(actor=reader, gap=gap),
        lambda: collect_start(actor=reader),
    ):
        with pytest.raises(NotAllowed):
            act()
    gap.refresh_from_db()
    assert (gap.state, gap.count, gap.changes.count()) == ("open", 3, 0)


# The pages


@pytest.fixture
def staff(sign_in: Callable[[User], Client], make_user: Callable[..., User], writer: Actor) -> Client:
    user = User.objects.get(pk=writer.id)
    extra = make_user("extra", "kb.view_gap")
    user.user_permissions.add(*extra.user_permissions.all())
    return sign_in(user)


@pytest.mark.row("2.16")
def test_the_queue_shows_the_most_wanted_first_and_hides_what_is_closed(staff: Client, writer: Actor) -> None:
    told("bikes break often", "apples fall down", "apples rot away", "clouds hang low")
    gap_dismiss(actor=writer, gap=Gap.objects.get(title="clouds hang low"), reason="No")
    page = staff.get("/admin/kb/gap/").content.decode()
    assert 0 < page.index("apples rot away") < page.index("bikes break often")
    assert "clouds hang low" not in page
    assert "clouds hang low" in staff.get("/admin/kb/gap/?state=dismissed").content.decode()


@pytest.mark.row("2.16")
def test_a_gaps_page_links_its_raw_signals_and_splits_the_ticked_ones(staff: Client, gap: Gap) -> None:
    page = staff.get(f"/admin/kb/gap/{gap.pk}/change/").content.decode()
    assert '<a href="/admin/runtime/turn/1/change/">turn:1</a>' in page
    one = gap.signals.get(text="apples rot away")
    answer = staff.post(f"/admin/kb/gap/{gap.pk}/split/", {"signal": [one.pk]}, follow=True)
    assert "They are now the gap “apples rot away”." in answer.content.decode()
    assert queue() == [("open", 2), ("open", 1)]


@pytest.mark.row("2.16")
def test_dismissing_on_the_page_keeps_what_was_typed_when_it_is_refused(staff: Client, gap: Gap) -> None:
    move = f"/admin/kb/gap/{gap.pk}/move/dismiss/"
    assert staff.post(move, {"reason": "", "_seen": ""}).status_code == 400
    assert staff.post(move, {"reason": "Not our business", "_seen": ""}).status_code == 302
    gap.refresh_from_db()
    assert (gap.state, gap.note) == ("dismissed", "Not our business")
    answer = staff.post(f"/admin/kb/gap/{gap.pk}/move/undo/", {"_seen": gap.changes.get().pk})
    assert answer.status_code == 302
    gap.refresh_from_db()
    assert gap.state == "open"


@pytest.mark.row("2.16", "8.7")
def test_the_queue_costs_the_same_number_of_queries_at_one_and_at_thirty_gaps(staff: Client) -> None:
    counts = []
    for total in (1, 30):
        for number in range(Gap.objects.count(), total):
            Gap.objects.create(title=f"g{number}", centroid=b"", encoder="e", last_seen=DAY, count=number)
        with CaptureQueriesContext(connection) as captured:
            assert staff.get("/admin/kb/gap/").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.row("2.16")
def test_another_encoder_encodes_the_signals_anew(gap: Gap) -> None:
    class Other(Directions):
        fingerprint = "other"

    assert signals_module.vectors_renew(Other(), "other") == 3
    assert set(GapSignal.objects.values_list("encoder", flat=True)) == {"other"}
    assert Gap.objects.get().encoder == "other"
