"""What waits for a person, as the dashboard lists it: each line leads to the place to deal with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.timesince import timesince

from core.models import Job
from intents.contracts import IntentsSummary
from intents.inference import live_model_problem
from intents.mapping import category_mapping
from intents.tagging.selectors import tagging_disagreements
from kb.contracts import KnowledgeBaseCounts
from pilot.corrections.selectors import corrections_urgent
from pilot.selectors import PilotLine
from pilot.simulations.selectors import suites_failing
from runtime.delivery.selectors import delivery_trouble
from runtime.summary import RuntimeSummary


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person, with the place to deal with it."""

    title: str
    detail: str
    url: str
    tag: str
    tone: str


def needs_of(
    articles: KnowledgeBaseCounts,
    intents: IntentsSummary,
    runtime: RuntimeSummary,
    pilots: Sequence[PilotLine],
) -> list[Need]:
    """Return what waits for a person, the most urgent kinds first."""
    found = _all_needs(articles, intents, runtime, pilots)
    return [need for need in found if need is not None]


def _all_needs(
    articles: KnowledgeBaseCounts,
    intents: IntentsSummary,
    runtime: RuntimeSummary,
    pilots: Sequence[PilotLine],
) -> list[Need | None]:
    failed = Job.objects.filter(state__in=(Job.State.FAILED, Job.State.QUARANTINED)).count()
    short = intents.active_intents - intents.trainable_intents
    oldest = f"the oldest for {timesince(runtime.oldest_open_handoff)}" if runtime.oldest_open_handoff else ""
    return [
        _need(runtime.open_handoffs, "handoff", "waits", oldest, "runtime_handoff", "bad"),
        _need(
            articles.in_review,
            "revision",
            "awaits review",
            "the author cannot approve it",
            "kb_revision",
            "warn",
        ),
        _need(articles.approved, "revision", "is approved, not published", "", "kb_revision", "warn"),
        _need(
            articles.due_for_review,
            "article",
            "is due for a check",
            "its review date has passed",
            "kb_article",
            "warn",
        ),
        _unmapped_need(),
        _need(short, "intent", "has too few real examples", "8 are needed", "intents_intent", "warn"),
        _need(
            tagging_disagreements(),
            "tagged message",
            "awaits a lead",
            "two people disagree, or an intent is proposed",
            "intents_taggingitem",
            "warn",
        ),
        _drafts(sum(line.waiting for line in pilots)),
        _urgent_corrections(),
        _need(failed, "job", "has failed", "look at the error, then retry", "core_job", "bad"),
        _unknown_actions(runtime.unknown_actions),
        *_undelivered(),
        _simulations(),
        _model_need(intents),
    ]


def _model_need(intents: IntentsSummary) -> Need | None:
    """Return what is wrong with the live model, if anything is."""
    models = _list("intents_modelversion")
    if intents.live_release is None:
        return Need("No model is live", "every turn goes to a person", models, "train", "bad")
    problem = live_model_problem()
    return Need("The live model is not usable", problem, models, "train again", "bad") if problem else None


def _drafts(waiting: int) -> Need | None:
    need = _need(waiting, "draft", "waits for a review", "a pilot has written it", "pilot_draft", "warn")
    return need and replace(need, url=reverse("admin:pilot_review_desk"))


def _urgent_corrections() -> Need | None:
    count = corrections_urgent()
    detail = "not understood, or resolved wrongly"
    need = _need(count, "correction", "comes first", detail, "pilot_correction", "warn")
    return need and replace(need, url=f"{need.url}?priority__exact=1")


def _unknown_actions(count: int) -> Need | None:
    need = _need(
        count,
        "action",
        "has an unknown outcome",
        "look in the other system, then settle it",
        "runtime_actionledger",
        "bad",
    )
    return need and replace(need, url=f"{need.url}?state__exact=unknown")


def _undelivered() -> list[Need | None]:
    """Return handoffs that another system was not told of, and systems that are told no more."""
    trouble = delivery_trouble()
    failed = _need(
        trouble.failed,
        "message",
        "has not reached another system",
        "a handoff is known here only; mend it, then send it again",
        "runtime_handoffdelivery",
        "bad",
    )
    off = _need(
        trouble.switched_off,
        "handoff destination",
        "has been switched off",
        "it is gone or could not be told for days",
        "runtime_handoffdestination",
        "bad",
    )
    return [failed and replace(failed, url=f"{failed.url}?state__exact=failed"), off]


def _simulations() -> Need | None:
    """Return the suites of simulations that failed when they were last run."""
    failing = suites_failing()
    if not failing:
        return None
    title = (
        "A suite of simulations fails" if len(failing) == 1 else f"{len(failing)} suites of simulations fail"
    )
    detail = ", ".join(f"{count} of “{name}”" for name, count in failing[:3])
    return Need(title, detail, _list("pilot_suite"), str(sum(count for _, count in failing)), "warn")


def _need(count: int, noun: str, verb: str, detail: str, admin_name: str, tone: str) -> Need | None:
    if count <= 0:
        return None
    title = f"{count} {noun} {verb}" if count == 1 else f"{count} {noun}s {_plural(verb)}"
    return Need(title, detail, _list(admin_name), str(count), tone)


def _unmapped_need() -> Need | None:
    mapping = category_mapping()
    count = len(mapping.unmapped) if mapping else 0
    if not mapping or not count:
        return None
    tickets = sum(line.category.tickets for line in mapping.unmapped)
    noun = "category has" if count == 1 else "categories have"
    detail = f"{tickets:,} tickets; {mapping.covered_percent:.0f} % of all are covered"
    return Need(
        f"{count} core {noun} no intent", detail, reverse("admin:intents_mapping"), str(count), "warn"
    )


def _plural(verb: str) -> str:
    first, _, rest = verb.partition(" ")
    plural = {"is": "are", "has": "have"}.get(first, first.removesuffix("s"))
    return f"{plural} {rest}".strip()


def _list(admin_name: str) -> str:
    return reverse(f"admin:{admin_name}_changelist")
