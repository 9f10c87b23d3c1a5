"""Take back what an acceptance made, where nobody has built on it; say where it stays.

Inside the transaction of the correction's own move. Nothing is deleted that decisions or people may name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.actors import Actor
from core.permissions import may, require
from escalation.lifecycle import rule_archive
from escalation.models import Rule
from intents.models import Example
from intents.services import example_retire
from kb.linting import voice_term_delete
from kb.models import Revision, VoiceTerm
from kb.review import article_archive
from kb.services import revision_save_draft
from kb.workflow import DRAFT
from pilot.corrections.making import revision_of
from runtime.flows.services import flow_save
from runtime.models import ResolutionFlow

Made = Mapping[str, Any]


def made_take_back(*, actor: Actor, made: Made) -> str:
    """Undo what ``made`` names and return in a sentence what became of it."""
    if not made or made.get("existing"):
        return "Nothing had been made, so nothing is taken back."
    takers: Mapping[str, Callable[[Actor, Made], str]] = {
        "intents.example": _example,
        "kb.revision": _revision,
        "escalation.rule": _rule,
        "runtime.resolutionflow": _flow,
        "kb.voiceterm": _voice,
    }
    return takers[made["model"]](actor, made)


def _example(actor: Actor, made: Made) -> str:
    require(actor, "intents.change_example")
    example = Example.objects.filter(pk=made["id"]).first()
    if example is None or example.state == Example.State.RETIRED:
        return "The example had been retired already."
    example_retire(actor=actor, example=example)
    return "The example is retired: the next training leaves it out. Models that learned it keep it."


def _revision(actor: Actor, made: Made) -> str:
    revision = revision_of(made)
    if revision is None:
        return "The draft was no longer there."
    article = revision.article
    if revision.state != DRAFT or article.latest_number != revision.number:
        return "The draft stays: somebody has gone on with it. Change the article itself."
    before = made.get("before")
    if before is None:
        if not may(actor, "kb.archive_article"):
            return "The new article stays a draft: you may not archive articles. Somebody else can."
        article_archive(actor=actor, article=article)
        return "The new article is archived; it was never published."
    earlier = Revision.objects.get(pk=before["revision"])
    revision_save_draft(
        actor=actor,
        article=article,
        base_number=revision.number,
        title=earlier.title,
        body=earlier.body,
        summary=f"Taken back: {revision.summary}"[:200],
    )
    return f"The article's newest draft is as revision {earlier.number} was."


def _rule(actor: Actor, made: Made) -> str:
    rule = Rule.objects.filter(pk=made["id"]).first()
    if rule is None or rule.archived_at is not None:
        return "The rule had been archived already."
    if rule.enabled or rule.version != 1:
        return "The rule stays: it has been edited or enabled. Disable or archive it on its own page."
    rule_archive(actor=actor, rule=rule)
    return "The rule is archived; it never decided anything."


def _flow(actor: Actor, made: Made) -> str:
    flow = ResolutionFlow.objects.select_related("active_version").filter(pk=made["id"]).first()
    before = made["before"]
    active = flow.active_version.number if flow and flow.active_version else None
    if flow is None or flow.latest_number != before["made"] or active == before["made"]:
        return "The flow stays: its new version is active, or there is a newer one. Change the flow itself."
    earlier = flow.versions.get(number=before["number"])
    flow_save(
        actor=actor,
        flow=flow,
        base_number=flow.latest_number,
        title=flow.title,
        definition=earlier.definition,
        note=f"Taken back: as version {earlier.number}",
    )
    return f"The flow's newest version is as version {earlier.number} was."


def _voice(actor: Actor, made: Made) -> str:
    term = VoiceTerm.objects.filter(pk=made["id"]).first()
    if term is None or str(term) != made["label"]:
        return "The voice rule stays: somebody has changed or removed it."
    voice_term_delete(actor=actor, term=term)
    return "The voice rule is removed."
