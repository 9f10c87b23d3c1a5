"""Escalation rate against the time before AI, reasons, waits and proxies: exact figures from rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.actors import Actor
from core.models import User
from core.proportions import Share
from intents.models import Intent
from runtime.admin.charts import bar_heights, rate_chart
from runtime.measures.contracts import BaselineRate, EscalationRate, Scope, WeekRate, reason_lines
from runtime.measures.selectors import escalation_rate, handoff_reasons, proxies, queue_waits
from runtime.measures.waits import in_words, wait_line
from runtime.models import Conversation, Feedback, Handoff, SampledTurn
from runtime.verdicts.drawing import verdicts_draw
from runtime.verdicts.judging import verdict_record, verdict_undo
from supportadmin.roles import roles_sync
from tests.runtime.measured import SYSTEM, conversation, finished, turn
from tickets.models import AuditReport, Baseline, BaselineRow, Category

FIGURES = "/admin/runtime/sampledturn/figures/"
MONDAY = date(2026, 11, 23)
TODAY = date(2026, 12, 2)  # the Wednesday of the week after
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
TWO_WEEKS = Scope(weeks=2)


def signed(
    escalated: int, known: int, *, category: Category | None = None, part: tuple[int, int] = (0, 0)
) -> None:
    """Sign a baseline, with one category's row."""
    user = User.objects.create_user("signer")
    report = AuditReport.objects.create(
        version=1,
        content={"categories": _categories(category), "total": {"tickets": known}},
        content_sha256="x",
        signed_by=user,
        signed_by_name="signer",
        signed_at=timezone.now(),
    )
    baseline = Baseline.objects.create(
        report=report, window_start=AT - timedelta(days=90), window_end=AT, taken_at=AT
    )
    zeros = {
        **{"csat_sum": 0, "csat_good": 0, "csat_count": 0, "resolution_count": 0},
        **{"reopened": 0, "reopen_known": 0},
    }
    for owner, name, (bad, all_) in ((None, "All tickets", (escalated, known)), (category, "Billing", part)):
        if owner is not None or name == "All tickets":
            BaselineRow.objects.create(
                baseline=baseline,
                category=owner,
                name=name,
                tickets=all_,
                escalated=bad,
                escalation_known=all_,
                **zeros,
            )


def _categories(category: Category | None) -> list[dict[str, object]]:
    if category is None:
        return []
    return [
        {
            "id": category.pk,
            "name": category.name,
            "core": True,
            "label": "ai_resolvable",
            "label_reason": "",
            "flags": [],
            "figures": {"tickets": 50},
            "share": 0.5,
        }
    ]


def week(handed: int, whole: int, at: datetime = AT) -> None:
    """Make so many conversations, of which some are handed over."""
    for number in range(whole):
        turn(at, "escalate" if number < handed else "answer")


@pytest.mark.django_db
@pytest.mark.row("4.14")
def test_a_conversation_counts_once_in_the_week_in_which_it_began() -> None:
    week(1, 4)
    twice = turn(AT, "clarify", trigger="low_confidence").conversation
    turn(AT + timedelta(days=8), "escalate", into=twice)
    turn(datetime(2026, 11, 30, 0, 0, tzinfo=UTC))
    turn(datetime(2026, 11, 22, 23, 59, tzinfo=UTC), "escalate")
    found = escalation_rate(TWO_WEEKS, today=TODAY)
    assert [(w.monday, w.share, w.is_running) for w in found.weeks] == [
        (MONDAY, Share(2, 5), False),
        (date(2026, 11, 30), Share(0, 1), True),
    ]
    assert (found.total, found.baseline, found.verdict) == (Share(2, 6), None, "")


@pytest.mark.django_db
@pytest.mark.row("4.14")
@pytest.mark.parametrize(
    ("handed", "says"),
    [
        (4, "30.0 points lower than before AI, 95 % interval 16.6 to 36.8: more than chance."),
        (15, "No more than chance: 2.5 points lower than before AI, 95 % interval −16.1 to +13.3."),
        (32, "40.0 points higher than before AI, 95 % interval 24.9 to 50.0: more than chance."),
    ],
)
def test_it_is_said_whether_the_difference_is_more_than_chance(handed: int, says: str) -> None:
    signed(400, 1_000)
    week(handed, 40)
    found = escalation_rate(TWO_WEEKS, today=TODAY)
    assert found.baseline is not None
    assert (found.baseline.share, found.baseline.about) == (Share(400, 1_000), "all tickets")
    assert found.verdict == says


