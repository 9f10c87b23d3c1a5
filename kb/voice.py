"""The brand's voice: the guide with its sample replies, and every place where its words are not kept.

The words themselves are looked for by kb.lint.wording; articles are judged by the findings kept with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from core.permissions import require
from kb import workflow
from kb.lint.contracts import Preferred
from kb.lint.running import VERSION
from kb.linting import voice, voice_findings
from kb.models import SAMPLE_LENGTH, TONE_LENGTH, Revision, VoiceGuide
from kb.ports import customer_texts

RULE = "W001"
SAMPLES = {
    "sample_1": "First sample reply",
    "sample_2": "Second sample reply",
    "sample_3": "Third sample reply",
}
FIELDS = ("tone", *SAMPLES)
PUBLISHED, DRAFTS, SAMPLE_REPLIES = "Published articles", "Drafts", "Sample replies"


@dataclass(frozen=True, slots=True)
class VoiceHit:
    """An unwanted word: where it stands and what to do. ``line`` is 0 for a title and where there are none.

    It is mended in the article, or at ``url``; with neither, it is part of the product.
    """

    kind: str
    name: str
    line: int
    message: str
    article_id: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """How many texts of a kind were looked through, how many wait for the linter, and what stands in them."""

    kind: str
    texts: int
    hits: tuple[VoiceHit, ...]
    waiting: int = 0


def voice_guide() -> VoiceGuide:
    """Return the one guide, empty where nobody has written it."""
    return VoiceGuide.objects.filter(pk=1).first() or VoiceGuide(pk=1)


def sample_problems(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Return, by field, what the sample replies say that the brand does not."""
    unwanted = voice()
    found = {name: voice_findings(texts.get(name, ""), unwanted) for name in SAMPLES}
    return {name: messages for name, messages in found.items() if messages}


def voice_guide_save(*, actor: Actor, guide: VoiceGuide) -> None:
    """Keep tone and sample replies; refuse a sample that uses a word which the brand does not."""
    require(actor, "kb.change_voiceguide")
    for name in FIELDS:
        setattr(guide, name, getattr(guide, name).replace("\r\n", "\n").strip())
    if len(guide.tone) > TONE_LENGTH or any(len(text) > SAMPLE_LENGTH for text in guide.samples):
        raise InvalidInput("A sample reply or the tone is too long.", code="too_long")
    if problems := sample_problems({name: getattr(guide, name) for name in SAMPLES}):
        raise InvalidInput(
            " ".join(f"{SAMPLES[name]}: {' '.join(messages)}" for name, messages in problems.items()),
            code="sample_breaks_voice",
            extra={"problems": problems},
        )
    with transaction.atomic():
        before = {**(VoiceGuide.objects.filter(pk=1).values(*FIELDS).first() or {})}
        guide.pk = 1
        guide.save()
        after = {name: getattr(guide, name) for name in FIELDS}
        activity.record(actor, "voice_guide.changed", guide, before=before, after=after)


def voice_checked() -> list[Checked]:
    """Return, kind by kind, what customers read or soon will, and where it does not keep the voice."""
    live = Q(article__published_revision_id=F("pk"), article__archived_at=None)
    draft = Q(state__in=workflow.OPEN, article__archived_at=None)
    unwanted = voice()
    guide = voice_guide()
    samples = {title: getattr(guide, name) for name, title in SAMPLES.items()}
    others = [
        Checked(
            kind,
            len(texts),
            tuple(
                VoiceHit(kind, one.name, 0, message, url=one.url)
                for one in texts
                for message in _messages(one.text, unwanted)
            ),
        )
        for kind, texts in customer_texts().items()
    ]
    return [
        _articles(PUBLISHED, live),
        _articles(DRAFTS, draft),
        *others,
        Checked(
            SAMPLE_REPLIES,
            sum(bool(text) for text in samples.values()),
            tuple(
                VoiceHit(SAMPLE_REPLIES, name, 0, message)
                for name, text in samples.items()
                for message in _messages(text, unwanted)
            ),
        ),
    ]


def _articles(kind: str, which: Q) -> Checked:
    """Read the findings kept with the texts; texts without any of this linter's wait to be linted anew."""
    texts = Revision.objects.filter(which)
    linted = texts.filter(lint__version=VERSION)
    rows = linted.filter(lint__warnings__gt=0).order_by("title", "pk")
    hits = tuple(
        VoiceHit(kind, title, finding["line"], finding["message"], article_id=article_id)
        for article_id, title, findings in rows.values_list("article_id", "title", "lint__findings")
        for finding in findings
        if finding["rule"] == RULE
    )
    total = texts.count()
    return Checked(kind, total, hits, waiting=total - linted.count())


def _messages(text: str, unwanted: Mapping[str, Preferred]) -> Iterator[str]:
    return (message.removeprefix(f"{RULE}: ") for message in voice_findings(text, unwanted))
