"""What becomes of an accepted correction: an example, a draft, a disabled rule, a flow's text, a voice term.

Through the services of the apps that own them, inside the transaction of the acceptance. Nothing is trained,
published, enabled or activated here: each of these has people of its own. ``Made`` names what is there now,
so that it can be linked and taken back (pilot.corrections.taking_back).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.text import slugify

from core.actors import Actor
from core.errors import Conflict, InvalidInput
from escalation.models import Rule
from escalation.services import rule_create
from escalation.triggers import HARD, PATTERN, SOFT
from intents.models import Example, Intent
from intents.phrasings import text_hash
from intents.services import example_add, example_restore
from kb.linting import voice_term_save
from kb.models import Article, AudienceValue, Revision, VoiceTerm
from kb.services import MAX_SLUG_LENGTH, article_create, article_set_audience, revision_save_draft
from kb.workflow import APPROVED, IN_REVIEW
from nlp.cleaning import clean
from pilot import workflow as w
from pilot.corrections.wording import merged, without_frame
from pilot.models import Correction
from pilot.replay.frozen import is_frozen_text
from runtime.flows.selectors import newest_definition
from runtime.flows.services import flow_save
from runtime.models import ResolutionFlow
from tickets.messages import ticket_reference

Fields = Mapping[str, Any]
ANY_MESSAGE = r"\w"  # of a rule that is limited to an intent


@dataclass(frozen=True, slots=True)
class Made:
    """What an acceptance made: a model's label, its id, a name, and what the person should know.

    ``existing``: it was there before, so taking back leaves it. ``before`` is what taking back needs.
    """

    model: str
    id: int
    label: str
    note: str = ""
    existing: bool = False
    before: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as Correction.result keeps it."""
        return asdict(self)


def permissions_of(kind: str, payload: Fields) -> tuple[str, ...]:
    """Return what a person needs, besides deciding corrections, to make what is proposed."""
    if kind in (w.PHRASING, w.POSITIVE):
        return ("intents.add_example",)
    if kind == w.ARTICLE:
        is_new = not payload.get("article_id") or payload.get("tier")
        return ("kb.add_article", "kb.change_article") if is_new else ("kb.change_article",)
    return {
        w.RULE: ("escalation.add_rule",),
        w.FLOW: ("runtime.change_resolutionflow",),
        w.VOICE: ("kb.add_voiceterm", "kb.change_voiceterm"),
    }[kind]


def correction_make(*, actor: Actor, correction: Correction, payload: Fields) -> Made:
    """Make what the payload says, or raise a DomainError that says what is missing. In a transaction."""
    makers: Mapping[str, Callable[[Actor, Correction, Fields], Made]] = {
        w.PHRASING: _example,
        w.POSITIVE: _example,
        w.ARTICLE: _article,
        w.RULE: _rule,
        w.FLOW: _flow,
        w.VOICE: _voice,
    }
    return makers[correction.kind](actor, correction, payload)


def _example(actor: Actor, correction: Correction, payload: Fields) -> Made:
    text = " ".join(clean(str(payload.get("text", ""))).split())
    intent = Intent.objects.filter(slug=payload.get("intent") or "").first()
    if intent is None or intent.state == Intent.State.ARCHIVED:
        raise InvalidInput("Choose the intent that these words belong to.", code="no_intent")
    if is_frozen_text(text):
        raise Conflict(
            "These words are in the frozen set on which weeks are compared; no model may learn them.",
            code="is_frozen",
        )
    known = Example.objects.filter(intent=intent, text_hash=text_hash(text)).first()
    if known is not None and known.state == Example.State.RETIRED:
        example_restore(actor=actor, example=known)
        return _made_example(known, intent)
    if known is not None:
        return _made_example(known, intent, existing=True, note="It was an example of this intent already.")
    origin, reference = _provenance(correction)
    return _made_example(
        example_add(actor=actor, intent=intent, text=text, origin=origin, source_ref=reference), intent
    )


def _made_example(example: Example, intent: Intent, **more: Any) -> Made:
    return Made("intents.example", example.pk, f"“{example.text[:80]}” → {intent.label}", **more)


def _provenance(correction: Correction) -> tuple[str, str]:
    """Return origin and reference of the customer's words: the replayed ticket, else the pilot's turn."""
    ticket = correction.draft.conversation.ticket
    if ticket is not None:
        return Example.Origin.TICKET, ticket_reference(ticket.source, ticket.external_id)
    return Example.Origin.REVIEW, f"turn:{correction.draft.turn_id}"


def article_body(correction: Correction, payload: Fields, article: Article | None) -> tuple[str, bool]:
    """Return the text that the draft would have, and whether the change went where it belongs."""
    text = str(payload.get("text", "")).strip()
    if article is None:
        return without_frame(text), True
    newest = article.revisions.order_by("-number").first()
    body = newest.body if newest else ""
    if not text:
        return body, True
    result = merged(body, correction.draft.turn.reply, text)
    return result.body, result.in_place


def article_of(payload: Fields) -> Article | None:
    """Return the article that the correction is about, if it is still there."""
    number = payload.get("article_id")
    return Article.objects.filter(pk=number, archived_at=None).first() if number else None


