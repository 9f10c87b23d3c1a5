"""The dashboard's figures, each counted from rows at the moment of the request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from core.models import Activity, Heartbeat, Job
from intents.contracts import IntentsSummary
from intents.selectors import intents_summary
from kb.contracts import KnowledgeBaseCounts
from kb.selectors import knowledge_base_counts
from pilot.selectors import current_pilots
from runtime.measures.contracts import EscalationRate, Scope
from runtime.measures.selectors import escalation_rate
from runtime.summary import RuntimeSummary, runtime_summary
from runtime.verdicts.selectors import verdicts_waiting
from supportadmin.dashboard_needs import needs_of
from tickets.selectors import ticket_counts

DAYS = 14
ESCALATION_WEEKS = 4
ACTIVITY_LINES = 8
WORKER_SILENT_SECONDS = 60
DECISIONS = (
    ("answer", "Answered"),
    ("act", "Led through a flow"),
    ("clarify", "Clarified"),
    ("escalate", "Handed over"),
    ("out_of_scope", "Out of scope"),
)


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure with the words that keep it honest."""

    label: str
    value: str
    unit: str
    note: str


def add_to_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard to the index page's context."""
    now = timezone.now()
    today = timezone.localdate(now)
    runtime = runtime_summary(since=now - timedelta(days=DAYS))
    articles = knowledge_base_counts(today=today)
    intents = intents_summary()
    days, legend = _days(runtime, today)
    pilots = current_pilots()
    context["dashboard"] = {
        "pilots": pilots,
        "kpis": _kpis(runtime),
        "days": days,
        "legend": legend,
        "turns_total": sum(runtime.decisions.values()),
        "needs": needs_of(articles, intents, runtime, pilots),
        "steps": [
            _audit_step(),
            _kb_step(articles),
            _intents_step(intents),
            _escalation_step(runtime, escalation_rate(Scope(weeks=ESCALATION_WEEKS))),
        ],
        "activity": [_line(row) for row in Activity.objects.all()[:ACTIVITY_LINES]],
        "health": _health(articles, intents),
    }
    return context


def _kpis(runtime: RuntimeSummary) -> list[Kpi]:
    turns = sum(runtime.decisions.values())
    rated = runtime.thumbs_up + runtime.thumbs_down
    period = f"of {turns:,} turns in {DAYS} days"
    if runtime.drafted:
        period += f"; {runtime.drafted:,} more were only drafted"
    return [
        Kpi("Answered with a citation", *_share(runtime.decisions.get("answer", 0), turns), period),
        Kpi("Handed over to a person", *_share(runtime.decisions.get("escalate", 0), turns), period),
        Kpi(
            "Customers who said it helped",
            *_share(runtime.thumbs_up, rated),
            f"{runtime.thumbs_up} up, {runtime.thumbs_down} down" if rated else "nobody has rated yet",
        ),
        Kpi(
            "Time to decide",
            "–" if runtime.p95_ms is None else f"{runtime.p95_ms:.0f}",
            "" if runtime.p95_ms is None else "ms",
            "95 % of turns are faster" if runtime.p95_ms is not None else "no turn yet",
        ),
    ]


def _share(part: int, whole: int) -> tuple[str, str]:
    return (f"{100 * part / whole:.0f}", "%") if whole else ("–", "")