@pytest.mark.django_db
@pytest.mark.row("4.14")
def test_few_conversations_are_not_enough_to_say() -> None:
    signed(4, 10)
    week(3, 12)
    says = "Not enough to say: 12 of at least 30 conversations in these weeks."
    assert escalation_rate(TWO_WEEKS, today=TODAY).verdict == says


@pytest.mark.django_db
@pytest.mark.row("4.14")
def test_an_intents_baseline_is_of_the_categories_it_is_mapped_to() -> None:
    category = Category.objects.create(name="Billing", is_core=True)
    signed(400, 1_000, category=category, part=(10, 50))
    Intent.objects.create(
        slug="billing_inquiry", label="Billing", state="active", category=category, resolution="ai_resolvable"
    )
    turn(AT, "escalate")
    turn(AT, intent="data_export")
    found = escalation_rate(Scope(weeks=2, intent="billing_inquiry"), today=TODAY)
    assert found.total == Share(1, 1)
    assert found.baseline is not None
    assert (found.baseline.share, found.baseline.about) == (Share(10, 50), "tickets about Billing")
    other = escalation_rate(Scope(weeks=2, intent="data_export"), today=TODAY)
    assert other.total == Share(0, 1)
    assert other.baseline is not None
    assert other.baseline.share == Share(400, 1_000)


@pytest.mark.django_db
@pytest.mark.row("4.14")
@pytest.mark.parametrize(
    ("scope", "total"),
    [
        (Scope(weeks=2), Share(2, 3)),
        (Scope(weeks=2, channel="email"), Share(1, 1)),
        (Scope(weeks=2, tier="free"), Share(0, 1)),
        (Scope(weeks=2, channel="email", tier="free"), Share(0, 0)),
    ],
)
def test_channel_and_tier_narrow_the_conversations(scope: Scope, total: Share) -> None:
    turn(AT, "escalate", into=conversation(AT, channel="email"))
    turn(AT, into=conversation(AT, tier="free"))
    turn(AT, "escalate")
    assert escalation_rate(scope, today=TODAY).total == total


@pytest.mark.django_db
@pytest.mark.row("4.17")
def test_reasons_have_their_share_their_weeks_and_their_change() -> None:
    for days, reason, count in ((0, "low_confidence", 3), (0, "no_answer", 1), (7, "no_answer", 4)):
        for _ in range(count):
            turn(AT + timedelta(days=days), "escalate", trigger=reason)
    lines = handoff_reasons(Scope(weeks=3), today=date(2026, 12, 9))
    assert [(one.reason, one.share, one.by_week) for one in lines] == [
        ("no_answer", Share(5, 8), (1, 4, 0)),
        ("low_confidence", Share(3, 8), (3, 0, 0)),
    ]
    assert (lines[0].last, lines[0].before) == (Share(4, 4), Share(1, 4))
    assert lines[0].change_text == "+75 points (+9 to +95)"
    assert lines[1].label == "The intent is not certain enough"


@pytest.mark.row("4.17")
def test_a_first_week_has_no_change() -> None:
    (line,) = reason_lines({(MONDAY, "no_answer"): 2}, (MONDAY,), {})
    assert (line.label, line.change_text) == ("no_answer", "–")


@pytest.mark.django_db
@pytest.mark.row("4.17")
def test_waits_run_from_the_request_to_acceptance_by_week_and_hour() -> None:
    for minutes in (1, 2, 3, 4, 10):
        finished(AT, waited_seconds=60 * minutes)
    turn(AT, "escalate")
    gone = turn(AT + timedelta(hours=3), "escalate").handoff
    Handoff.objects.filter(pk=gone.pk).update(state="returned", finished_at=AT)
    found = queue_waits(TWO_WEEKS, today=TODAY)
    assert (found.total.n, found.total.p50, found.total.p80, found.total.p95) == (5, 180.0, 240.0, 600.0)
    assert [(one.label, one.n) for one in found.weeks] == [("2026-11-23", 5), ("2026-11-30", 0)]
    assert [(one.label, one.n, one.p50) for one in found.hours] == [("09:00", 5, 180.0)]
    assert (found.open_, found.never) == (1, 1)


@pytest.mark.row("4.17")
def test_four_waits_have_no_percentiles() -> None:
    line = wait_line("x", [1, 2, 3, 4])
    assert (line.n, line.p50, line.p95) == (4, None, None)


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "–"), (45, "45 s"), (119, "2 min"), (3_600, "1.0 h"), (12_600, "3.5 h")]
)
def test_a_wait_is_said_as_people_say_it(seconds: float | None, said: str) -> None:
    assert in_words(seconds) == said


