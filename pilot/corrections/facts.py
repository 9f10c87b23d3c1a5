"""Read what is known of drafts: the turn, its standing reviews, what came back from the customer. Rows only.

Three queries for any number of drafts, and one more where some come from flows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q

from nlp.redaction import redact
from nlp.ticket_text import prepare
from pilot.corrections.proposals import Facts, FlowPlace, Opinion
from pilot.models import Draft, Review
from pilot.resolutions import BAD_CSAT
from runtime.flows.definition import flow_read
from runtime.models import Feedback, FlowRun, FlowVersion, ResolutionFlow, Turn

IS_BAD = Q(rating=Feedback.Rating.DOWN) | Q(csat__lte=BAD_CSAT) | Q(reopened=True)
BY_PEOPLE = (Draft.SentVia.TICKET, Draft.SentVia.API, Draft.SentVia.WEBHOOK)
MAX_TEXT = 500  # characters of a message that are proposed as a phrasing


def facts_of(drafts: Sequence[Draft]) -> dict[int, Facts]:
    """Return what is known of each draft, by its id; turns are joined by the caller."""
    reviews: dict[int, list[Review]] = {}
    standing = Review.objects.filter(draft__in=[draft.pk for draft in drafts], undone_at=None)
    for review in standing.order_by("role", "pk"):  # "first" stands before "second"
        reviews.setdefault(review.draft_id, []).append(review)
    bad = Feedback.objects.filter(IS_BAD, turn__in=[draft.turn_id for draft in drafts])
    complaints = {feedback.turn_id: _complaints(feedback) for feedback in bad}
    flows = _flows([(draft.turn, draft.turn.flow) for draft in drafts if draft.turn.flow])
    return {
        draft.pk: _facts(
            draft, reviews.get(draft.pk, ()), complaints.get(draft.turn_id, ()), flows.get(draft.turn_id)
        )
        for draft in drafts
    }


def _facts(
    draft: Draft, reviews: Iterable[Review], complaints: tuple[str, ...], flow: FlowPlace | None
) -> Facts:
    turn = draft.turn
    cited: dict[str, Any] = next(iter(turn.citations), {})
    return Facts(
        text=_phrasing(turn.text),
        reply=turn.reply,
        decision=turn.decision,
        reason=turn.reason,
        intent=turn.intent,
        is_fallback=bool(turn.is_fallback),
        alternatives=tuple(one["intent"] for one in turn.alternatives if one.get("intent")),
        article_id=cited.get("article_id") or (turn.exclusion or {}).get("article_id"),
        article_title=str(cited.get("title", "")),
        flow=flow,
        matched_text=redact(turn.matched_text).text,
        complaints=complaints,
        opinions=tuple(
            Opinion(one.pk, one.outcome, one.verdict, one.tier, one.final_text, one.note) for one in reviews
        ),
        answered=redact(draft.sent_text).text if draft.sent_via in BY_PEOPLE else "",
    )


def _phrasing(text: str) -> str:
    """Return a message as an example may keep it: the customer's own words, masked, one line, not too long.

    Quotes, greetings and signatures teach a model nothing but who wrote.
    """
    line = " ".join(prepare(text).clean.split())
    return line if len(line) <= MAX_TEXT else line[:MAX_TEXT].rsplit(" ", 1)[0]


def _complaints(feedback: Feedback) -> tuple[str, ...]:
    found = []
    if feedback.rating == Feedback.Rating.DOWN:
        found.append("the customer's thumb is down")
    if feedback.csat is not None and feedback.csat <= BAD_CSAT:
        found.append(f"rated {feedback.csat} of 5")
    if feedback.reopened:
        found.append("reopened")
    return tuple(found)


def _flows(turns: Sequence[tuple[Turn, Mapping[str, Any]]]) -> dict[int, FlowPlace]:
    """Return the flow of each turn: that of the conversation's run, else the intent's with that version."""
    if not turns:
        return {}
    runs = FlowRun.objects.filter(conversation__in={turn.conversation_id for turn, _ in turns})
    by_run = {
        (run.conversation_id, run.version.flow.title, run.version.number): run.version
        for run in runs.select_related("version__flow").order_by("pk")
    }
    by_intent = {
        (version.flow.intent, version.number): version
        for version in FlowVersion.objects.filter(
            flow__intent__in={turn.intent for turn, _ in turns},
            number__in={flow["version"] for _, flow in turns},
        )
        .exclude(flow__state=ResolutionFlow.State.ARCHIVED)
        .select_related("flow")
        .order_by("-flow_id")
    }
    found = {}
    for turn, flow in turns:
        number = flow["version"]
        version = by_run.get((turn.conversation_id, flow["title"], number)) or by_intent.get(
            (turn.intent, number)
        )
        if version is not None:
            found[turn.pk] = _place(version, turn.reply)
    return found


def _place(version: FlowVersion, reply: str) -> FlowPlace:
    """Return the flow with the one text of it that the reply ends with, if there is exactly one."""
    said = [
        (step.id, name)
        for step in flow_read(version.definition).steps
        for name, text in step.texts()
        if text.strip() and text.strip() in reply
    ]
    step, name = said[0] if len(said) == 1 else ("", "")
    return FlowPlace(version.flow_id, version.flow.title, step, name)
