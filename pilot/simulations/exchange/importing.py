"""Turn files into scenarios: nothing is lost, what cannot be taken is listed with its line. Pure.

A topic becomes the expected intent, expected actions must be called among others. An expected outcome is
prose: kept for people, and turned into a check only where it names an article's title or plainly says that a
person takes over, that a question is asked back or that this is out of scope.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import InvalidInput
from pilot.simulations.exchange.cases import Case, csv_cases, is_spec, spec_cases
from pilot.simulations.exchange.contracts import Imported, Rejected, Surroundings
from pilot.simulations.nodes import Fields, Unreadable, nodes_read
from pilot.simulations.reading import script_of, scripts_read
from pilot.simulations.script import MAX_NAME, Script

NOTHING = "-"  # a person's answer: check nothing of this name
OURS, SPEC, CSV = "scenarios", "Agentforce test spec", "CSV of test cases"
LEAST_TITLE = 8  # letters; a shorter title stands in a sentence by chance
NOT = re.compile(r"\b(?:not|never|without|no|nobody|instead of|avoid\w*|refus\w*)\b|n['’]t\b", re.I)
DECISION_WORDS: tuple[tuple[re.Pattern[str], dict[str, Any]], ...] = (
    (
        re.compile(
            r"\bescalat\w+|\bhand(?:s|ed)?[ -]?(?:off|over)\b|\b(?:live|human) agent\b|"
            r"\b(?:transfer|route|connect)\w* (?:\w+ ){0,4}(?:person|human|agent|representative)\b",
            re.I,
        ),
        {"escalated": True},
    ),
    (
        re.compile(r"\bclarifying question\b|\basks? (?:\w+ ){0,3}(?:to clarify|for clarification)\b", re.I),
        {"decision": ["clarify"]},
    ),
    (re.compile(r"\bout[ -]of[ -]scope\b", re.I), {"out_of_scope": True}),
)


def file_import(text: str, name: str, known: Surroundings) -> Imported:
    """Return what a file holds; raises InvalidInput where it is none of the formats."""
    if name.lower().endswith((".csv", ".tsv")):
        return _cases_import(csv_cases(text), CSV, _stem(name), known)
    try:
        root = nodes_read(text)
    except Unreadable as error:
        raise InvalidInput(f"Line {error.line}: {error.message}", code="bad_file") from error
    if is_spec(root) and isinstance(root, Fields):
        suite, cases = spec_cases(root)
        return _cases_import(cases, SPEC, suite or _stem(name), known)
    read = scripts_read(text)
    return Imported(
        OURS,
        (read.suite or _stem(name))[:80],
        tuple(script for _, script in read.scripts),
        {script.name: line for line, script in read.scripts},
        tuple(Rejected(one.line, "", one.message) for one in read.problems),
    )


@dataclass(slots=True)
class _Taking:
    """The import while it goes on."""

    known: Surroundings
    topics: Mapping[str, str]
    actions: Mapping[str, str]
    scripts: dict[str, Script] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    unknown_topics: dict[str, None] = field(default_factory=dict)
    unknown_actions: dict[str, None] = field(default_factory=dict)
    unchecked: dict[str, None] = field(default_factory=dict)

    def take(self, case: Case) -> None:
        """Take one case, or note why not."""
        reasons = []
        topic = _meaning(case.topic, self.topics, self.known.chosen)
        if topic is None:
            self.unknown_topics[case.topic] = None
            reasons.append(f"no intent is known for the topic “{case.topic[:80]}”: choose one")
        meanings = {one: _meaning(one, self.actions, self.known.chosen) for one in case.actions}
        for one in [name for name, slug in meanings.items() if slug is None]:
            self.unknown_actions[one] = None
            reasons.append(f"no action is known for “{one[:80]}”: choose one")
        if not case.utterance:
            reasons.append("there is no utterance")
        if reasons:
            self.rejected.append(Rejected(case.line, case.utterance[:100], "; ".join(reasons)))
            return
        expect = _expected(case, topic or "", [slug for slug in meanings.values() if slug], self.known.titles)
        for name in case.unchecked:
            self.unchecked[name] = None
        try:
            script = script_of(self._definition(case, expect))
        except InvalidInput as wrong:
            self.rejected.append(Rejected(case.line, case.utterance[:100], wrong.message))
            return
        self.scripts[script.name], self.lines[script.name] = script, case.line

    def _definition(self, case: Case, expect: dict[str, Any]) -> dict[str, Any]:
        steps: list[dict[str, Any]] = [{"say": said} for said in case.history]
        return {
            "name": self._free_name(" ".join((case.name or case.utterance).split())),
            **({"note": case.outcome[:2_000]} if case.outcome else {}),
            "steps": [*steps, {"say": case.utterance, **({"expect": expect} if expect else {})}],
        }

    def _free_name(self, wanted: str) -> str:
        name, number = wanted[:MAX_NAME], 1
        while name in self.scripts:
            number += 1
            name = f"{wanted[: MAX_NAME - 8]} ({number})"
        return name


def _cases_import(cases: list[Case], shape: str, suite: str, known: Surroundings) -> Imported:
    taking = _Taking(known, _by_name(known.intents), _by_name(known.actions))
    for case in cases:
        taking.take(case)
    return Imported(
        shape,
        suite[:80],
        tuple(taking.scripts.values()),
        taking.lines,
        tuple(taking.rejected),
        tuple(taking.unknown_topics),
        tuple(taking.unknown_actions),
        tuple(taking.unchecked),
    )


def _expected(case: Case, topic: str, actions: list[str], titles: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if topic:
        found["intent"] = topic
    if actions:
        found["called"] = [{"action": slug} for slug in dict.fromkeys(actions)]
    return found | outcome_checks(case.outcome, titles)


def outcome_checks(outcome: str, titles: tuple[str, ...]) -> dict[str, Any]:
    """Return the few checks that an outcome in prose plainly states; none where it says what must not be."""
    found: dict[str, Any] = {}
    said = " ".join(outcome.casefold().split())
    named = [
        title for title in titles if len(title) >= LEAST_TITLE and " ".join(title.casefold().split()) in said
    ]
    if named:
        found["cites"] = [max(named, key=len)]
    if not NOT.search(outcome):
        for words, check in DECISION_WORDS:
            if words.search(outcome):
                return found | check
    return found


def _meaning(name: str, known: Mapping[str, str], chosen: Mapping[str, str]) -> str | None:
    """Return the slug that a name of the file stands for; "" to check nothing, None where nobody knows."""
    if not name:
        return ""
    if name in chosen:
        return "" if chosen[name] == NOTHING else chosen[name]
    return known.get(_plain(name))


def _by_name(labels: Mapping[str, str]) -> dict[str, str]:
    return {
        **{_plain(label): slug for slug, label in labels.items()},
        **{_plain(slug): slug for slug in labels},
    }


def _plain(name: str) -> str:
    """Return a name without case, signs and the endings that generated API names have."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    bare = re.sub(r"[^a-z0-9]+", "", spaced.casefold())
    return bare.removesuffix("topic") or bare


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0] or "Imported"