@pytest.mark.django_db
@pytest.mark.row("4.15")
def test_proxies_of_under_escalation_are_of_conversations_that_no_person_took() -> None:
    for rating, csat, reopened in (("down", 1, True), ("up", 5, False), ("", 2, None), ("up", None, False)):
        Feedback.objects.create(turn=turn(AT), rating=rating, csat=csat, reopened=reopened, given_by="x")
    handed = turn(AT, "escalate")
    Feedback.objects.create(turn=handed, rating="down", csat=1, reopened=True, given_by="x")
    _, under = proxies(TWO_WEEKS, today=TODAY)
    assert [(one.name, one.share) for one in under] == [
        ("reopened", Share(1, 3)),
        ("low_csat", Share(2, 3)),
        ("thumbs_down", Share(1, 3)),
    ]


@pytest.mark.django_db
@pytest.mark.row("4.15")
def test_the_proxy_of_over_escalation_is_what_people_say_when_they_resolve() -> None:
    finished(AT)
    ((one,), _) = proxies(TWO_WEEKS, today=TODAY)
    names = {field.name for field in Handoff._meta.get_fields()}
    assert one.share == (Share(0, 0) if "outcome" in names else None)


BEFORE = BaselineRate(Share(40, 100), 1, AT, AT, "all tickets")


def rates(*shares: tuple[int, int], baseline: BaselineRate | None = None) -> EscalationRate:
    weeks = tuple(
        WeekRate(MONDAY + timedelta(weeks=n), Share(*share), n == len(shares) - 1)
        for n, share in enumerate(shares)
    )
    total = Share(sum(one for one, _ in shares), sum(n for _, n in shares))
    return EscalationRate(weeks, total, baseline)


@pytest.mark.row("4.14")
def test_the_chart_leaves_gaps_where_nobody_wrote_and_draws_the_time_before_ai() -> None:
    chart = rate_chart(rates((1, 10), (2, 10), (0, 0), (3, 10), baseline=BEFORE))
    assert chart is not None
    assert (len(chart.dots), len(chart.lines), len(chart.bands)) == (3, 2, 2)
    assert [dot.is_running for dot in chart.dots] == [False, False, True]
    assert chart.dots[0].title.startswith("Week of 23 November 2026: 10 % (1 of 10), 95 % interval")
    assert chart.before is not None
    assert chart.before.top < chart.before.y < chart.before.top + chart.before.height
    assert chart.y_ticks[-1].text == "75 %"
    assert rate_chart(rates((0, 0), (0, 0))) is None


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted), min_size=1, max_size=52))
def test_every_point_of_a_chart_is_inside_its_frame(shares: list[tuple[int, int]]) -> None:
    chart = rate_chart(rates(*(tuple(share) for share in shares), baseline=BEFORE))
    if chart is None:
        assert not any(whole for _, whole in shares)
        return
    points = " ".join((*chart.lines, *chart.bands)).split()
    for x, y in (map(float, point.split(",")) for point in points):
        assert 30 <= x <= 720
        assert 14 <= y <= 230
    assert sum(line.count(",") for line in chart.lines) == len(chart.dots)


def test_bars_are_measured_by_the_largest() -> None:
    assert (bar_heights([0, 5, 10]), bar_heights([0, 0]), bar_heights([])) == ([0, 50, 100], [0, 0], [])


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client], db: None) -> Client:
    roles_sync()
    return sign_in(make_user("lea", roles=("Support lead",)))


@pytest.mark.row("4.14")
@pytest.mark.row("4.17")
def test_the_page_says_the_next_steps_where_there_is_nothing(lead: Client) -> None:
    page = lead.get(FIGURES).content.decode()
    assert "No conversation in these weeks yet." in page
    assert "Nobody was handed to a person in these weeks." in page
    assert "not enough to say: 0 of 30 verdicts" in page
    turn(timezone.now(), "escalate")
    assert "Sign the map of step 1" in lead.get(FIGURES).content.decode()


@pytest.mark.row("4.14")
def test_every_figure_leads_to_exactly_the_rows_behind_it(lead: Client) -> None:
    now = timezone.now()
    turn(now, "escalate", into=conversation(now, channel="email"))
    turn(now, into=conversation(now, channel="email"))
    turn(now, "escalate")
    turn(now - timedelta(weeks=8), "escalate", into=conversation(now - timedelta(weeks=8), channel="email"))
    response = lead.get(f"{FIGURES}?weeks=4&channel=email&intent=billing_inquiry&tier=team")
    links = response.context["all_links"]
    assert response.context["rate"].total == Share(1, 2)
    for address, count in ((links.conversations, 2), (links.handed_over, 1), (links.handoffs, 1)):
        assert lead.get(address).context["cl"].result_count == count, address
    (reason,) = response.context["reasons"]
    assert lead.get(reason["url"]).context["cl"].result_count == 1


