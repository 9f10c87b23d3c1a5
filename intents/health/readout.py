"""What the health page shows: the findings of the newest report that still hold, section by section.

A report holds ids; the rows are read as they are now, so that what has been retired, moved or ignored since
is gone at once. Doubled texts and thin intents need no report: they are read from the rows alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from intents.health.pairs import CRITICAL
from intents.models import Example, HealthReport, IgnoredFinding, Intent
from intents.readiness import training_readiness
from intents.workflow import MIN_REAL_EXAMPLES

KEY_CHARACTERS = 24  # of a text's hash
MAX_IGNORED = 500
MAX_INTENTS = 1_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A section of the page: its name, what it means, and which acts it offers."""

    slug: str
    title: str
    says: str
    may_ignore: bool = True
    is_pair: bool = False
    report_name: str = ""


KINDS = (
    Kind(
        "same-text",
        "Same text in two intents",
        "A text cannot mean two intents; these block training. Move or retire one of each.",
        may_ignore=False,
        is_pair=True,
    ),
    Kind(
        "conflicts",
        "Conflicts",
        "Phrasings of different intents that say nearly the same: moderate from 0.85, critical from 0.95 "
        "(cosine of the sentence vectors of the encoder that the classifier reads with). Move or retire one, "
        "or say why both are right; that holds until one of the texts changes.",
        is_pair=True,
        report_name="conflicts",
    ),
    Kind(
        "label-errors",
        "Probable label errors",
        "Phrasings that a model which never saw them takes for another intent, the surest first (cleanlab's "
        "label quality of calibrated held-out probabilities; as many are likely as it estimates there are). "
        "A suggestion: nothing moves by itself.",
        report_name="label_errors",
    ),
    Kind(
        "harmful",
        "Harmful phrasings",
        "Without one of these, other phrasings are told better (exact leave-one-out effect in a kernel ridge "
        "model). Look at each: it may be in the wrong intent, or mean two things at once.",
        report_name="harmful",
    ),
    Kind(
        "merges",
        "Intents to merge",
        "Pairs that are taken for each other in both directions: at least two phrasings each way and 15 % of "
        "both together. Two intents with the same answer are better one.",
        report_name="merges",
    ),
    Kind(
        "repetitions",
        "Repetitions",
        "Phrasings within an intent with a similarity of at least 0.95: the second one adds nothing.",
        is_pair=True,
        report_name="repetitions",
    ),
    Kind(
        "stale",
        "Stale phrasings",
        "Their ticket was closed more than a year ago. Customers and product may speak differently by now.",
        report_name="stale",
    ),
    Kind(
        "thin", "Thin intents", f"Active intents with fewer than {MIN_REAL_EXAMPLES} real phrasings.", False
    ),
    Kind(
        "coverage",
        "Coverage of tickets",
        "How much of what customers wrote lately the live model understands, and what it does not.",
        may_ignore=False,
        report_name="coverage",
    ),
)
BY_SLUG = {kind.slug: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: its key, the examples in question, and what the report says of them."""

    key: str
    examples: tuple[Example, ...]
    facts: Mapping[str, Any]
    helped: tuple[Example, ...] = ()
    ignored: IgnoredFinding | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A kind with its open findings, the ignored ones, and how many phrasings were checked."""

    kind: Kind
    open: tuple[Finding, ...] = ()
    ignored: tuple[Finding, ...] = ()
    checked: int | None = None
    more: int = 0
    notes: tuple[str, ...] = field(default=())


class Readout:
    """The sections of one report, reading each kind of row once."""

    def __init__(self, report: HealthReport | None) -> None:
        """Read the examples, intents and decisions that the report's findings name (4 queries or fewer)."""
        self.report = report
        self.content: dict[str, Any] = report.content if report else {}
        self.intents = {i.pk: i for i in Intent.objects.order_by("label")[:MAX_INTENTS]}
        self._examples = self._read_examples()
        ignored = IgnoredFinding.objects.filter(taken_back_at=None).select_related("ignored_by")
        self._ignored = {(row.kind, row.key): row for row in ignored[:MAX_IGNORED]}
        self._readiness = training_readiness()

    def sections(self) -> list[Section]:
        """Return every section, in the order of the page."""
        return [self.section(kind.slug) for kind in KINDS]

    def section(self, slug: str) -> Section:
        """Return one section."""
        kind = BY_SLUG[slug]
        if slug == "same-text":
            return Section(kind, tuple(self._same_texts()))
        if slug == "thin":
            return Section(kind, tuple(self._thin()))
        part = self.content.get(kind.report_name) or {}
        if slug == "coverage":
            return Section(kind, checked=part.get("tickets"))
        found = [f for row in part.get("findings", ()) if (f := self._finding(kind, row)) is not None]
        return Section(
            kind,
            tuple(f for f in found if f.ignored is None),
            tuple(f for f in found if f.ignored is not None),
            part.get("checked"),
            max(0, part.get("total", 0) - len(part.get("findings", ()))),
            tuple(self._notes(slug, part)),
        )

    def _read_examples(self) -> dict[int, Example]:
        ids: set[int] = set()
        for kind in KINDS:
            part = self.content.get(kind.report_name) or {}
            for row in part.get("findings", ()):
                ids.update(pk for pk, _ in row.get("examples", ()))
                ids.update(row.get("helped", ()))
        rows = Example.objects.active().filter(pk__in=ids).select_related("intent")
        return {example.pk: example for example in rows}

    def _finding(self, kind: Kind, row: dict[str, Any]) -> Finding | None:
        """Return the finding as it stands now; None where an example was retired or moved since."""
        if kind.slug == "merges":
            return self._merge(row)
        examples = []
        for pk, intent in row["examples"]:
            example = self._examples.get(pk)
            if example is None or example.intent_id != intent or example.intent.state != Intent.State.ACTIVE:
                return None
            examples.append(example)
        facts = {name: value for name, value in row.items() if name not in ("examples", "helped")}
        if "similarity" in facts:
            facts["is_critical"] = facts["similarity"] >= CRITICAL
        if "suggested" in facts:
            suggested = self.intents.get(facts["suggested"])
            if suggested is None or suggested.state == Intent.State.ARCHIVED:
                return None
            facts["suggested_intent"] = suggested
        key = finding_key(examples, facts.get("suggested"))
        helped = tuple(self._examples[pk] for pk in row.get("helped", ()) if pk in self._examples)
        return Finding(key, tuple(examples), facts, helped, self._ignored.get((kind.slug, key)))

    def _merge(self, row: dict[str, Any]) -> Finding | None:
        a, b = self.intents.get(row["a"]), self.intents.get(row["b"])
        if a is None or b is None or {a.state, b.state} != {Intent.State.ACTIVE}:
            return None
        key = f"{min(a.pk, b.pk)}|{max(a.pk, b.pk)}"
        share = 100 * (row["a_as_b"] + row["b_as_a"]) / max(1, row["a_judged"] + row["b_judged"])
        facts = {**row, "intent_a": a, "intent_b": b, "percent": share}
        return Finding(key, (), facts, (), self._ignored.get(("merges", key)))

    def _same_texts(self) -> Iterable[Finding]:
        for blocker in self._readiness.blockers:
            if blocker.code != "same_text_in_two_intents":
                continue
            ids = [row["id"] for text in blocker.extra["texts"] for row in text["examples"]]
            rows = {e.pk: e for e in Example.objects.filter(pk__in=ids).select_related("intent")}
            for text in blocker.extra["texts"]:
                examples = tuple(rows[row["id"]] for row in text["examples"] if row["id"] in rows)
                yield Finding(finding_key(examples), examples, {})

    def _thin(self) -> Iterable[Finding]:
        by_slug = {intent.slug: intent for intent in self.intents.values()}
        for slug, counts in self._readiness.example_counts.items():
            if counts["real"] < MIN_REAL_EXAMPLES and slug in by_slug:
                missing = MIN_REAL_EXAMPLES - counts["real"]
                yield Finding(slug, (), {"intent": by_slug[slug], "missing": missing, **counts})

    def _notes(self, slug: str, part: dict[str, Any]) -> Iterable[str]:
        if slug == "label-errors" and (few := self._labels(part.get("too_few", ()))):
            yield f"Too few phrasings (under 5) to tell: {few}."
        if slug == "stale":
            if part.get("without_ticket"):
                yield f"{part['without_ticket']} phrasings name no ticket that is here; they are not judged."
            if unseen := self._unseen():
                yield f"Not seen in the newest tickets at all: {unseen}."
        if slug == "harmful" and "accuracy" in part:
            yield f"The stand-in model tells {100 * part['accuracy']:.0f} % of them right."

    def _unseen(self) -> str:
        """Return the active intents that the live model found in none of the recent tickets."""
        coverage = self.content.get("coverage")
        if not coverage:
            return ""
        active = [i for i in self.intents.values() if i.state == Intent.State.ACTIVE]
        return ", ".join(i.label for i in active if not coverage["volume"].get(i.slug))

    def _labels(self, ids: Collection[int]) -> str:
        return ", ".join(self.intents[pk].label for pk in ids if pk in self.intents)


def finding_key(examples: Collection[Example], suggested: int | None = None) -> str:
    """Return what names a finding: its texts and their intents, in whatever order."""
    parts = sorted(f"{example.text_hash[:KEY_CHARACTERS]}@{example.intent_id}" for example in examples)
    return "|".join(parts)[:180] + (f">{suggested}" if suggested is not None else "")
