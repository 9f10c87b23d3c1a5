"""The Playground: run one turn as a customer of some kind on some page, and see everything that led to it.

Nothing is stored. The very pipeline of POST /turns runs, on the live release, index and rules.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.decorators import login_required, permission_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from intents.contracts import Explanation
from intents.inference import explain
from kb.selectors import audience_choices, product_pages
from runtime.contracts import MAX_TEXT_CHARACTERS, Customer, Step, TurnPreview, TurnRequest
from runtime.drafting.telling import drafts_told
from runtime.services import turn_preview
from supportadmin.demo.content import read_test_questions
from supportadmin.markup import markdown_html

SAMPLES = 6
FLOW_SALT = "playground.flow"
TONES = {"answer": "good", "clarify": "warn", "escalate": "bad", "out_of_scope": "", "act": "good"}
DECISIONS = {
    "answer": "Answers",
    "clarify": "Asks one clarifying question",
    "escalate": "Hands over to a person",
    "out_of_scope": "Says that it is out of scope",
    "act": "Leads through a resolution flow",
}


class PlaygroundForm(forms.Form):
    """What a customer writes, who they are and where they are."""

    text = forms.CharField(max_length=MAX_TEXT_CHARACTERS, strip=True)
    user_type = forms.CharField(max_length=60, required=False)
    tier = forms.CharField(max_length=60, required=False)
    page = forms.CharField(max_length=300, required=False)
    flow = forms.CharField(max_length=50_000, required=False)  # where a flow waits: ours, signed


@login_required
@permission_required("runtime.view_turn", raise_exception=True)
@require_http_methods(["GET", "POST"])
def playground(request: HttpRequest) -> HttpResponse:
    """Show the form, and on POST what the agent would do; htmx gets the result alone."""
    form = PlaygroundForm(request.POST or None)
    result = _result(form) if form.is_bound else None
    if request.headers.get("HX-Request"):
        return render(request, "playground/result.html", {"result": result})
    choices = audience_choices()
    context = {
        **admin.site.each_context(request),
        "title": "Playground",
        "form": form,
        "result": result,
        "user_types": _values(choices["user_type"]),
        "tiers": _values(choices["tier"]),
        "pages": product_pages(),
        "samples": [row["text"] for row in read_test_questions()["utterances"][::9]][:SAMPLES],
    }
    return render(request, "playground/page.html", context)


def _result(form: PlaygroundForm) -> dict[str, Any]:
    if not form.is_valid():
        return {"problem": "Write a message of at most 4,000 characters, then ask again."}
    fields = form.cleaned_data
    customer = Customer(user_type=fields["user_type"], tier=fields["tier"], verified=True)
    request = TurnRequest(text=fields["text"], channel="playground", customer=customer, page=fields["page"])
    try:
        flow = signing.loads(fields["flow"], salt=FLOW_SALT) if fields["flow"] else None
        preview = turn_preview(request=request, flow=flow)
    except signing.BadSignature:
        return {"problem": "This conversation cannot be continued. Start over."}
    return {**_shown(preview), "why": _why(fields["text"])}


def _why(text: str) -> Explanation | None:
    """Return what spoke for the intent; None where no release is live."""
    try:
        return explain(text)
    except DomainError:
        return None


def _shown(preview: TurnPreview) -> dict[str, Any]:
    turn = preview.result
    details = {step.name: step.details for step in preview.steps}
    classified = details.get("classify", {})
    total_ms = sum(step.ms for step in preview.steps)
    return {
        "turn": turn,
        "decision_label": DECISIONS.get(turn.decision, turn.decision),
        "tone": TONES.get(turn.decision, ""),
        "reply_html": markdown_html(turn.reply),
        "drafts": drafts_told([{"name": step.name, "details": step.details} for step in preview.steps]),
        "intents": _bars(classified),
        "threshold_percent": round(100 * classified.get("threshold", 0)),
        "nearest": classified.get("nearest_examples", [])[:3],
        "hits": details.get("search", {}).get("hits", []),
        "exclusion": details.get("search", {}).get("exclusion"),
        "steps": [_step(step, total_ms) for step in preview.steps],
        "failed": next((step for step in preview.steps if step.error), None),
        "total_ms": round(total_ms, 1),
        "packet": preview.packet,
        "flow": signing.dumps(preview.flow, salt=FLOW_SALT, compress=True) if preview.flow else "",
        "flow_step": (preview.flow or {}).get("position", {}).get("step", ""),
    }


def _bars(classified: Any) -> list[dict[str, Any]]:
    """Return the intents with their confidence in percent, best first."""
    if "intent" not in classified:
        return []
    scores = [{"intent": classified["intent"], "confidence": classified["confidence"]}]
    scores.extend(classified.get("alternatives", []))
    return [{**score, "percent": round(100 * score["confidence"], 1)} for score in scores]


def _step(step: Step, total_ms: float) -> dict[str, Any]:
    share = 100 * step.ms / total_ms if total_ms else 0
    return {"name": step.name, "ms": round(step.ms, 1), "percent": round(share, 2), "error": step.error}


def _values(choices: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in choices]