def _article(actor: Actor, correction: Correction, payload: Fields) -> Made:
    article = article_of(payload)
    if payload.get("article_id") and article is None:
        raise Conflict("This article has been archived. Choose another, or a new one.", code="article_gone")
    body = str(payload.get("body") or article_body(correction, payload, article)[0]).strip()
    tier = str(payload.get("tier", ""))
    newest = article.revisions.order_by("-number").first() if article else None
    if not body or (newest is not None and _plain(body) == _plain(newest.body)):
        raise InvalidInput(
            "Change the text first: write what the article should say.", code="nothing_to_change"
        )
    note = f"From the pilot, correction {correction.pk}: {correction.title}"[:200]
    if article is None or newest is None or tier:
        return _new_article(actor, correction, payload, body, note, tier)
    if newest.state in (IN_REVIEW, APPROVED):
        raise Conflict(
            f"Revision {newest.number} of “{article}” is being reviewed; a new draft would take its place. "
            "Accept this once that one is published or sent back.",
            code="revision_under_review",
        )
    if payload.get("base_number") and int(payload["base_number"]) != newest.number:
        raise Conflict(
            f"“{article}” was edited while you looked at it. Open this correction again: it is drawn anew.",
            code="stale_revision",
        )
    before = {"revision": newest.pk, "number": newest.number}
    revision = revision_save_draft(
        actor=actor,
        article=article,
        base_number=newest.number,
        title=str(payload.get("title") or newest.title),
        body=body,
        summary=note,
    )
    return Made("kb.revision", revision.pk, f"{revision.title}, draft {revision.number}", before=before)


def _new_article(
    actor: Actor, correction: Correction, payload: Fields, body: str, note: str, tier: str
) -> Made:
    title = " ".join(str(payload.get("title", "")).split())
    revision = article_create(
        actor=actor, slug=_free_slug(title, correction.pk), title=title, body=body, summary=note
    )
    told = "Say whom it is for before it can be published."
    if tier:
        value = AudienceValue.objects.filter(kind=AudienceValue.Kind.TIER, value=tier).first()
        told = f"There is no audience “{tier}” yet; add it and choose it for the article."
        if value is not None:
            article_set_audience(actor=actor, article=revision.article, for_everyone=False, values=[value])
            told = f"It is for {value}. Take that audience from the other article once this one is published."
    return Made("kb.revision", revision.pk, f"{revision.title}, new", note=told)


def _free_slug(title: str, number: int) -> str:
    base = slugify(title)[: MAX_SLUG_LENGTH - 20].strip("-") or "correction"
    return base if not Article.objects.filter(slug=base).exists() else f"{base}-{number}"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _rule(actor: Actor, correction: Correction, payload: Fields) -> Made:
    phrases = [" ".join(str(one).split()) for one in payload.get("phrases") or ()]
    phrases = list(dict.fromkeys(one for one in phrases if one))
    intent = str(payload.get("intent") or "")
    outcome = str(payload.get("outcome") or SOFT)
    if not phrases and not intent:
        raise InvalidInput(
            "Write the words at which a person takes over, or choose an intent.", code="no_words"
        )
    if not phrases and outcome == HARD:
        raise InvalidInput(
            "A hard rule needs words: for every message of an intent, choose the soft one, which does not "
            "fire where the intent is a guess.",
            code="hard_rule_without_words",
        )
    name = " ".join(str(payload.get("name", "")).split())
    taken = Rule.objects.filter(name=name).exists()
    parameters = {"phrases": phrases} if phrases else {"patterns": [ANY_MESSAGE]}
    rule = rule_create(
        actor=actor,
        name=f"{name[:85]} #{correction.pk}" if taken else name,
        kind=outcome,
        trigger=PATTERN,
        parameters=parameters,
        clarify_first=0,
        conditions={"intents": [intent]} if intent else {},
        note=f"From the pilot, correction {correction.pk}",
    )
    return Made("escalation.rule", rule.pk, rule.name, note="It is disabled: back-test it, then enable it.")


def _flow(actor: Actor, correction: Correction, payload: Fields) -> Made:
    flow = ResolutionFlow.objects.filter(pk=payload.get("flow_id") or 0).first()
    if flow is None:
        raise Conflict("This flow is no longer there.", code="flow_gone")
    text = str(payload.get("text", "")).strip()
    step, name = str(payload.get("step", "")), str(payload.get("field", ""))
    definition = deepcopy(dict(newest_definition(flow)))
    place = next((one for one in definition["steps"] if one["id"] == step and name in one), None)
    if place is None or not text:
        raise InvalidInput(
            "Choose the text of the flow that is to change, and write it. What is more than a text is "
            "changed in the flow's editor; decline this then.",
            code="no_step",
        )
    if place[name] == text:
        raise InvalidInput("The flow says exactly this already.", code="nothing_to_change")
    before = {"number": flow.latest_number, "active": flow.active_version_id}
    place[name] = text
    version = flow_save(
        actor=actor,
        flow=flow,
        base_number=flow.latest_number,
        title=flow.title,
        definition=definition,
        note=f"From the pilot, correction {correction.pk}",
    )
    return Made(
        "runtime.resolutionflow",
        flow.pk,
        f"{flow.title}, version {version.number}",
        note="The new version answers once it is activated.",
        before=before | {"made": version.number},
    )


def _voice(actor: Actor, correction: Correction, payload: Fields) -> Made:
    unwanted = " ".join(str(payload.get("unwanted", "")).split())
    instead = " ".join(str(payload.get("instead", "")).split())
    known = VoiceTerm.objects.filter(unwanted=unwanted).first()
    if known is not None and known.instead != instead:
        raise Conflict(
            f"The brand voice says already: {known}. Change it there if it is wrong.", code="term_taken"
        )
    if known is not None:
        return Made("kb.voiceterm", known.pk, str(known), "It was in the brand voice already.", existing=True)
    term = VoiceTerm(
        unwanted=unwanted[:60], instead=instead[:60], reason=str(payload.get("reason", ""))[:200]
    )
    voice_term_save(actor=actor, term=term)
    return Made("kb.voiceterm", term.pk, str(term), "Articles and messages are checked for it from now on.")


def revision_of(made: Fields) -> Revision | None:
    """Return the revision that an acceptance made."""
    return Revision.objects.select_related("article").filter(pk=made["id"]).first()
