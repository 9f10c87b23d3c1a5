"""All rules over one article, and the fixes that they offer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kb.lint import links, structure, wording
from kb.lint.contracts import Context, Finding, Severity
from kb.lint.document import Document

VERSION = 2  # raise it when the same text would be judged otherwise
ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
MAX_FINDINGS = 500
CLEAR_QUESTION = frozenset({"Q001", "Q002"})

Rule = Callable[[Document, Context], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a rule asks for, in the words of the documentation."""

    ids: tuple[str, ...]
    asks_for: str
    check: Rule


RULES: tuple[RuleText, ...] = (
    RuleText(("H001",), "exactly one H1, the topic", structure.one_topic),
    RuleText(("H002",), "heading levels without gaps", structure.heading_order),
    RuleText(("S001",), "steps as a numbered list, not in prose", structure.steps_in_prose),
    RuleText(("S002",), "steps numbered, not bulleted", structure.steps_as_bullets),
    RuleText(("Q001",), "a question as the title", structure.question_as_title),
    RuleText(("Q002",), "the answer as the first block", structure.answer_first),
    RuleText(("X001",), "a section on what this does NOT cover", structure.scope),
    RuleText(("N001", "N002"), "sections and sentences short enough to be quoted", structure.length),
    RuleText(("V001",), "no vague phrase without an escalation rule", wording.vague),
    RuleText(("V002",), "escalation rules that exist", wording.known_rules),
    RuleText(("D001",), "no words that age", wording.ageing),
    RuleText(("P001",), "no notes to oneself", wording.unfinished),
    RuleText(("W001",), "the brand's words", wording.voice),
    RuleText(("A001",), "an audience", links.audience),
    RuleText(("L001", "L002"), "links that lead somewhere and have words", links.targets),
    RuleText(("L003",), "pictures with words", links.pictures),
)


def lint(title: str, body: str, context: Context | None = None) -> list[Finding]:
    """Return what is to be mended, in the order of the text, at most MAX_FINDINGS."""
    document = Document(title, body)
    given = context or Context()
    found = [finding for rule in RULES for finding in rule.check(document, given)]
    found.sort(key=lambda finding: (finding.line, finding.column, ORDER[finding.severity], finding.rule))
    return found[:MAX_FINDINGS]


def apply_fix(body: str, finding: Finding) -> str:
    """Return the body with the finding's fix applied, if it has one."""
    if finding.fix is None:
        return body
    return body[: finding.fix.start] + finding.fix.text + body[finding.fix.end :]


def count_by_severity(findings: Sequence[Finding]) -> dict[Severity, int]:
    """Return how many findings there are of each severity."""
    counts: dict[Severity, int] = {"error": 0, "warning": 0, "info": 0}
    for finding in findings:
        counts[finding.severity] += 1
    return counts
