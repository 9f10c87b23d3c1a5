"""Acts on findings of the health page: retire, move, ignore, take back.

Each is a service's, one by one, with what was done and what was refused.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest

from core.admin_base import actor_of
from core.errors import DomainError, InvalidInput
from intents.health.checking import latest_health_report
from intents.health.readout import Readout, Section
from intents.models import Example, IgnoredFinding, Intent
from intents.services import example_move, example_retire, finding_ignore, finding_take_back

MAX_TICKED = 200


def act_on_findings(request: HttpRequest, kind: str) -> None:
    """Do what was asked with what is ticked; raise DomainError where there is nothing to begin with."""
    actor, act = actor_of(request), request.POST.get("act", "")
    if act == "take-back":
        ignored = IgnoredFinding.objects.filter(pk=_number(request.POST.get("ignored", ""))).first()
        if ignored is None:
            raise InvalidInput("This finding is not ignored any more.", code="not_ignored")
        finding_take_back(actor=actor, ignored=ignored)
        messages.success(request, "The finding is shown again.")
        return
    section = Readout(latest_health_report()).section(kind)
    if act == "ignore":
        _ignore(request, section)
        return
    examples = _ticked(request)
    if act == "retire":
        _each(request, examples, "retired", lambda e: example_retire(actor=actor, example=e))
    elif act == "move":
        to = Intent.objects.filter(pk=_number(request.POST.get("to", ""))).first()
        if to is None:
            raise InvalidInput("Choose the intent to move to.", code="no_intent")
        _each(
            request, examples, f"moved to {to.label}", lambda e: example_move(actor=actor, example=e, to=to)
        )
    elif act == "move-suggested":
        suggested = {
            finding.examples[0].pk: finding.facts["suggested_intent"]
            for finding in section.open
            if "suggested_intent" in finding.facts
        }
        chosen = [example for example in examples if example.pk in suggested]
        if not chosen:
            raise InvalidInput("These suggestions do not hold any more. Check again.", code="no_suggestion")
        _each(
            request,
            chosen,
            "moved to the suggested intent",
            lambda e: example_move(actor=actor, example=e, to=suggested[e.pk]),
        )
    else:
        raise InvalidInput("Choose what to do with the ticked phrasings.", code="unknown_act")


def _ignore(request: HttpRequest, section: Section) -> None:
    """Ignore the ticked findings: a pair by its own box, a single phrasing by the phrasing's."""
    keys = set(request.POST.getlist("finding"))
    ticked = set(request.POST.getlist("example"))
    chosen = [
        finding
        for finding in section.open
        if finding.key in keys
        or (not section.kind.is_pair and finding.examples and str(finding.examples[0].pk) in ticked)
    ]
    if not chosen:
        raise InvalidInput("Tick the findings to ignore first.", code="nothing_ticked")
    actor, reason, done = actor_of(request), request.POST.get("reason", ""), 0
    for finding in chosen[:MAX_TICKED]:
        finding_ignore(actor=actor, kind=section.kind.slug, key=finding.key, reason=reason)
        done += 1
    messages.success(request, f"Findings ignored: {done}. They can be taken back below.")


def _ticked(request: HttpRequest) -> list[Example]:
    ids = {_number(text) for text in request.POST.getlist("example")} - {0}
    if not ids:
        raise InvalidInput("Tick the phrasings first.", code="nothing_ticked")
    if len(ids) > MAX_TICKED:
        raise InvalidInput(f"Tick at most {MAX_TICKED} phrasings at a time.", code="too_many")
    return list(Example.objects.filter(pk__in=ids).select_related("intent").order_by("pk"))


def _each(request: HttpRequest, examples: list[Example], done: str, act: Callable[[Example], object]) -> None:
    """Do it to each phrasing and say how many were done and which were refused."""
    count = 0
    for example in examples:
        try:
            act(example)
            count += 1
        except DomainError as refusal:
            messages.error(request, f"“{example}”: {refusal.message}")
    if count:
        messages.success(request, f"Phrasings {done}: {count}. Examples → Restore or Move takes it back.")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0
