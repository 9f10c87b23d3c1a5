"""The voice of answers as it is kept: read by every turn that answers, changed by a lead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from core.permissions import require
from kb.linting import voice_findings
from runtime.drafting.contracts import Voice
from runtime.models import DraftVoice

PERMISSION = "runtime.change_draftvoice"
LINES = {"opening": "Opening", "opening_steps": "Opening of steps", "closing": "Closing"}
FIELDS = (*LINES, "heading", "source_line")
# A line of every answer says nothing of the product: no figure, no address, no markup.
CLAIMS = re.compile(r"\d|[$€£%@]|https?:|www\.|[<>\[\]`]|\n", re.IGNORECASE)


def draft_voice_row() -> DraftVoice:
    """Return the row; its defaults hold until somebody changes it."""
    return DraftVoice.objects.filter(pk=1).first() or DraftVoice(pk=1)


def draft_voice() -> Voice:
    """Return the voice in force."""
    return voice_of(draft_voice_row())


def voice_of(row: DraftVoice) -> Voice:
    """Return a row, saved or not, as the drafts take it."""
    return Voice(
        row.opening.strip(), row.opening_steps.strip(), row.closing.strip(), row.heading, row.source_line
    )


def line_problems(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Return, by field, why a line cannot stand around every answer."""
    found: dict[str, list[str]] = {}
    for name in LINES:
        text = texts.get(name, "")
        problems = list(dict.fromkeys(voice_findings(text)))
        if CLAIMS.search(text):
            problems.insert(
                0, "It stands around every answer: leave out figures, addresses, markup and line breaks."
            )
        if problems:
            found[name] = problems
    return found


def draft_voice_save(*, actor: Actor, **changes: Any) -> DraftVoice:
    """Write those of FIELDS that differ; needs runtime.change_draftvoice.

    Raises InvalidInput for a line that makes a claim or uses a word that the brand does not.
    """
    require(actor, PERMISSION)
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise InvalidInput(f"The voice has no {', '.join(sorted(unknown))}.", code="not_editable")
    changes = {name: str(value).strip() for name, value in changes.items()}
    if problems := line_problems(changes):
        raise InvalidInput(
            " ".join(f"{LINES[name]}: {' '.join(messages)}" for name, messages in problems.items()),
            code="line_breaks_voice",
            extra={"problems": problems},
        )
    with transaction.atomic():
        DraftVoice.objects.get_or_create(pk=1)
        row = DraftVoice.objects.select_for_update().get(pk=1)
        before = {name: getattr(row, name) for name in changes if getattr(row, name) != changes[name]}
        for name in before:
            setattr(row, name, changes[name])
        try:
            row.full_clean(validate_constraints=False)
        except ValidationError as error:
            raise InvalidInput(" ".join(error.messages), code="invalid_voice") from error
        if before:
            row.save()
            after = {name: changes[name] for name in before}
            activity.record(actor, "draft_voice.changed", row, before=before, after=after)
    return row
