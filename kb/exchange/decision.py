"""What becomes of an incoming article, given what is here: the rule, as a pure function.

A change of one side is taken; where both sides have changed nothing is overwritten. An import never opens a
live article to more readers by itself. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kb import workflow
from kb.access import KINDS, Facets
from kb.exchange.contracts import (
    CONFLICT,
    CREATED,
    SKIPPED,
    UNCHANGED,
    UPDATED,
    Incoming,
    Outcome,
    audience_json,
    audience_of_json,
    content_hash,
)

NOBODY = Facets(False, frozenset())
UNDER_REVIEW = {
    workflow.IN_REVIEW: "was in review",
    workflow.APPROVED: "was approved",
    workflow.CHANGES_REQUESTED: "was sent back with a comment",
}


@dataclass(frozen=True, slots=True)
class Known:
    """An article that is here: its newest text and facts, and what its source said last (None: never)."""

    article_id: int
    title: str
    body: str
    audience: Facets
    labels: frozenset[str]
    pages: frozenset[str]
    owner: str
    review_by: date | None
    number: int
    state: str
    is_live: bool
    is_archived: bool
    source_id: int | None = None
    text_hash: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    imported: tuple[str, str] | None = None  # title and body that the source's text became here
    pending: tuple[str, Mapping[str, Any]] | None = None  # text hash and facts that wait for a person

    @property
    def content_hash(self) -> str:
        """By which a file that was exported from this very state knows it."""
        return content_hash(self.title, self.body, self.audience, self.labels, self.pages)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do: the outcome with its reason, and what of the article to set (None: leave it)."""

    outcome: Outcome
    reason: str = ""
    text: bool = False
    audience: Facets | None = None
    labels: frozenset[str] | None = None
    pages: frozenset[str] | None = None
    owner: str | None = None
    review_by: date | None = None

    @property
    def writes(self) -> bool:
        """Whether anything of the article changes."""
        facts = (self.audience, self.labels, self.pages, self.owner, self.review_by)
        return self.text or any(value is not None for value in facts)


def decide(incoming: Incoming, known: Known | None) -> Decision:
    """Return what becomes of ``incoming``."""
    if known is None:
        return Decision(
            CREATED,
            incoming.note,
            True,
            incoming.audience or NOBODY,
            incoming.labels or frozenset(),
            incoming.pages or frozenset(),
            incoming.owner,
            incoming.review_by,
        )
    seen = (known.text_hash, known.facts)
    if known.source_id is not None and seen == (incoming.text_hash, incoming.facts):
        return Decision(UNCHANGED)
    if known.is_archived:
        return Decision(SKIPPED, "The article is archived here. Restore it first.")
    if known.pending == (incoming.text_hash, incoming.facts):
        return Decision(CONFLICT, "It still waits for somebody to choose a side.")
    is_from_here = incoming.base != "" and incoming.base == known.content_hash
    base = dict(known.facts) if known.source_id is not None and known.facts else {}
    if is_from_here:  # the file was made from exactly what is here: all its changes are its own
        base = _facts(known)
    text, clash = _text(incoming, known, is_from_here)
    audience, problem = _audience(incoming, known, base)
    if clash or problem:
        return Decision(CONFLICT, " ".join(filter(None, (clash, problem))))
    decision = Decision(
        UPDATED,
        _note(incoming, known, text),
        text,
        audience,
        _merged(base.get("labels"), known.labels, incoming.labels),
        _merged(base.get("pages"), known.pages, incoming.pages),
        _scalar(base.get("owner"), known.owner, incoming.owner),
        _review_by(base.get("review_by"), known.review_by, incoming.review_by),
    )
    return decision if decision.writes else Decision(UNCHANGED)


def is_wider(new: Facets, old: Facets) -> bool:
    """Tell whether somebody may read with ``new`` who may not with ``old``."""
    if old.for_everyone or new in (old, NOBODY):
        return False
    if new.for_everyone or not old.values:
        return True
    for kind in KINDS:
        before = {pair for pair in old.values if pair[0] == kind}
        after = {pair for pair in new.values if pair[0] == kind}
        if before and (not after or not after <= before):
            return True
    return False


def _text(incoming: Incoming, known: Known, is_from_here: bool) -> tuple[bool, str]:
    """Return whether the text is to be taken, and why that cannot be done."""
    theirs, ours = (incoming.title, incoming.body), (known.title, known.body)
    if theirs == ours:
        return False, ""
    if is_from_here or ours == known.imported:
        return True, ""
    if known.source_id is not None and known.text_hash == incoming.text_hash:
        return False, ""  # the source kept its text; what was written here since stays
    if known.source_id is None:
        return False, "An article with this address was written here, and its text is another one."
    return False, "The text was changed here and at the source."


def _audience(incoming: Incoming, known: Known, base: Mapping[str, Any]) -> tuple[Facets | None, str]:
    theirs, ours, was = incoming.audience, known.audience, audience_of_json(base.get("audience"))
    if theirs is None or theirs in (was, ours):
        return None, ""
    if ours != (was or NOBODY):
        return None, "The audience was changed here and at the source."
    if known.is_live and is_wider(theirs, ours):
        return None, "The source opens the article to more readers; it is live here."
    return theirs, ""


def _merged(
    was: list[str] | None, ours: frozenset[str], theirs: frozenset[str] | None
) -> frozenset[str] | None:
    """Return ours with what the source added and without what it took away; None where that is ours."""
    if theirs is None:
        return None
    before = frozenset(was or ())
    merged = (ours - (before - theirs)) | (theirs - before)
    return None if merged == ours else merged


def _scalar(was: str | None, ours: str, theirs: str | None) -> str | None:
    """Return what the source says newly, unless somebody has decided otherwise here."""
    return theirs if theirs is not None and theirs != ours and was is not None and was == ours else None


def _review_by(was: str | None, ours: date | None, theirs: date | None) -> date | None:
    if theirs is None or theirs == ours or was is None:
        return None
    return theirs if was == (ours.isoformat() if ours else "") else None


def _note(incoming: Incoming, known: Known, text: bool) -> str:
    moved = UNDER_REVIEW.get(known.state, "") if text else ""
    lost = f"Revision {known.number} {moved}; the new text needs a review of its own." if moved else ""
    return " ".join(filter(None, (incoming.note, lost)))


def _facts(known: Known) -> dict[str, Any]:
    return {
        "audience": audience_json(known.audience),
        "labels": sorted(known.labels),
        "pages": sorted(known.pages),
        "owner": known.owner,
        "review_by": known.review_by.isoformat() if known.review_by else "",
    }