@pytest.mark.row("4.15")
@pytest.mark.row("4.17")
def test_waits_proxies_and_verdicts_lead_to_their_rows_too(
    lead: Client, make_user: Callable[..., User]
) -> None:
    at = timezone.now() - timedelta(hours=2)
    finished(at)
    turn(at, "escalate")
    gone = turn(at, "escalate").handoff
    Handoff.objects.filter(pk=gone.pk).update(state="returned", finished_at=at)
    for rating, csat, reopened in (("down", 1, True), ("down", 5, False)):
        Feedback.objects.create(turn=turn(at), rating=rating, csat=csat, reopened=reopened, given_by="x")
    Feedback.objects.create(turn=gone.turn, rating="down", csat=1, reopened=True, given_by="x")
    verdicts_draw(actor=SYSTEM)
    judge = Actor.of_user(make_user("rae", roles=("Reviewer",)))
    for sampled in SampledTurn.objects.filter(stratum__escalated=True):
        key, reason = uuid.uuid4(), "could_answer"
        verdict_record(actor=judge, key=key, sampled_id=sampled.pk, answer="over", reason=reason, seconds=1)
    verdict_undo(actor=judge, key=key)
    shown = lead.get(FIGURES).context
    waits, urls = shown["waits"], {proxy.name: url for proxy, url in shown["proxies"]}
    expected = [
        (waits["url"], 1),
        (waits["weeks"][0]["url"], 1),
        (waits["hours"][0]["url"], 1),
        (waits["open_url"], 1),
        (waits["never_url"], 1),
        (urls["reopened"], 1),
        (urls["low_csat"], 1),
        (urls["thumbs_down"], 2),
        (shown["sides"][0]["url"], 2),
    ]
    for address, count in expected:
        assert lead.get(address).context["cl"].result_count == count, address


@pytest.mark.row("4.14")
@pytest.mark.parametrize("kind", ["rate", "verdicts", "reasons", "waits"])
def test_each_table_is_a_csv_without_formulas(kind: str, lead: Client) -> None:
    finished(timezone.now())
    Handoff.objects.update(reason="=1+1")
    response = lead.get(f"{FIGURES}export/{kind}/?weeks=4")
    lines = response.content.decode().splitlines()
    assert response.headers["Content-Type"].startswith("text/csv")
    assert len(lines) > 1
    assert ("'=1+1" in response.content.decode()) == (kind == "reasons")
    assert lead.get(f"{FIGURES}export/secrets/").status_code == 404


def test_a_hostile_scope_is_data(lead: Client) -> None:
    turn(timezone.now())
    page = lead.get(FIGURES, {"weeks": "9x", "channel": "<script>alert(1)</script>", "tier": "'; --"})
    assert page.status_code == 200
    assert "<script>alert(1)" not in page.content.decode()
    assert page.context["scope"].weeks == 12


@pytest.mark.parametrize(("role", "status"), [("Reviewer", 200), ("KB owner", 200), (None, 403)])
def test_everyone_with_view_rights_may_look(
    role: str | None, status: int, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    roles_sync()
    client = sign_in(make_user("any", roles=(role,) if role else ()))
    assert client.get(FIGURES).status_code == status
    assert client.get(f"{FIGURES}export/rate/").status_code == status


@pytest.mark.row("4.14")
def test_the_pages_queries_do_not_grow_with_the_rows(lead: Client) -> None:
    counts = []
    for more in (3, 27):
        for number in range(more):
            finished(timezone.now() - timedelta(days=number % 20))
        with CaptureQueriesContext(connection) as queries:
            assert lead.get(FIGURES).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Conversation.objects.count() == 30


@pytest.mark.row("4.14")
def test_the_dashboard_tells_the_rate_the_one_before_ai_and_the_verdicts_due(lead: Client) -> None:
    assert "Sign the map of step 1" in lead.get("/admin/").content.decode()
    signed(380, 1_000)
    turn(timezone.now(), "escalate")
    for _ in range(3):
        turn(timezone.now())
    verdicts_draw(actor=SYSTEM, until=timezone.now() + timedelta(seconds=5))
    step = lead.get("/admin/").context["dashboard"]["steps"][3]
    facts = {fact["label"]: fact["value"] for fact in step["facts"]}
    assert (facts["Handed over, 4 weeks"], facts["Before AI"]) == ("25.0 %", "38.0 %")
    assert int(facts["Verdicts due"]) == 4
    assert step["next_step"] == "Not enough to say: 4 of at least 30 conversations in these weeks."
    assert step["url"] == FIGURES
