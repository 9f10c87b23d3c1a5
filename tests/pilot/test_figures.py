"""From rows to figures: what counts as resolved, what withdraws it, exact metrics, weeks and the gate."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.proportions import Share
from pilot.figures.interactions import interactions_of
from pilot.figures.selectors import figures_of, gate_of, pilot_summary, weeks_of, whole_of
from pilot.inferred import Part, Signs, inferred_of
from pilot.metrics import Interaction, Metrics
from pilot.models import Draft, Pilot, Review
from pilot.resolutions import Ending, Handling, Resolution, resolution_in_pilot
from pilot.weeks import Told
from runtime.models import Conversation, Feedback, FlowRun, Turn
from tests.pilot.figured import LONG_AGO, NOW, conversation, reviewed
from tests.runtime.measured import conversation as other_conversation
from tests.runtime.measured import turn as other_turn

R = Resolution
OLD = Ending(LONG_AGO, answered=True)
LATE = Ending(NOW - timedelta(hours=71), answered=True)
QUESTION = Ending(LONG_AGO, answered=False)
PASSED_ON = Ending(LONG_AGO, answered=False, escalated=True)
BAD = Ending(LONG_AGO, answered=True, csat=1)
YES = Ending(LONG_AGO, answered=True, confirmed=True)
MakePilot = Callable[..., Pilot]


@pytest.mark.row("5.5")
@pytest.mark.parametrize(
    ("mode", "ending", "handling", "expected"),
    [
        # Nothing was sent: only reviews say what it would have been.
        ("shadow", OLD, {"sampled": False}, R.NOT_SAMPLED),
        ("shadow", PASSED_ON, {"sampled": False}, R.NOT_SAMPLED),
        ("shadow", OLD, {}, R.PENDING),
        ("shadow", OLD, {"reviewed": True}, R.JUDGED),
        ("shadow", LATE, {"reviewed": True}, R.JUDGED),
        ("shadow", QUESTION, {"reviewed": True}, R.ABANDONED),
        ("shadow", OLD, {"reviewed": True, "corrected": True}, R.CORRECTED),
        ("shadow", OLD, {"corrected": True}, R.CORRECTED),
        ("shadow", PASSED_ON, {}, R.PENDING),
        ("shadow", PASSED_ON, {"reviewed": True}, R.ESCALATED),
        ("shadow", PASSED_ON, {"reviewed": True, "corrected": True}, R.CORRECTED),
        # Sent by a person: it is the agent's answer only if nobody changed it.
        ("assist", OLD, {}, R.PENDING),
        ("assist", OLD, {"reviewed": True}, R.PENDING),
        ("assist", OLD, {"reviewed": True, "sent": True}, R.ASSUMED),
        ("assist", LATE, {"reviewed": True, "sent": True}, R.PENDING),
        ("assist", YES, {"reviewed": True, "sent": True}, R.CONFIRMED),
        ("assist", BAD, {"reviewed": True, "sent": True}, R.WITHDRAWN),
        ("assist", OLD, {"reviewed": True, "sent": True, "corrected": True}, R.CORRECTED),
        ("assist", PASSED_ON, {"corrected": True}, R.ESCALATED),
        # Sent at once.
        ("live", OLD, {"sent": True, "sampled": False, "reviewed": True}, R.ASSUMED),
        ("live", LATE, {"sent": True}, R.PENDING),
        ("live", OLD, {"sent": True, "reviewed": True, "corrected": True}, R.WITHDRAWN),
        ("live", LATE, {"sent": True, "corrected": True}, R.WITHDRAWN),
        ("live", YES, {"sent": True, "corrected": True}, R.WITHDRAWN),
        ("live", PASSED_ON, {"sent": True, "corrected": True}, R.ESCALATED),
        ("live", QUESTION, {"sent": True, "corrected": True}, R.ABANDONED),
    ],
)
def test_what_a_conversation_counts_as_depends_on_who_stands_between(
    mode: str, ending: Ending, handling: dict[str, bool], expected: Resolution
) -> None:
    assert resolution_in_pilot(ending, Handling(mode, **handling), now=NOW) == expected


def state(pilot: Pilot, made: Conversation, now: datetime = NOW) -> Resolution:
    """Return what the conversation counts as."""
    return next(
        one.what.resolution for one in interactions_of(pilot, now=now) if one.conversation_id == made.pk
    )


@pytest.mark.row("5.4", "5.5")
def test_twenty_conversations_as_rows_give_the_figures_counted_by_hand(make_pilot: MakePilot) -> None:
    pilot = make_pilot(stage="full", review_percent=1)
    usual = {"in_sample": False}
    seen = {"in_sample": True, "review": "correct"}
    for minutes in (2, 4, 6):
        conversation(pilot, minutes=minutes, decisions=("clarify", "answer"), csat=5, **seen)
    for minutes in (8, 10, 12):
        conversation(pilot, minutes=minutes, decisions=("clarify", "answer"), csat=4, **usual)
    for minutes in (14, 16, 18, 20):
        conversation(pilot, minutes=minutes, decisions=("clarify", "answer"), **seen)
    conversation(pilot, minutes=3, decisions=("clarify", "answer"), csat=3, **usual)
    for _ in range(2):
        conversation(pilot, minutes=30, csat=1, review="wrong_fact", in_sample=True)
    for _ in range(4):
        conversation(pilot, minutes=45, decisions=("answer", "escalate"), csat=2, **usual)
    conversation(pilot, decisions=("clarify",), **usual)
    for _ in range(2):
        conversation(pilot, NOW - timedelta(hours=71), **usual)
    # Two of the four assumed ones turn out wrong in review: the resolution goes, the correction counts.
    for draft in Draft.objects.filter(turn__feedback=None, reviews__verdict="correct").order_by("-pk")[:2]:
        reviewed(draft, "incomplete", outcome="edited", person="sam")

    found = whole_of(pilot, now=NOW)
    assert (found.interactions, found.pending, found.confirmed, found.assumed) == (20, 2, 6, 3)
    assert (found.withdrawn, found.escalated, found.abandoned, found.not_sampled) == (4, 4, 1, 0)
    assert (found.resolved, found.ended) == (9, 18)
    assert found.resolution_rate == Share(9, 18)
    assert found.csat == Share(6, 13)
    assert found.escalation_rate == Share(4, 20)
    assert found.corrections == Share(4, 9)
    assert found.corrections_per_100 == pytest.approx(400 / 9)
    # 2 3 4 6 [8] 10 12 14 16; P(Binomial(9, ½) ≤ 1) = 2.0 %: the second from either end.
    time = found.time_to_resolution
    assert (time.value, time.n, time.low, time.high) == (8, 9, 3, 14)


@pytest.mark.row("5.5")
@pytest.mark.parametrize("mode", ["assist", "live"])
def test_an_answer_is_pending_then_assumed_and_late_news_withdraws_it(
    make_pilot: MakePilot, mode: str
) -> None:
    pilot = make_pilot(stage="full")
    made = conversation(pilot, mode=mode, review="correct", sent=mode == "assist")
    assert state(pilot, made, LONG_AGO + timedelta(hours=71, minutes=59)) == R.PENDING
    assert state(pilot, made, LONG_AGO + timedelta(hours=72)) == R.ASSUMED
    Feedback.objects.create(turn=made.turns.get(), reopened=True, given_by="desk")
    assert state(pilot, made) == R.WITHDRAWN


@pytest.mark.row("5.5")
@pytest.mark.parametrize(
    ("hours", "intent", "customer", "expected"),
    [
        (1, "data_export", "c-1", R.WITHDRAWN),
        (72, "data_export", "c-1", R.WITHDRAWN),
        (72.1, "data_export", "c-1", R.ASSUMED),
        (1, "billing_inquiry", "c-1", R.ASSUMED),
        (1, "data_export", "c-2", R.ASSUMED),
        (-1, "data_export", "c-1", R.ASSUMED),
    ],
)
def test_who_comes_back_about_the_same_in_another_conversation_withdraws(
    make_pilot: MakePilot, hours: float, intent: str, customer: str, expected: Resolution
) -> None:
    pilot = make_pilot(stage="full")
    made = conversation(pilot, customer="c-1")
    at = LONG_AGO + timedelta(hours=hours)
    elsewhere = other_conversation(at, channel="web", customer_external_id=customer)
    other_turn(at, into=elsewhere, intent=intent)
    assert state(pilot, made) == expected


@pytest.mark.row("5.5")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"rating": "up"}, R.CONFIRMED),
        ({"rating": "down"}, R.WITHDRAWN),
        ({"csat": 4}, R.CONFIRMED),
        ({"csat": 2}, R.WITHDRAWN),
        ({"decisions": ("answer", "clarify"), "last_text": "Perfect, that worked, thank you!"}, R.CONFIRMED),
        ({"decisions": ("answer", "answer"), "last_text": "Thanks. And how do I import it?"}, R.PENDING),
        ({"decisions": ("clarify", "clarify"), "last_text": "thanks"}, R.PENDING),
    ],
)
def test_the_customer_confirms_or_withdraws_by_word_thumb_or_stars(
    make_pilot: MakePilot, fields: dict[str, object], expected: Resolution
) -> None:
    pilot = make_pilot(stage="full")
    made = conversation(pilot, NOW - timedelta(hours=1), **fields)
    assert state(pilot, made) == expected


@pytest.mark.row("5.4")
def test_csat_is_never_filled_in_nor_taken_from_what_nobody_got(make_pilot: MakePilot) -> None:
    pilot = make_pilot(stage="full")
    for _ in range(5):
        conversation(pilot)
    conversation(pilot, csat=3)
    conversation(pilot, mode="shadow", csat=5)  # rated something that was not sent
    conversation(pilot, mode="shadow", csat=4, sent=True)  # rated what a person sent
    assert whole_of(pilot, now=NOW).csat == Share(1, 2)


@pytest.mark.row("5.16")
def test_the_inferred_score_is_explained_and_kept_apart_from_csat(make_pilot: MakePilot) -> None:
    pilot = make_pilot(stage="full")
    conversation(pilot)
    conversation(pilot, decisions=("clarify", "clarify", "answer", "answer"), angry=True)
    conversation(pilot, csat=5)
    conversation(pilot, mode="shadow", review="correct")
    conversation(pilot, NOW)
    found = whole_of(pilot, now=NOW)
    assert found.csat == Share(1, 1)
    assert found.inferred_coverage == Share(3, 5)
    assert found.inferred_good == Share(2, 3)
    # The rating of 5 does not make the third one a 5: the score is not made of CSAT.
    assert found.inferred_mean == pytest.approx((4 + 1.5 + 4) / 3)
    told = next(one for one in interactions_of(pilot, now=NOW) if one.inferred and one.inferred.score < 4)
    assert str(told.inferred) == (
        "+4 answered, silent since, −1 angry, −0.5 2 clarifying questions, −0.5 the same wish again, "
        "−0.5 4 messages"
    )


@pytest.mark.row("5.16")
def test_the_inferred_score_stays_between_one_and_five_and_knows_its_limits() -> None:
    worst = inferred_of(R.WITHDRAWN, Signs(9, 5, 3, angry=True))
    assert worst is not None
    assert (worst.score, worst.parts[0]) == (1, Part(1.0, "came back, rated badly or found wrong"))
    assert inferred_of(R.CONFIRMED, Signs(1)).score == 5  # type: ignore[union-attr]
    assert [inferred_of(one, Signs(1)) for one in (R.PENDING, R.JUDGED, R.CORRECTED, R.NOT_SAMPLED)] == [
        None
    ] * 4


def test_shadow_counts_what_reviewers_judged_and_no_time(make_pilot: MakePilot) -> None:
    pilot = make_pilot()
    conversation(pilot, mode="shadow", review="correct", minutes=9, decisions=("answer", "answer"))
    Draft.objects.filter(turn__number=1).update(in_sample=False)
    conversation(pilot, mode="shadow", review="wrong_tone")
    conversation(pilot, mode="shadow", decisions=("escalate",))
    conversation(pilot, mode="shadow")
    conversation(pilot, mode="shadow", in_sample=False)
    found = whole_of(pilot, now=NOW)
    assert (found.interactions, found.not_sampled) == (4, 1)
    assert (found.judged, found.corrected, found.escalated, found.pending) == (1, 1, 0, 2)
    assert found.escalation_rate == Share(1, 4)  # known before anybody has reviewed it
    assert (found.resolution_rate, found.corrections) == (Share(1, 2), Share(1, 2))
    assert (found.time_to_resolution.n, found.coverage) == (0, Share(2, 4))


def test_an_undone_review_says_nothing(make_pilot: MakePilot) -> None:
    pilot = make_pilot()
    made = conversation(pilot, mode="shadow", review="unsafe")
    assert state(pilot, made) == R.CORRECTED
    Review.objects.update(undone_at=timezone.now())
    assert state(pilot, made) == R.PENDING
    reviewed(Draft.objects.get(), "correct", outcome="edited")
    assert state(pilot, made) == R.CORRECTED


def test_a_finished_flow_is_an_answer_and_a_last_yes_confirms(
    make_pilot: MakePilot, make_flow_version: Callable[[], int]
) -> None:
    pilot = make_pilot(stage="full")
    made = conversation(pilot, decisions=("act",))
    assert state(pilot, made) == R.ABANDONED
    run = FlowRun.objects.create(
        conversation=made, version_id=make_flow_version(), number=1, key="k", state="resolved"
    )
    assert state(pilot, made) == R.ASSUMED
    run.events = [{"step": "helped", "outcome": "yes"}, {"step": "end", "outcome": "resolved"}]
    run.save()
    assert state(pilot, made) == R.CONFIRMED
    run.state = "abandoned"
    run.save()
    assert state(pilot, made) == R.ABANDONED


@pytest.fixture
def make_flow_version(db: None) -> Callable[[], int]:
    """Make a version of a flow; only its id matters here."""

    def make() -> int:
        from runtime.models import FlowVersion, ResolutionFlow  # noqa: PLC0415

        flow = ResolutionFlow.objects.create(title="Export")
        return FlowVersion.objects.create(flow=flow, number=1, definition={}, sha256="x").pk

    return make


def test_the_number_of_queries_does_not_grow(make_pilot: MakePilot) -> None:
    pilot = make_pilot(stage="full")
    counts = []
    for wanted in (3, 30):
        while Draft.objects.count() < wanted:
            conversation(pilot, customer=f"c-{Draft.objects.count() // 2}", csat=5, review="correct")
        with CaptureQueriesContext(connection) as captured:
            assert len(interactions_of(pilot, now=NOW)) == wanted
        counts.append(len(captured))
    assert counts == [6, 6]


def test_a_conversation_counts_in_the_week_in_which_it_began_and_empty_weeks_stay(
    make_pilot: MakePilot,
) -> None:
    pilot = make_pilot(stage="full")
    sunday = datetime(2026, 5, 10, 23, 50, tzinfo=NOW.tzinfo)
    conversation(pilot, sunday, ("answer", "answer"), minutes=30)
    conversation(pilot, sunday + timedelta(days=15))
    weeks = weeks_of(pilot, now=NOW)
    assert [(week.monday, week.is_partial, week.metrics.interactions) for week in weeks] == [
        (date(2026, 5, 4), False, 1),
        (date(2026, 5, 11), False, 0),
        (date(2026, 5, 18), False, 0),
        (date(2026, 5, 25), False, 1),
        (date(2026, 6, 1), True, 0),
    ]


def told(week: date, state: Resolution, **fields: object) -> Told:
    """Make one conversation of a week without rows."""
    at = datetime.combine(week, datetime.min.time(), tzinfo=NOW.tzinfo)
    what = replace(Interaction(state, 1.0), **fields)  # type: ignore[arg-type]
    return Told(uuid.uuid4(), week, at, at, "live", "", what)


@pytest.mark.row("5.10")
@pytest.mark.parametrize(("rises", "stable", "falls"), list(product([True, False], repeat=3)))
def test_of_eight_cases_as_weeks_of_conversations_only_one_opens_the_gate(
    make_pilot: MakePilot, monkeypatch: pytest.MonkeyPatch, rises: bool, stable: bool, falls: bool
) -> None:
    rows = []
    for number in range(4):
        monday = date(2026, 5, 4) + timedelta(weeks=number)
        resolved = 100 + (20 * number if rises else -number)
        good = 40 - (0 if stable else 12 * number)
        corrected = 80 - (20 * number if falls else -number)
        rows += [
            told(
                monday,
                R.ASSUMED if place < resolved else R.ABANDONED,
                csat=None if place >= 50 else 5 if place < good else 3,
                reviewed=True,
                corrected=place < corrected,
            )
            for place in range(200)
        ]
    rows += [told(date(2026, 6, 1), R.ABANDONED, reviewed=True, corrected=True) for _ in range(200)]
    monkeypatch.setattr("pilot.figures.selectors.interactions_of", lambda pilot, now: rows)
    verdict = gate_of(make_pilot(stage="full"), now=NOW)
    holds = {condition.name: condition.holds for condition in verdict.conditions}
    assert (holds["resolution_rate"], holds["csat"], holds["corrections"]) == (rises, stable, falls)
    assert holds["weeks"]
    assert verdict.may_expand is (rises and stable and falls)


@pytest.mark.row("5.10")
def test_the_gate_looks_at_one_scope_alone(make_pilot: MakePilot) -> None:
    email, chat = make_pilot(stage="full"), make_pilot("Chat too", stage="full", channel="chat")
    conversation(email)
    conversation(chat)
    conversation(chat)
    assert [figures_of(pilot, now=NOW).whole.resolved for pilot in (email, chat)] == [1, 2]
    summaries = {one.name: one for one in pilot_summary()}
    assert (summaries["Chat too"].resolved, summaries["Chat too"].evidence) == (2, "not_enough")
    assert not summaries["E-mail first"].may_expand


def test_turns_that_are_no_drafts_yet_are_counted_too(make_pilot: MakePilot) -> None:
    pilot = make_pilot(stage="full")
    conversation(pilot)
    Draft.objects.all().delete()
    assert Turn.objects.count() == 1
    found: Metrics = figures_of(pilot, now=NOW).whole
    assert found.assumed == 1
