"""Flipped cases with the customer's words and the rules' evidence, read where they are now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from escalation.backtest.cases import WHY, ShownCase
from escalation.backtest.ports import Key, cases_source
from escalation.backtest.readout import reason_label
from escalation.backtest.replay import Pair, Ruling
from escalation.contracts import RuleSet
from escalation.engine import decide
from escalation.models import BacktestFlip
from escalation.selectors import rule_set_of

LABELS = {"answer": "Answer", "clarify": "Ask first", "act": "Act", "escalate": "Escalate"}
PLAIN = ("answered", "out_of_scope")  # the action says it all
WITH_A_PERSON = ("escalate", "clarify")
GONE = ShownCase("The message is no longer kept.", "", "")


@dataclass(frozen=True, slots=True)
class Side:
    """What a rule set makes of the case: the action, the rule or reason, and the words that set it off."""

    action: str
    why: str
    matched_text: str = ""


@dataclass(frozen=True, slots=True)
class ShownFlip:
    """A line of the list of flips; ``is_better`` None: nobody knows whether a person was needed."""

    shown: ShownCase
    kind: str
    before: Side
    after: Side
    truth: str
    is_better: bool | None


@dataclass(frozen=True, slots=True)
class Sides:
    """The two rule sets of a comparison, as rows."""

    live_rows: Sequence[Mapping[str, Any]]
    candidate_rows: Sequence[Mapping[str, Any]]

    def read(self, flips: Collection[tuple[Key, Ruling, Ruling, bool | None, str]]) -> list[ShownFlip]:
        """Return the flips as they are shown; the evidence is found anew where the facts are still kept."""
        names = {row["id"]: row["name"] for row in (*self.live_rows, *self.candidate_rows)}
        before_set, after_set = rule_set_of(0, self.live_rows), rule_set_of(0, self.candidate_rows)
        shown = cases_source().shown([key for key, *_ in flips])
        kinds = dict(BacktestFlip.CaseKind.choices)
        found = []
        for key, before, after, needed, why in flips:
            case = shown.get(key, GONE)
            found.append(
                ShownFlip(
                    shown=case,
                    kind=kinds[key[0]],
                    before=_side(before, case, before_set, names),
                    after=_side(after, case, after_set, names),
                    truth=WHY.get(why, why),
                    is_better=None if needed is None else needed == (after.action in WITH_A_PERSON),
                )
            )
        return found


def flips_of_run(
    flips: Sequence[BacktestFlip],
    live_rows: Sequence[Mapping[str, Any]],
    candidate_rows: Sequence[Mapping[str, Any]],
) -> list[ShownFlip]:
    """Return stored flips as they are shown."""
    return Sides(live_rows, candidate_rows).read(
        [
            (
                (flip.case_kind, flip.case_id),
                Ruling(flip.before, flip.before_reason, flip.before_rule),
                Ruling(flip.after, flip.after_reason, flip.after_rule),
                flip.needed,
                flip.why,
            )
            for flip in flips
        ]
    )


def flips_of_preview(
    pairs: Sequence[Pair],
    live_rows: Sequence[Mapping[str, Any]],
    candidate_rows: Sequence[Mapping[str, Any]],
) -> list[ShownFlip]:
    """Return flips that nobody has kept yet, as they are shown."""
    return Sides(live_rows, candidate_rows).read(
        [((p.case.kind, p.case.id), p.before, p.after, p.case.truth.needed, p.case.truth.why) for p in pairs]
    )


def _side(ruling: Ruling, case: ShownCase, rules: RuleSet, names: Mapping[int, str]) -> Side:
    matched = ""
    if case.facts is not None and ruling.action in WITH_A_PERSON:
        again = decide(case.facts, rules)
        if Ruling.of(again) == ruling and again.escalation is not None:
            matched = again.escalation.matched_text
    label = LABELS.get(ruling.action, ruling.action.replace("_", " ").capitalize())
    why = names.get(ruling.rule_id or 0) or reason_label(ruling.reason)
    return Side(label, "" if ruling.reason in PLAIN else why, matched)
