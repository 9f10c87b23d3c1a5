"""May this version go live? Checks on the answers that it and the live version give to the same texts.

Pure. A text is compared only where both versions have judged it and it means the same to both: examples that
both were trained on (each judged by a model that had not seen it) and test phrases (which none has seen).
Recall is that of the top intent, before fallback, as in intents.evaluation. A person releases; this only says
what stands in the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_RECALL_DROP = 0.02
MAX_FALLBACK_RATIO = 0.05
SHOWN_TEXTS = 20
OFF_TOPIC = ""  # the expected intent of a text that should fall back


@dataclass(frozen=True, slots=True)
class Answer:
    """What a version said about one text. ``key`` names the text across versions; ``expected`` is its intent.

    ``expected`` is OFF_TOPIC where the text should fall back.
    """

    key: str
    text: str
    expected: str
    predicted: str
    confidence: float
    is_fallback: bool
    must_pass: bool = False

    @property
    def is_right(self) -> bool:
        """Whether the top intent is the expected one; for an off-topic text, whether it falls back."""
        return self.is_fallback if self.expected == OFF_TOPIC else self.predicted == self.expected

    @property
    def passes(self) -> bool:
        """Whether a customer would have got what is expected: right, and not held back as uncertain."""
        return self.is_right and (self.expected == OFF_TOPIC or not self.is_fallback)


@dataclass(frozen=True, slots=True)
class PairedAnswer:
    """The answers of two versions to one text."""

    before: Answer
    after: Answer

    @property
    def change(self) -> str:
        """``fixed``, ``broken``, ``moved`` (from one mistake to another), ``wrong`` or ``right`` (both)."""
        if self.before.is_right != self.after.is_right:
            return "fixed" if self.after.is_right else "broken"
        if self.after.is_right:
            return "right"
        return "wrong" if self.before.predicted == self.after.predicted else "moved"


@dataclass(frozen=True, slots=True)
class RecallChange:
    """Recall of one intent before and after, on the same ``n`` texts."""

    intent: str
    n: int
    before: float
    after: float
    broken: tuple[str, ...]  # texts that were right and are wrong now

    @property
    def drop(self) -> float:
        """How much recall is lost; negative where it is won."""
        return self.before - self.after

    @property
    def is_too_much(self) -> bool:
        """Whether this alone blocks a release."""
        return self.drop > MAX_RECALL_DROP + 1e-9


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: ``blocks`` where it is not met and must be; else it deserves a look."""

    code: str
    label: str
    is_met: bool
    blocks: bool
    message: str
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateReport:
    """All checks, with the recall of each intent on the texts that both versions have judged."""

    checks: tuple[Check, ...]
    recalls: tuple[RecallChange, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)  # fixed, broken, moved, wrong, right

    @property
    def blockers(self) -> tuple[Check, ...]:
        """The checks that stand in the way of a release."""
        return tuple(check for check in self.checks if check.blocks and not check.is_met)

    @property
    def is_open(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.blockers

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values, for the release's row."""
        return {
            "is_open": self.is_open,
            "checks": [asdict(check) for check in self.checks],
            "recalls": [
                {"intent": r.intent, "n": r.n, "before": r.before, "after": r.after} for r in self.recalls
            ],
            "counts": dict(self.counts),
        }


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """How a version answered the test phrases: how many it got right, of those with an intent and without.

    ``failed`` are the wrong ones, those that must pass first.
    """

    right: int
    n: int
    refused: int
    off_topic: int
    failed: tuple[Answer, ...]
    intents: frozenset[str]  # those that a test phrase means


def case_figures(answers: Sequence[Answer]) -> CaseFigures:
    """Return the figures of answers to test phrases."""
    inside = [answer for answer in answers if answer.expected != OFF_TOPIC]
    outside = [answer for answer in answers if answer.expected == OFF_TOPIC]
    failed = [answer for answer in answers if not answer.is_right]
    return CaseFigures(
        right=sum(answer.is_right for answer in inside),
        n=len(inside),
        refused=sum(answer.is_right for answer in outside),
        off_topic=len(outside),
        failed=tuple(sorted(failed, key=lambda answer: (not answer.must_pass, -answer.confidence))),
        intents=frozenset(answer.expected for answer in inside),
    )


def gate_report(
    after: Sequence[Answer],
    before: Sequence[Answer] | None,
    *,
    fallback_ratio: float | None,
    judged_now: bool,
    left_out: Sequence[str] = (),
) -> GateReport:
    """Return what stands between a version and going live.

    ``after`` are the version's answers, ``before`` those of the live one (None where nothing is live);
    ``fallback_ratio`` is the version's share of in-scope texts that fall back; ``judged_now`` says that the
    version has answered the test phrases as they are now; ``left_out`` are intents that the live one knows
    and this one does not.
    """
    pairs = pair(before or (), after)
    recalls = recall_changes(pairs)
    checks = [
        _judged(judged_now),
        _must_pass([answer for answer in after if answer.must_pass]),
        _recall(recalls, compared=before is not None),
        _known(left_out),
        _fallback(fallback_ratio),
    ]
    return GateReport(tuple(checks), recalls, change_counts(pairs))


def pair(before: Sequence[Answer], after: Sequence[Answer]) -> tuple[PairedAnswer, ...]:
    """Return the texts that both have answered and that mean the same to both, in the order of ``after``."""
    known = {(answer.key, answer.expected): answer for answer in before}
    return tuple(
        PairedAnswer(known[answer.key, answer.expected], answer)
        for answer in after
        if (answer.key, answer.expected) in known
    )


def recall_changes(pairs: Sequence[PairedAnswer]) -> tuple[RecallChange, ...]:
    """Return the recall of each intent before and after, the greatest loss first; off-topic texts are out."""
    by_intent: dict[str, list[PairedAnswer]] = {}
    for found in pairs:
        if found.after.expected != OFF_TOPIC:
            by_intent.setdefault(found.after.expected, []).append(found)
    changes = [
        RecallChange(
            intent=intent,
            n=len(rows),
            before=sum(row.before.is_right for row in rows) / len(rows),
            after=sum(row.after.is_right for row in rows) / len(rows),
            broken=tuple(row.after.text for row in rows if row.change == "broken"),
        )
        for intent, rows in by_intent.items()
    ]
    return tuple(sorted(changes, key=lambda change: (-change.drop, change.intent)))


def change_counts(pairs: Sequence[PairedAnswer]) -> dict[str, int]:
    """Return how many texts were fixed, broken, moved, stayed wrong, stayed right."""
    counted = Counter(row.change for row in pairs)
    return {name: counted[name] for name in ("fixed", "broken", "moved", "wrong", "right")}


def chance(fixed: int, broken: int) -> float:
    """Return the two-sided p-value of McNemar's exact test: how easily chance alone gives such a change."""
    from scipy.stats import binomtest  # noqa: PLC0415 - slow to load, used where versions are compared only

    return 1.0 if fixed + broken == 0 else float(binomtest(broken, fixed + broken, 0.5).pvalue)


def _judged(judged_now: bool) -> Check:
    message = (
        "It has answered the test phrases as they are now."
        if judged_now
        else "The test phrases have changed since it answered them. Ask it again, then look here once more."
    )
    return Check("test_phrases_answered", "Test phrases answered", judged_now, True, message)


def _must_pass(answers: Sequence[Answer]) -> Check:
    failed = [answer for answer in answers if not answer.passes]
    if not answers:
        message = "No phrase is marked as one that must always pass."
    elif failed:
        message = f"{len(failed)} of {len(answers)} phrases that must pass do not."
    else:
        message = f"All {len(answers)} phrases that must pass do."
    return Check(
        "must_pass",
        "Phrases that must pass",
        not failed,
        True,
        message,
        tuple(_said(answer) for answer in failed[:SHOWN_TEXTS]),
    )


def _recall(recalls: Sequence[RecallChange], *, compared: bool) -> Check:
    worse = [change for change in recalls if change.is_too_much]
    limit = f"{100 * MAX_RECALL_DROP:.0f} points"
    if not compared:
        message = "Nothing is live to compare with."
    elif not recalls:
        message = "No text was answered by both versions, so nothing could be compared."
    elif worse:
        listed = ", ".join(
            f"{c.intent} from {100 * c.before:.0f} to {100 * c.after:.0f} % (n = {c.n})" for c in worse
        )
        message = f"Recall falls by more than {limit}: {listed}."
    else:
        message = f"No intent loses more than {limit} of recall against the live version."
    texts = tuple(f"{change.intent}: {text}" for change in worse for text in change.broken)[:SHOWN_TEXTS]
    return Check("recall_drop", "Recall of each intent", not worse, True, message, texts)


def _known(left_out: Sequence[str]) -> Check:
    message = (
        f"The live version knows intents that this one does not: {', '.join(left_out)}."
        if left_out
        else "It knows every intent that the live version knows."
    )
    return Check("intents_known", "Intents known", not left_out, False, message)


def _fallback(ratio: float | None) -> Check:
    is_met = ratio is None or ratio <= MAX_FALLBACK_RATIO
    message = (
        "Nothing could be held out to judge by."
        if ratio is None
        else f"{100 * ratio:.1f} % of messages that belong to an intent fall back; "
        f"up to {100 * MAX_FALLBACK_RATIO:.0f} % is usual."
    )
    return Check("fallback_ratio", "Share that falls back", is_met, False, message)


def _said(answer: Answer) -> str:
    wanted = "should fall back" if answer.expected == OFF_TOPIC else f"is {answer.expected}"
    got = "falls back" if answer.is_fallback else f"taken for {answer.predicted}"
    if answer.is_fallback and answer.predicted == answer.expected:
        got = "is understood, but too uncertain to be answered"
    return f"“{answer.text}” {wanted}, {got} (confidence {answer.confidence:.2f})"