def _days(runtime: RuntimeSummary, today: date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return one bar a day, oldest first, scaled to the busiest day, and the legend with totals."""
    per_day: dict[date, Counter[str]] = {}
    for (day, decision), count in runtime.per_day.items():
        per_day.setdefault(day, Counter())[decision] += count
    busiest = max((counts.total() for counts in per_day.values()), default=0) or 1
    days = []
    for offset in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=offset)
        counts = per_day.get(day, Counter())
        parts = [
            {"decision": name, "count": counts[name], "height_percent": 100 * counts[name] / busiest}
            for name, _ in DECISIONS
        ]
        days.append(
            {
                "label": f"{day:%A %d %B}",
                "short_label": f"{day.day}",
                "total": counts.total(),
                "parts": parts,
            }
        )
    legend = [
        {"decision": name, "label": label, "count": runtime.decisions.get(name, 0)}
        for name, label in DECISIONS
    ]
    return days, legend


def _audit_step() -> dict[str, Any]:
    counts = ticket_counts()
    if not counts.counting:
        tag, tone, then = "no tickets", "warn", "Import 90 days of closed tickets; the audit sorts them."
    elif counts.signed_version is None:
        tag, tone, then = "not signed", "warn", "Label the categories, then sign the map."
    else:
        tag, tone, then = (
            f"version {counts.signed_version} signed",
            "good",
            "Intents and thresholds rest on it.",
        )
    return {
        "number": 1,
        "title": "Audit",
        "tag": tag,
        "tone": tone,
        "facts": [
            {"label": "Closed tickets that count", "value": f"{counts.counting:,}"},
            {"label": "Core categories", "value": counts.core_categories},
            {"label": "Without a label", "value": counts.unlabelled_categories},
        ],
        "next_step": then,
        "link_text": "The map",
        "url": reverse("audit-map"),
    }


def _kb_step(articles: KnowledgeBaseCounts) -> dict[str, Any]:
    return {
        "number": 2,
        "title": "Knowledge base",
        "tag": "all indexed" if not articles.unindexed else f"{articles.unindexed} not indexed",
        "tone": "good" if not articles.unindexed else "warn",
        "facts": [
            {"label": "Published articles", "value": articles.published},
            {
                "label": "Ready for machines",
                "value": f"{100 * articles.ready / articles.published:.0f} %" if articles.published else "–",
            },
            {"label": "In review", "value": articles.in_review},
            {"label": "Drafts", "value": articles.drafts},
        ],
        "next_step": "The agent answers from published revisions only.",
        "link_text": "Articles",
        "url": reverse("admin:kb_article_changelist"),
    }


def _intents_step(intents: IntentsSummary) -> dict[str, Any]:
    live = intents.live_release is not None
    trainable = f"{intents.trainable_intents} of {intents.active_intents}"
    return {
        "number": 3,
        "title": "Intents",
        "tag": f"model {intents.live_model_version} live" if live else "nothing live",
        "tone": "good" if live else "bad",
        "facts": [
            {"label": "Trainable intents", "value": trainable},
            {"label": "Real examples", "value": intents.real_examples},
            {"label": "Accuracy, cross-validated", "value": _percent(intents.live_accuracy)},
        ],
        "next_step": "Cross-validation tests each phrasing on a model that never saw it.",
        "link_text": "Models",
        "url": reverse("admin:intents_modelversion_changelist"),
    }


def _escalation_step(runtime: RuntimeSummary, rate: EscalationRate) -> dict[str, Any]:
    return {
        "number": 4,
        "title": "Escalation",
        "tag": f"{runtime.open_handoffs} open" if runtime.open_handoffs else "nobody waits",
        "tone": "warn" if runtime.open_handoffs else "good",
        "facts": [
            {
                "label": f"Handed over, {ESCALATION_WEEKS} weeks",
                "value": _percent(rate.total.ratio),
            },
            {
                "label": "Before AI",
                "value": _percent(rate.baseline.share.ratio) if rate.baseline else "sign the map",
            },
            {"label": "Verdicts due", "value": f"{verdicts_waiting():,}"},
            {"label": "Most frequent reason", "value": runtime.top_reason or "–"},
        ],
        "next_step": _escalation_words(rate),
        "link_text": "Figures",
        "url": reverse("admin:runtime_escalation_figures"),
    }


def _escalation_words(rate: EscalationRate) -> str:
    """Say how the rate stands against the time before AI, or what is missing for that."""
    if rate.verdict:
        return rate.verdict
    return "Sign the map of step 1, and the rate before AI stands beside it."


def _percent(ratio: float | None) -> str:
    return "–" if ratio is None else f"{100 * ratio:.1f} %"


def _line(row: Activity) -> dict[str, Any]:
    verb = row.verb.partition(".")[2].replace("_", " ") or row.verb
    try:
        kind = str(apps.get_model(row.target_type)._meta.verbose_name)
    except LookupError:  # a model that a later version has dropped
        kind = row.target_type
    return {
        "actor_label": row.actor_label,
        "verb": verb,
        "kind": kind,
        "target_label": row.target_label,
        "at": row.at,
    }


def _health(articles: KnowledgeBaseCounts, intents: IntentsSummary) -> list[dict[str, str]]:
    beat = Heartbeat.objects.filter(name="worker").values_list("at", flat=True).first()
    alive = beat is not None and (timezone.now() - beat).total_seconds() < WORKER_SILENT_SECONDS
    queued = Job.objects.filter(state=Job.State.QUEUED).count()
    return [
        {
            "label": "Worker",
            "detail": "heard of within the last minute" if alive else "silent: jobs wait until it is back",
            "tag": "alive" if alive else "silent",
            "tone": "good" if alive else "bad",
        },
        {
            "label": "Jobs",
            "detail": "waiting for the worker" if queued else "nothing waits",
            "tag": f"{queued} queued" if queued else "idle",
            "tone": "info" if queued else "good",
        },
        {
            "label": "Search index",
            "detail": "articles whose published text is not in it yet",
            "tag": str(articles.unindexed),
            "tone": "good" if not articles.unindexed else "warn",
        },
        {
            "label": "Classifier",
            "detail": "the release that answers",
            "tag": f"release {intents.live_release}" if intents.live_release is not None else "none",
            "tone": "good" if intents.live_release is not None else "bad",
        },
    ]
