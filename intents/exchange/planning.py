"""What would become of each phrasing of a file: created, unchanged, refused. Reads; writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from intents.exchange.contracts import Phrasing, Reading
from intents.mapping import slug_of
from intents.models import Example, Intent
from intents.services import NewExample, examples_check

CREATED, UNCHANGED, REFUSED = "created", "unchanged", "refused"
OUTCOMES = (CREATED, UNCHANGED, REFUSED)
LABEL_LENGTH = 100
MAX_INTENTS = 5_000


@dataclass(frozen=True, slots=True)
class Row:
    """One phrasing with the slug of its intent here, what would become of it, and why."""

    where: str
    text: str
    label: str
    slug: str
    origin: str
    source_ref: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All rows in the order of the file, places that could not be read among them, and the intents to create.

    ``new_intents`` maps slug to label.
    """

    rows: tuple[Row, ...]
    new_intents: dict[str, str]
    ignored: dict[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of rows by outcome."""
        found = Counter(row.outcome for row in self.rows)
        return {outcome: found[outcome] for outcome in OUTCOMES}


def origin_of(phrasing: Phrasing) -> str:
    """Return the origin: what the file says, else a ticket where a source is named, else synthetic."""
    if phrasing.origin:
        return phrasing.origin
    return Example.Origin.TICKET if phrasing.source_ref else Example.Origin.SYNTHETIC


def plan(reading: Reading) -> Plan:
    """Decide about every phrasing against the data set as it is now; earlier rows count for later ones."""
    slugs = _Slugs()
    named = [slugs.of(phrasing.label) for phrasing in reading.phrasings]
    wanted = [
        (slug, NewExample(p.text, origin_of(p), p.source_ref))
        for slug, p in zip(named, reading.phrasings, strict=True)
    ]
    known = [
        row if slug and slug not in slugs.archived else None for slug, row in zip(named, wanted, strict=True)
    ]
    checks = iter(examples_check(rows=[row for row in known if row is not None]))
    rows = [
        _row(phrasing, slug, slugs, next(checks) if row is not None else None)
        for phrasing, slug, row in zip(reading.phrasings, named, known, strict=True)
    ]
    rows += [Row(p.where, p.text, "", "", "", "", REFUSED, p.message) for p in reading.problems]
    needed = {row.slug for row in rows if row.outcome == CREATED}
    new = {slug: label for slug, label in slugs.new.items() if slug in needed}
    return Plan(tuple(rows), new, dict(sorted(reading.ignored.items())))


def _row(phrasing: Phrasing, slug: str, slugs: _Slugs, problem: tuple[str, str] | None) -> Row:
    outcome, reason = CREATED, ""
    if not slug:
        outcome, reason = REFUSED, "The label gives no name for an intent: it needs a Latin letter or digit."
    elif slug in slugs.archived:
        outcome, reason = REFUSED, f"The intent {slug} is archived. Activate it first."
    elif problem is not None:
        outcome = UNCHANGED if problem[0] == "duplicate" else REFUSED
        reason = problem[1]
    origin, source = origin_of(phrasing), phrasing.source_ref
    return Row(phrasing.where, phrasing.text, phrasing.label, slug, origin, source, outcome, reason)


class _Slugs:
    """Labels of the file as slugs of intents: an intent's own slug or label, else a slug made of it."""

    def __init__(self) -> None:
        rows = list(Intent.objects.order_by("pk").values_list("slug", "label", "state")[:MAX_INTENTS])
        self._known = {slug for slug, _, _ in rows}
        self._by_label = {label.casefold(): slug for slug, label, _ in reversed(rows)}
        self.archived = {slug for slug, _, state in rows if state == Intent.State.ARCHIVED}
        self.new: dict[str, str] = {}
        self._found: dict[str, str] = {}

    def of(self, label: str) -> str:
        """Return the slug; empty where the label gives none."""
        if label not in self._found:
            self._found[label] = self._resolve(label)
        return self._found[label]

    def _resolve(self, label: str) -> str:
        if label in self._known:
            return label
        if label.casefold() in self._by_label:
            return self._by_label[label.casefold()]
        slug = slug_of(label)
        if slug and slug not in self._known:
            self.new.setdefault(slug, _spoken(label))
        return slug


def _spoken(label: str) -> str:
    """Return a label as people say it."""
    words = " ".join(label.replace("_", " ").replace("/", " ").split())
    return (words[:1].upper() + words[1:])[:LABEL_LENGTH]
